/** A bug as somebody might write it: in `file` of `src`, this text instead of that, which stands there once. */
export interface Plant {
  readonly bug: string
  readonly file: string
  readonly text: string
  readonly instead: string
  /** The promises of which one has to be seen broken. */
  readonly breaks: readonly string[]
  /** Worlds from this seed on show it soon. */
  readonly seed: number
}

/** What the world must notice: each a way in which daemons of this sort have gone wrong, or might. */
export const PLANTS: readonly Plant[] = [
  {
    bug: 'a page that failed is taken for an empty one',
    file: 'adapters/aws/pages.ts',
    text: 'const page = await readPage(token)',
    instead: 'const page = await readPage(token).catch(() => ({ rows: [], nextToken: undefined }))',
    breaks: ['a proof is a proof', 'never whom no policy condemns', 'no verdict is lost'],
    seed: 1,
  },
  {
    bug: 'a call by user name rests on a verdict about one connection',
    file: 'domain/username-calls.ts',
    text: "if (policy.kind.scope !== 'principal' || readsCommonName) return false",
    instead: 'if (readsCommonName) return false',
    breaks: ['never whom no policy condemns'],
    seed: 9,
  },
  {
    bug: 'a call by user name for as many as there are',
    file: 'domain/username-calls.ts',
    text: 'const MOST = 5',
    instead: 'const MOST = Number.POSITIVE_INFINITY',
    breaks: ['never more than five by name'],
    seed: 1,
  },
  {
    bug: 'hours on the wall clock of the wrong zone',
    file: 'domain/policies/off-hours.ts',
    text: 'createTimeWindows(rule.zone, rule.windows',
    instead: "createTimeWindows('UTC', rule.windows",
    breaks: ['never whom no policy condemns', 'no verdict is lost'],
    seed: 2,
  },
  {
    bug: 'a window that ends a minute late',
    file: 'domain/time-window.ts',
    text: 'toMinute: toMinute === 0 ? MINUTES_A_DAY : toMinute }',
    instead: 'toMinute: (toMinute === 0 ? MINUTES_A_DAY : toMinute) + 1 }',
    breaks: ['never whom no policy condemns'],
    seed: 1,
  },
  {
    bug: 'an intent that is not synced',
    file: 'adapters/audit/chain-file.ts',
    text: 'await handle.datasync()',
    instead: '',
    breaks: ['every call has its durable intent'],
    seed: 1,
  },
  {
    bug: 'a call that does not wait for its intent',
    file: 'app/termination-queue.ts',
    text: 'if (!(await record(call, requester))) return',
    instead: 'void record(call, requester)',
    breaks: ['every call has its durable intent'],
    seed: 1,
  },
  {
    bug: 'an exemption that is not asked',
    file: 'domain/verdict.ts',
    text: "if (now < exemptUntil) return verdictOf(standing, 'exempt', exemptUntil)",
    instead: '',
    breaks: ['never whom no policy condemns'],
    seed: 1,
  },
  {
    bug: 'a policy in audit that ends',
    file: 'domain/policy.ts',
    text: "mode === 'enforce' && policy.mode === 'enforce'",
    instead: "mode === 'enforce'",
    breaks: ['never whom no policy condemns'],
    seed: 1,
  },
  {
    bug: 'a guard that holds nothing',
    file: 'domain/guard.ts',
    text: 'return connections > limits.minConnections && connections > (limits.maxPercent / 100) * active',
    instead: 'return connections > Number.POSITIVE_INFINITY',
    breaks: ['never beyond the guard'],
    seed: 2,
  },
  {
    bug: 'a bucket that never empties',
    file: 'domain/token-bucket.ts',
    text: 'tokens = Math.max(0, tokens - 1)',
    instead: '',
    breaks: ['never faster than the rate'],
    seed: 1,
  },
  {
    bug: 'an acknowledgement that is taken for a proof',
    file: 'app/verification.ts',
    text: "if (status === 'terminated' || pursuit.absences >= 2) {",
    instead: "if (pursuit.state === 'sent' || pursuit.absences >= 2) {",
    breaks: ['a proof is a proof'],
    seed: 1,
  },
  {
    bug: 'a row that was missed once is taken for gone',
    file: 'app/verification.ts',
    text: 'pursuit.absences >= 2',
    instead: 'pursuit.absences >= 1',
    breaks: ['a proof is a proof'],
    seed: 3,
  },
  {
    bug: 'whoever comes back is left alone',
    file: 'domain/policies/banned-users.ts',
    text: 'if (establishedAt !== undefined && establishedAt <= now) return Math.max(establishedAt, banFrom)',
    instead:
      'if (establishedAt !== undefined && establishedAt <= now) return Math.max(establishedAt, banFrom) + 60_000',
    breaks: ['the banned stay out', 'no verdict is lost'],
    seed: 6,
  },
]
