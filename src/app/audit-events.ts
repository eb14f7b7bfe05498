import type { Instant } from '../domain/time/instant.ts'
import type { AuditRecord, AuditTrail } from './audit.ts'
import type { CurfewEvent, Emit, Endpoint } from './events.ts'
import type { Violation } from './violation.ts'

/** As many as a day of a full disk brings on a large endpoint; the oldest go first. */
const KEPT_RECORDS = 50_000

/** Writes what happens into the audit trail, once per change. Intents are not written here: a call waits for its own. */
export const createAuditEvents = (audit: AuditTrail, policySetHash: () => string) => {
  // What could not be written is not lost: it goes with what can be next.
  let backlog: readonly AuditRecord[] = []
  const write = (records: readonly AuditRecord[]) => {
    const all = [...backlog, ...records]
    backlog = []
    if (all.length === 0) return
    audit.write(all).catch(() => {
      backlog = [...all, ...backlog].slice(-KEPT_RECORDS)
    })
  }
  const on = ({ id: endpointId, account, region }: Endpoint, time: Instant) => ({
    time,
    endpointId,
    account,
    region,
    policySetHash: policySetHash(),
  })
  const of = (event: AuditRecord['event'], endpoint: Endpoint, at: Instant, violation: Violation): AuditRecord => ({
    ...on(endpoint, at),
    event,
    ...violation,
  })

  const emit: Emit = (event: CurfewEvent) => {
    switch (event.event) {
      case 'started':
      case 'reloaded':
        write([
          {
            time: event.at,
            event: event.event === 'started' ? 'start' : 'reload',
            because: `mode ${event.mode}, ${event.policies} policies, ${event.endpoints.length} endpoints`,
            policySetHash: event.policySetHash,
          },
        ])
        break
      case 'stopped':
        write([{ time: event.at, event: 'stop', policySetHash: policySetHash() }])
        break
      case 'violation':
        if (event.mode === 'audit') write([of('would-end', event.endpoint, event.at, event.violation)])
        break
      case 'held':
        write(event.violations.map((violation) => of('held', event.endpoint, event.at, violation)))
        break
      case 'released':
        write(
          event.verdicts.map(({ policy, connectionId }) => ({
            ...on(event.endpoint, event.at),
            event: 'released' as const,
            policy,
            connectionId,
          })),
        )
        break
      case 'termination':
        write([
          {
            ...of(event.outcome === 'gave-up' ? 'gave-up' : 'outcome', event.endpoint, event.at, event.violation),
            call: event.callId === '' ? undefined : { id: event.callId, selector: event.selector },
            requestId: event.requestId,
            outcome: event.outcome,
          },
        ])
        break
      case 'also-ended':
        write([
          {
            ...of('outcome', event.endpoint, event.at, event.violation),
            because:
              'ended by the same call: it came after the snapshot, and the policy condemns every connection of this user',
            since: undefined,
            deadline: undefined,
            call: { id: event.callId, selector: 'username' },
            requestId: event.requestId,
            outcome: 'accepted',
          },
        ])
        break
      case 'blind':
        write([{ ...on(event.endpoint, event.at), event: 'blind', because: event.because }])
        break
      case 'reconnected': {
        const { id: connectionId, username, commonName } = event.connection
        const because = `back ${event.count === 1 ? 'once' : `${event.count} times`} after a cut`
        const { policy } = event
        write([
          {
            ...on(event.endpoint, event.at),
            event: 'reconnected',
            connectionId,
            username,
            commonName,
            policy,
            because,
          },
        ])
        break
      }
      case 'writable':
        if (event.what === 'audit') write([])
        break
      default:
        break
    }
  }
  return emit
}
