import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { decisionOf } from '../../src/domain/judge/decide.ts'
import { explain } from '../../src/domain/judge/explain.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { isDue } from '../../src/domain/judge/verdict.ts'
import type { History, Mode, Policy, Selector } from '../../src/domain/policies/policy.ts'
import { DAY, HOUR, type Instant, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { slowRuns } from '../fuzz-runs.ts'
import { connection, ENFORCE, entry, NOON, policy } from './build.ts'
import { imagine } from './imagine.ts'

const step = 30 * MINUTE
const iso = (at: number) => new Date(at).toISOString()

/** The next changes for the first of the connections: of each verdict, and of the decision. */
const nextChanges = (
  policies: readonly Policy[],
  connections: readonly [Connection, ...Connection[]],
  options: { readonly now?: Instant; readonly mode?: Mode; readonly history?: History } = {},
) => {
  const { verdicts, nextAt } = explain(imagine(policies, connections, options), connections[0], connections)
  return { verdicts: verdicts.map((one) => one.nextAt), decision: nextAt }
}

const offset = fc.integer({ min: -48, max: 48 })
const anyPolicy: fc.Arbitrary<Policy> = fc.oneof(
  fc.integer({ min: 1, max: 96 }).map((halves) => policy('max-session-age', { maxAge: `${halves * 30}m` })),
  fc.tuple(offset, fc.integer({ min: 1, max: 48 })).map(([from, length]) =>
    policy('banned-users', {
      users: [{ pattern: 'alice', from: iso(NOON + from * step), until: iso(NOON + (from + length) * step) }],
    }),
  ),
  // Two days a week: a state that never changes is searched for ten years, from one window to the next.
  fc
    .constantFrom('allowed', 'denied')
    .map((list) => policy('off-hours', { timeZone: 'UTC', [list]: [{ days: 'mon-tue', hours: '08:00-18:00' }] })),
  fc.constantFrom('oldest', 'newest').map((evict) => policy('max-sessions', { limit: 1, evict })),
  fc.integer({ min: 1, max: 96 }).map((halves) => policy('idle-timeout', { after: `${halves * 30}m` })),
  fc.constant(policy('max-transfer', { total: '1KiB' })),
  fc.constant(policy('posture', { deny: ['lost'] })),
)
const instant = offset.map((halves) => NOON + halves * step)
/** Entries that name alice or somebody else, each with a beginning, an end, both or neither; some at no time. */
const entries = fc.array(
  fc
    .record({
      name: fc.constantFrom('alice', 'al*', 'bob'),
      from: fc.option(offset, { nil: undefined }),
      until: fc.option(offset, { nil: undefined }),
    })
    .map(({ name, from, until }) =>
      entry(name, { from: from && NOON + from * step, until: until && NOON + until * step }),
    ),
  { minLength: 1, maxLength: 3 },
)
const selector = fc
  .option(entries, { nil: undefined })
  .map((users): Selector | undefined => users && { users, endpoints: undefined, regions: undefined })
const policies = fc
  .array(
    fc.record({
      base: anyPolicy,
      grace: fc.integer({ min: 0, max: 3 }),
      mode: fc.constantFrom('audit' as const, 'enforce' as const, 'enforce' as const),
      match: selector,
      exempt: selector,
      from: fc.option(instant, { nil: undefined, freq: 2 }),
      until: fc.option(instant, { nil: undefined, freq: 2 }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((list) =>
    list.map(
      ({ base, grace, ...rest }, index): Policy => ({
        ...base,
        ...rest,
        name: `policy-${index}`,
        // Posture dates the violation of a connection with a future established time by the clock, and grace with it.
        graceMs: base.kind.noGrace || base.kind.kind === 'posture' ? 0 : grace * step,
      }),
    ),
  )
/** Every connection is idle, and above its limit of transfer, since its mark. */
const marked = (halves: number): History => ({
  ...NO_HISTORY,
  note: () => ({ at: NOON + halves * step, bytes: 2048 }),
  countersMovedAt: () => NEVER,
})

describe('the next change', () => {
  it('is the first instant at which a verdict, or the decision, differs', () => {
    const ages = fc.tuple(offset, fc.array(offset, { maxLength: 2 }))
    fc.assert(
      fc.property(policies, ages, offset, offset, (set, [age, otherAges], start, mark) => {
        const facts = { egressBytes: 2048, posture: ['lost'] }
        const established = (halves: number) => connection({ establishedAt: NOON + halves * step, ...facts })
        const history = marked(mark)
        const row = established(age)
        const rows = [row, ...otherAges.map(established)] as const
        const now = NOON + start * step
        const { decider } = imagine(set, rows, { now, history }).rules
        const states = (at: number) => {
          const verdicts = decider.verdictsOf(row.id, rows, history, at, ENFORCE)
          return [
            ...verdicts.map((verdict) => `${verdict.word} ${isDue(verdict, at)}`),
            String(decisionOf(row, verdicts, at, ENFORCE).act === 'terminate'),
          ]
        }
        const { verdicts, decision } = nextChanges(set, rows, { now, history })
        const found = [...verdicts, decision]
        // Every state here changes on half hours only: a search through all of them finds the first change.
        const first = states(now)
        const naive = first.map((): number => NEVER)
        const until = now + 3 * DAY
        for (let at = now + step; at <= until; at += step) {
          states(at).forEach((state, index) => {
            if (state !== first[index] && naive[index] === NEVER) naive[index] = at
          })
        }
        found.forEach((at, index) => {
          if (at <= until || naive[index] !== NEVER) expect(at).toBe(naive[index])
        })
      }),
      { numRuns: slowRuns(30) },
    )
  })

  it('is never if the connection is due for good under one policy while the windows of another open and close', () => {
    const row = connection({ establishedAt: NOON - 20 * HOUR })
    const set = [
      policy('max-session-age', { maxAge: '8h' }),
      policy('off-hours', { timeZone: 'UTC', allowed: [{ hours: '08:00-18:00' }] }),
    ]
    expect(nextChanges(set, [row]).decision).toBe(NEVER)
  })

  it('of a count comes when another policy ends a counted connection', () => {
    const [older, newer] = [connection({ establishedAt: NOON - 7 * HOUR }), connection()]
    const set = [policy('max-sessions', { limit: 1, evict: 'newest' }), policy('max-session-age', { maxAge: '8h' })]
    expect(nextChanges(set, [newer, older]).verdicts[0]).toBe(NOON + HOUR)
  })

  it('is searched for ten years ahead, to the millisecond', () => {
    const horizon = 3653 * DAY
    const bannedFrom = (from: Instant) =>
      nextChanges([policy('banned-users', { users: [{ pattern: 'alice', from: iso(from) }] })], [connection()])
    expect(bannedFrom(NOON + horizon)).toEqual({ verdicts: [NOON + horizon], decision: NOON + horizon })
    expect(bannedFrom(NOON + horizon + 1)).toEqual({ verdicts: [NEVER], decision: NEVER })
  })

  it('of a decision is never where no policy acts', () => {
    const aged = policy('max-session-age', { maxAge: '8h' })
    expect(nextChanges([aged], [connection()]).decision).toBe(NOON + 7 * HOUR)
    expect(nextChanges([{ ...aged, mode: 'audit' }], [connection()]).decision).toBe(NEVER)
    expect(nextChanges([aged], [connection()], { mode: 'audit' }).decision).toBe(NEVER)
  })
})
