import type { Violation } from '../domain/judge/violation.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { AuditRecord, AuditTrail } from './audit.ts'
import type { CurfewEvent, Emit, Endpoint } from './events.ts'

/** How many records wait for a disk that is full: those of a day on a large endpoint. The oldest are dropped first. */
const KEPT_RECORDS = 50_000

/**
 * Writes events into the audit trail, once per change. Intents are not written here, because each call waits for its
 * own.
 */
export const createAuditEvents = (audit: AuditTrail, policySetHash: () => string): Emit => {
  // Records that could not be written. They are written with the next records.
  let backlog: readonly AuditRecord[] = []
  const write = (records: readonly AuditRecord[]) => {
    const all = [...backlog, ...records]
    backlog = []
    if (all.length === 0) return
    audit.write(all).catch(() => {
      backlog = [...all, ...backlog].slice(-KEPT_RECORDS)
    })
  }
  return (event) => {
    if (event.event === 'writable' && event.what === 'audit') write([])
    else write(recordsOf(event, policySetHash()))
  }
}

const recordsOf = (event: CurfewEvent, policySetHash: string): readonly AuditRecord[] => {
  const on = ({ id: endpointId, account, region }: Endpoint, time: Instant) => ({
    time,
    endpointId,
    account,
    region,
    policySetHash,
  })
  const about = (endpoint: Endpoint, at: Instant, violation: Violation) => ({ ...on(endpoint, at), ...violation })

  switch (event.event) {
    case 'started':
    case 'reloaded':
    case 'mode-obeyed':
      return [
        {
          time: event.at,
          event: event.event === 'started' ? 'start' : 'reload',
          because: `mode ${event.mode}, ${event.policies} policies, ${event.endpoints.length} endpoints`,
          policySetHash: event.policySetHash,
        },
      ]
    case 'stopped':
      return [{ time: event.at, event: 'stop', policySetHash }]
    case 'violation':
      if (event.mode !== 'audit') return []
      return [{ ...about(event.endpoint, event.at, event.violation), event: 'would-end' }]
    case 'held':
      return event.violations.map(
        (violation): AuditRecord => ({
          ...about(event.endpoint, event.at, violation),
          event: 'held',
        }),
      )
    case 'released':
      return event.verdicts.map(
        ({ policy, connectionId }): AuditRecord => ({
          ...on(event.endpoint, event.at),
          event: 'released',
          policy,
          connectionId,
        }),
      )
    case 'termination': {
      const { endpoint, at, violation, outcome, callId, selector, requestId } = event
      const call = { id: callId, selector }
      const name = outcome === 'gave-up' ? 'gave-up' : 'outcome'
      return [{ ...about(endpoint, at, violation), event: name, call, requestId, outcome }]
    }
    case 'also-ended': {
      const { endpoint, at, violation, callId, requestId } = event
      return [
        {
          ...about(endpoint, at, violation),
          event: 'outcome',
          because:
            'ended by the same call: it was established after the snapshot, and every connection of this user violates the policy',
          since: undefined,
          deadline: undefined,
          call: { id: callId, selector: 'username' },
          requestId,
          outcome: 'accepted',
        },
      ]
    }
    case 'blind':
      return [{ ...on(event.endpoint, event.at), event: 'blind', because: event.because }]
    case 'reconnected': {
      const { endpoint, at, connection, policy, count } = event
      const { id: connectionId, username, commonName } = connection
      const because = `reconnected ${count === 1 ? 'once' : `${count} times in a row`} after a termination`
      return [{ ...on(endpoint, at), event: 'reconnected', connectionId, username, commonName, policy, because }]
    }
    default:
      return []
  }
}
