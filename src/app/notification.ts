import type { NotificationEvent } from '../config/configuration.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { type Instant, toIso } from '../domain/time/instant.ts'
import type { CurfewEvent, Endpoint } from './events.ts'
import type { Violation } from './violation.ts'

/** Something that people may want to be told of. Small, however much happened: thousands may wait for their turn. */
export interface Notification {
  readonly event: NotificationEvent
  readonly at: Instant
  readonly endpoint: Endpoint | undefined
  readonly policy: string | undefined
  /** What it is about: a connection, a policy, an endpoint. */
  readonly subject: string | undefined
  /** How many connections it speaks of. */
  readonly connections: number
  /** Whose they are; of many, the first ten. */
  readonly names: readonly string[]
  /** Its facts, in the words of the audit trail. What is absent is undefined. */
  readonly data: Readonly<Record<string, unknown>>
}

/** How many names, or problems, one notification holds. */
export const MOST_NAMES = 10

/** What an event has to tell people, if anything. `now` is for those events that carry no instant. */
export const notificationOf = (event: CurfewEvent, now: Instant): Notification | undefined => {
  switch (event.event) {
    case 'warning': {
      const { leadMs, endsAt, ...rest } = event
      return aboutOne('warning', rest, { lead: formatDuration(leadMs), endsAt: iso(endsAt) })
    }
    case 'termination': {
      const { outcome, attempts, callId, selector, requestId } = event
      if (outcome !== 'confirmed' && outcome !== 'gave-up') return undefined
      const call = callId === '' ? undefined : { id: callId, selector }
      return aboutOne(outcome === 'confirmed' ? 'terminated' : 'gave-up', event, { call, requestId, outcome, attempts })
    }
    case 'held': {
      const { endpoint, policy, violations, active, at } = event
      const connections = violations.length
      const names = violations.slice(0, MOST_NAMES).map(nameOf)
      const data = { ...on(endpoint), policy, active, connections, names }
      return { event: 'held', at, endpoint, policy, subject: policy, connections, names, data }
    }
    case 'blind': {
      const { endpoint, because, at } = event
      const data = { ...on(endpoint), because }
      return { ...NOBODY, event: 'blind', at, endpoint, subject: endpoint.id, data }
    }
    case 'reload-refused': {
      const { problems } = event
      const data = { problems: problems.slice(0, MOST_NAMES), count: problems.length }
      return { ...NOBODY, event: 'reload-refused', at: now, endpoint: undefined, subject: undefined, data }
    }
    default:
      return undefined
  }
}

const NOBODY = { policy: undefined, connections: 0, names: [] }

const iso = (at: Instant | undefined) => (at === undefined ? undefined : (toIso(at) ?? undefined))

const on = ({ id: endpointId, name, account, region }: Endpoint) => ({ endpointId, name, account, region })

const nameOf = ({ username, commonName, connectionId }: Violation) => username ?? commonName ?? connectionId

const aboutOne = (
  event: NotificationEvent,
  { endpoint, violation, at }: { readonly endpoint: Endpoint; readonly violation: Violation; readonly at: Instant },
  more: Readonly<Record<string, unknown>>,
): Notification => {
  const { connectionId, username, commonName, policy, alsoBy, reason, because, since, deadline } = violation
  return {
    event,
    at,
    endpoint,
    policy,
    subject: connectionId,
    connections: 1,
    names: [nameOf(violation)],
    data: {
      ...on(endpoint),
      connectionId,
      username,
      commonName,
      policy,
      alsoBy,
      reason,
      because,
      since: iso(since),
      deadline: iso(deadline),
      ...more,
    },
  }
}
