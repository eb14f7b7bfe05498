import type { AuditRecord, ExtendedRecord, IntentRecord, OutcomeRecord } from '../../../src/app/audit.ts'
import { HOUR } from '../../../src/domain/time/instant.ts'

const about = (connectionId: string, time: number) => ({
  time,
  policySetHash: 'hash',
  endpointId: 'endpoint',
  account: '111122223333',
  region: 'eu-central-1',
  connectionId,
  username: 'alice',
  commonName: undefined,
  policy: 'daily',
  reason: 'session-age',
  since: time - 1,
  deadline: undefined,
  because: 'says "event":"outcome" in its text',
  alsoBy: ['nights'],
  call: { id: `call-${connectionId}`, selector: 'connection-id' as const },
})
export const intent = (connectionId: string, time: number): IntentRecord => ({
  ...about(connectionId, time),
  event: 'intent',
})
export const outcome = (connectionId: string, time: number): OutcomeRecord => ({
  ...about(connectionId, time),
  event: 'outcome',
  requestId: 'request-1',
  outcome: 'confirmed',
})
export const extended = (connectionId: string, time: number): ExtendedRecord => {
  const { call: _call, ...rest } = about(connectionId, time)
  return { ...rest, event: 'extended', extension: 2, by: '1h', via: 'link', endsAt: time + HOUR }
}
export const audited = (connectionId: string, time: number): AuditRecord => ({
  ...about(connectionId, time),
  event: 'would-end',
  heldBy: undefined,
})
