import type { Cut, Outcome } from '../../../src/domain/backtest/outcome.ts'
import type { Lines } from '../../../src/domain/backtest/summary.ts'
import type { Policy } from '../../../src/domain/policies/policy.ts'
import type { RecordedSession, Recording } from '../../../src/domain/recording/recorded-session.ts'
import { HOUR, type Instant } from '../../../src/domain/time/instant.ts'
import { ENDPOINT, NOON } from '../build.ts'

let made = 0

/** A session of alice from noon on, of two hours; the hook says what is different. */
export const session = (different: Partial<RecordedSession> = {}): RecordedSession => {
  const establishedAt = different.establishedAt ?? NOON
  return {
    connectionId: `cvpn-connection-${(++made).toString(16).padStart(17, '0')}`,
    endpointId: ENDPOINT,
    username: 'alice',
    commonName: 'alice.corp.example',
    establishedAt,
    endedAt: establishedAt + 2 * HOUR,
    begin: 'recorded',
    end: 'recorded',
    ingressBytes: undefined,
    egressBytes: undefined,
    posture: undefined,
    ...different,
  }
}

export const recording = (sessions: readonly RecordedSession[]): Recording => ({
  from: NOON,
  to: NOON + 24 * HOUR,
  sessions: sessions.toSorted((a, b) => a.establishedAt - b.establishedAt),
})

export const cut = (of: RecordedSession, at: Instant, policy: Policy, different: Partial<Cut> = {}): Cut => ({
  session: of,
  at,
  policy,
  reason: policy.kind.reason,
  alsoBy: [],
  ...different,
})

export const outcome = (policies: readonly Policy[], cuts: readonly Cut[] = []): Outcome => ({
  cuts: cuts.toSorted((a, b) => a.at - b.at || (a.session.connectionId < b.session.connectionId ? -1 : 1)),
  policies: policies.map((policy) => ({ policy, exempted: 0, notJudged: new Map() })),
})

export const NO_LINES: Lines = { read: 0, understood: 0, failed: 0, firstFailed: [] }
