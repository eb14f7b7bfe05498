import type { Outcome } from '../../../src/domain/backtest/outcome.ts'
import { createReplay } from '../../../src/domain/backtest/replay.ts'
import type { Location } from '../../../src/domain/names/location.ts'
import type { Policy } from '../../../src/domain/policies/policy.ts'
import { createPolicySet, type PolicySet } from '../../../src/domain/policies/policy-set.ts'
import type { RecordedSession, Recording } from '../../../src/domain/recording/recorded-session.ts'
import { HOUR, type Instant } from '../../../src/domain/time/instant.ts'
import { ENDPOINT, NOON } from '../build.ts'

let made = 0

/** A session of alice, from noon for an hour; the hook says what is different. */
export const session = (different: Partial<RecordedSession> = {}): RecordedSession => {
  const { establishedAt = NOON } = different
  return {
    connectionId: `cvpn-connection-${(++made).toString(16).padStart(17, '0')}`,
    endpointId: ENDPOINT,
    username: 'alice',
    commonName: 'alice',
    establishedAt,
    endedAt: establishedAt + HOUR,
    begin: 'recorded',
    end: 'recorded',
    ingressBytes: undefined,
    egressBytes: undefined,
    posture: undefined,
    ...different,
  }
}

export const recordingOf = (sessions: readonly RecordedSession[], period: Partial<Recording> = {}): Recording => ({
  from: Math.min(...sessions.map(({ establishedAt }) => establishedAt)),
  to: Math.max(...sessions.map(({ endedAt }) => endedAt)),
  sessions: [...sessions].sort(
    (a, b) => a.establishedAt - b.establishedAt || (a.connectionId < b.connectionId ? -1 : 1),
  ),
  ...period,
})

/** What a connection log tells of an endpoint. */
export const logged = (endpointId: string): Location => ({ endpointId, region: undefined })

export const replay = (
  policies: readonly Policy[] | PolicySet,
  recording: Recording,
  different: Partial<Parameters<typeof createReplay>[2]> = {},
): Outcome => {
  const set = 'policies' in policies ? policies : createPolicySet(policies, [])
  const replayed = createReplay(set, recording, { modes: 'all', mode: 'enforce', locationOf: logged, ...different })
  while (replayed.advance(7) < replayed.length);
  return replayed.outcome()
}

/** Each cut as `connectionId policy reason` and the instant. */
export const cutsOf = ({ cuts }: Outcome): ReadonlyArray<readonly [string, Instant]> =>
  cuts.map(({ session: { connectionId }, policy, reason, at }) => [`${connectionId} ${policy.name} ${reason}`, at])
