import type { Cut, Outcome } from '../../../src/domain/backtest/outcome.ts'
import type { Lines, Scope } from '../../../src/domain/backtest/summary.ts'
import type { Policy } from '../../../src/domain/policies/policy.ts'
import { CONTRADICTIONS, type Contradiction, type JoinedRecording } from '../../../src/domain/recording/join.ts'
import type { RecordedSession } from '../../../src/domain/recording/recorded-session.ts'
import { HOUR, type Instant } from '../../../src/domain/time/instant.ts'
import { NOON } from '../build.ts'
import { session as recordedSession } from './build.ts'

/** A session of alice from noon on, of two hours; the hook says what is different. */
export const session = (different: Partial<RecordedSession> = {}): RecordedSession =>
  recordedSession({ endedAt: (different.establishedAt ?? NOON) + 2 * HOUR, ...different })

export const recording = (sessions: readonly RecordedSession[]): JoinedRecording => ({
  from: NOON,
  to: NOON + 24 * HOUR,
  sessions: sessions.toSorted((a, b) => a.establishedAt - b.establishedAt),
  contradictions: Object.fromEntries(CONTRADICTIONS.map((how) => [how, 0])) as Record<Contradiction, number>,
})

export const cut = (of: RecordedSession, at: Instant, policy: Policy, different: Partial<Cut> = {}): Cut => ({
  session: of,
  at,
  policy,
  reason: policy.kind.reason,
  alsoBy: [],
  ...different,
})

export const outcome = (
  policies: readonly Policy[],
  cuts: readonly Cut[] = [],
  outside: readonly Cut[] = [],
): Outcome => ({
  cuts: cuts.toSorted((a, b) => a.at - b.at || (a.session.connectionId < b.session.connectionId ? -1 : 1)),
  outside,
  policies: policies.map((policy) => ({ policy, exempted: 0, notJudged: new Map() })),
})

export const WHOLE: Scope = { modes: 'all', endpoints: null, notWatched: 0 }

export const NO_LINES: Lines = { read: 0, understood: 0, failed: 0, firstFailed: [] }
