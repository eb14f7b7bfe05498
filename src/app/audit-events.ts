import { setMaxListeners } from 'node:events'
import type { Violation } from '../domain/judge/violation.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { type Instant, SECOND } from '../domain/time/instant.ts'
import type { AuditRecord, AuditTrail } from './audit.ts'
import type { Clock } from './clock.ts'
import type { Endpoint } from './endpoint.ts'
import type { CurfewEvent, Emit } from './events.ts'
import { namesInParts } from './list-changes.ts'
import type { InTurn } from './one-at-a-time.ts'
import type { PolicySetPart } from './policy-set-text.ts'

/** How many records wait for a disk that is full: those of a day on a large endpoint. The oldest are dropped first. */
const KEPT_RECORDS = 50_000

/** How often waiting records are tried again. */
const RETRY_EVERY_MS = 10 * SECOND

/**
 * Writes events into the audit trail, once per change. Intents are not written here, because each call waits for its
 * own. After a failed write records wait, until another write succeeds or ten seconds have passed.
 *
 * The first record of a policy set in a file is followed by the text of the set. A text does not wait for a full disk,
 * because it may be long: it is written once no record waits. Nor is it written in one turn of the event loop, in which
 * hundreds of units would each make lines of megabytes: each part waits for the one before, whose unit that was.
 */
export const createAuditEvents = (options: {
  readonly audit: Pick<AuditTrail, 'write' | 'hasPolicySet'>
  readonly policySetHash: () => string
  /** The text of the policy set in force. */
  readonly policySetParts: () => readonly PolicySetPart[]
  /** Lets the daemons of all units write their texts one after another. */
  readonly inTurn: InTurn
  readonly clock: Pick<Clock, 'sleep'>
  readonly emit: Emit
}) => {
  const { audit, policySetHash, policySetParts, inTurn, clock, emit } = options
  let waiting: AuditRecord[] = []
  let lost = 0
  let retrying: Promise<void> | undefined
  const writing = new Set<Promise<unknown>>()
  /** The policy sets whose texts are being written. */
  const textsUnderWay = new Set<string>()
  const closed = new AbortController()
  setMaxListeners(0, closed.signal)
  let isAbandoned = false

  const drop = (count: number) => {
    lost += waiting.splice(0, count).length
  }

  const wait = (records: readonly AuditRecord[]) => {
    for (const record of records) waiting.push(record)
    // Half of them at a time: to remove the first record of a long list each time would take too long.
    if (waiting.length >= 2 * KEPT_RECORDS) drop(waiting.length - KEPT_RECORDS)
  }

  const tellLost = () => {
    if (lost > 0) emit({ event: 'audit-records-lost', records: lost })
    lost = 0
  }

  const dropAll = () => {
    drop(waiting.length)
    tellLost()
  }

  const writeAll = async (records: readonly AuditRecord[]) => {
    try {
      await audit.write(records)
      tellLost()
    } catch {
      wait(records)
      if (isAbandoned) return dropAll()
      retrying ??= retry().finally(() => {
        retrying = undefined
      })
    }
  }

  const track = async (work: Promise<unknown>) => {
    writing.add(work)
    await work.finally(() => writing.delete(work))
  }

  const write = async (records: readonly AuditRecord[]) => {
    if (records.length > 0) await track(writeAll(records))
  }

  const writeText = async (time: Instant) => {
    const hash = policySetHash()
    if (textsUnderWay.has(hash) || audit.hasPolicySet(hash)) return
    textsUnderWay.add(hash)
    const parts = policySetParts()
    const writeParts = async () => {
      for (const part of parts) {
        if (isAbandoned) return
        await audit.write([{ time, event: 'policy-set', ...part, policySetHash: hash }])
      }
    }
    // A text that could not be written follows a later record.
    await track(inTurn(writeParts, closed.signal).catch(() => {}))
    textsUnderWay.delete(hash)
  }

  const writeWaiting = async () => {
    drop(waiting.length - KEPT_RECORDS)
    const records = waiting
    waiting = []
    await write(records)
    const last = records.at(-1)
    if (last !== undefined && waiting.length === 0) await writeText(last.time)
  }

  const retry = async () => {
    while (waiting.length > 0 && !closed.signal.aborted) {
      await clock.sleep(RETRY_EVERY_MS, closed.signal)
      await writeWaiting()
    }
  }

  return {
    observe: ((event) => {
      if (event.event === 'writable' && event.what === 'audit') void writeWaiting()
      const records = recordsOf(event, policySetHash())
      const [first] = records
      if (first === undefined) return
      if (waiting.length > 0) return wait(records)
      // One write for each: what is written at once must be small, see `GROUP_BYTES` of the trail.
      for (const record of records) void write([record])
      void writeText(first.time)
    }) satisfies Emit,

    /** Tries the waiting records a last time, and says how many are lost. Call it before the trail is closed. */
    async close(): Promise<void> {
      closed.abort()
      await Promise.all([...writing, retrying])
      await writeWaiting()
      dropAll()
    },

    /** Writes nothing more: the trail is another process's now. Says how many records are lost. */
    abandon(): void {
      isAbandoned = true
      closed.abort()
      dropAll()
    },
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
    case 'list-changed': {
      const { at: time, policy, list } = event
      return namesInParts(event).map((names) => ({
        time,
        event: 'list-changed',
        policy,
        list,
        ...names,
        policySetHash,
      }))
    }
    case 'stopped':
      return [{ time: event.at, event: 'stop', policySetHash }]
    case 'violation':
      if (event.mode === 'enforce') return []
      return [
        {
          ...about(event.endpoint, event.at, event.violation),
          event: 'would-end',
          heldBy: event.mode === 'held' ? 'guard' : undefined,
        },
      ]
    case 'warned': {
      const { endpoint, at, violation, target, endsAt } = event
      const lead = formatDuration(event.leadMs)
      return [{ ...about(endpoint, at, violation), event: 'warned', target, lead, endsAt }]
    }
    case 'not-warned': {
      const { endpoint, at, violation, target, endsAt, why } = event
      const lead = formatDuration(event.leadMs)
      return [{ ...about(endpoint, at, violation), event: 'not-warned', target, lead, endsAt, why }]
    }
    case 'held': {
      const { endpoint, at, policy, endsNow, endsLater, active } = event
      const because = `would end ${endsNow} of ${active} connections now, and ${endsLater} more within 24h`
      return [{ ...on(endpoint, at), event: 'held', policy, because }]
    }
    case 'released':
      return [{ ...on(event.endpoint, event.at), event: 'released', policy: event.policy }]
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
