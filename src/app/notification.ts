import type { NotificationEvent } from '../config/configuration.ts'
import type { Violation } from '../domain/judge/violation.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { type Instant, toIso } from '../domain/time/instant.ts'
import { localText } from '../domain/time/local-text.ts'
import type { Endpoint } from './endpoint.ts'
import type { CurfewEvent } from './events.ts'
import type { PersonNews } from './person-message.ts'
import type { PolicyFactsOf } from './policy-facts.ts'
import { releaseOf } from './release.ts'

export type Warning = Extract<CurfewEvent, { event: 'warning' }>

/**
 * The link by which the person that a warning is for may extend the session; undefined if there is none. It is for that
 * person alone.
 */
export type ExtendUrlOf = (warning: Warning) => string | undefined

/** A notification. Its size is bounded, because thousands of them may wait to be sent. */
export interface Notification {
  readonly event: NotificationEvent
  readonly at: Instant
  readonly endpoint: Endpoint | undefined
  readonly policy: string | undefined
  /** The id or name of its subject: a connection, a policy or an endpoint. */
  readonly subject: string | undefined
  /** The number of connections that it is about. */
  readonly connections: number
  /** The principals of these connections, at most ten. */
  readonly names: readonly string[]
  /** The warning that it is; undefined for any other notification. */
  readonly warning?: Warning
  /** For the person whose session it is about. */
  readonly person?: PersonNews
  /** The names of that session. */
  readonly principal?: Pick<Violation, 'username' | 'commonName'>
  /** Its facts, under the keys of the audit trail. Missing facts are undefined. */
  readonly data: Readonly<Record<string, unknown>>
}

/** The most names, or problems, in one notification. */
export const MOST_NAMES = 10

/** The notification for an event; undefined if nobody is notified of it. `now` dates events that carry no instant. */
export const notificationOf = (
  event: CurfewEvent,
  now: Instant,
  factsOf: PolicyFactsOf = () => ({ timeZone: 'UTC', cooldownMs: 0 }),
  extendUrlOf: ExtendUrlOf = () => undefined,
): Notification | undefined => {
  switch (event.event) {
    case 'warning': {
      const { leadMs, endsAt, ...rest } = event
      const { timeZone } = factsOf(event.violation.policy)
      const ends = `${localText(endsAt, timeZone)} ${timeZone}`
      return {
        ...aboutOne('warning', rest, { lead: formatDuration(leadMs), endsAt: iso(endsAt), ends }),
        ...toPerson('warning', event, endsAt, factsOf, extendUrlOf(event)),
        warning: event,
      }
    }
    case 'termination': {
      const { outcome, attempts, callId, selector, requestId } = event
      if (outcome !== 'confirmed' && outcome !== 'gave-up') return undefined
      const call = { id: callId, selector }
      const more = { call, requestId, outcome, attempts }
      if (outcome === 'gave-up') return aboutOne('gave-up', event, more)
      return { ...aboutOne('terminated', event, more), ...toPerson('terminated', event, event.at, factsOf) }
    }
    case 'held': {
      const { endpoint, policy, endsNow, endsLater, active, examples, at } = event
      const connections = endsNow
      const names = examples.map(nameOf)
      const release = releaseOf(policy)
      const data = { ...on(endpoint), policy, active, endsNow, endsLater, since: iso(at), names, release }
      return { event: 'held', at, endpoint, policy, subject: policy, connections, names, data }
    }
    case 'blind': {
      const { endpoint, because, at } = event
      const data = { ...on(endpoint), because }
      return { ...NO_CONNECTION, event: 'blind', at, endpoint, subject: endpoint.id, data }
    }
    case 'reload-refused': {
      const { problems } = event
      const data = { problems: problems.slice(0, MOST_NAMES), count: problems.length }
      return { ...NO_CONNECTION, event: 'reload-refused', at: now, endpoint: undefined, subject: undefined, data }
    }
    case 'audit-head': {
      const { occasion, unit, seq, hash, at } = event
      const data = { occasion, unit, seq, hash }
      return { ...NO_CONNECTION, event: 'audit-head', at, endpoint: undefined, subject: undefined, data }
    }
    default:
      return undefined
  }
}

const NO_CONNECTION = { policy: undefined, connections: 0, names: [] }

const iso = (at: Instant | undefined) => (at === undefined ? undefined : (toIso(at) ?? undefined))

const on = ({ id: endpointId, name, account, region }: Endpoint) => ({ endpointId, name, account, region })

const nameOf = ({ username, commonName, connectionId }: Violation) => username ?? commonName ?? connectionId

const toPerson = (
  event: PersonNews['event'],
  { endpoint, violation }: { readonly endpoint: Endpoint; readonly violation: Violation },
  endsAt: Instant,
  factsOf: PolicyFactsOf,
  extendUrl?: string,
): Pick<Notification, 'person' | 'principal'> => {
  const { connectionId, policy, reason, because, username, commonName } = violation
  const { name } = endpoint
  return {
    person: {
      ...factsOf(policy),
      event,
      connectionId,
      endpoint: name,
      name: nameOf(violation),
      policy,
      reason,
      because,
      endsAt,
      extendUrl,
    },
    principal: { username, commonName },
  }
}

const aboutOne = (
  event: NotificationEvent,
  { endpoint, violation, at }: { readonly endpoint: Endpoint; readonly violation: Violation; readonly at: Instant },
  more: Readonly<Record<string, unknown>>,
): Notification => {
  const { connectionId: subject, policy, since, deadline } = violation
  const data = { ...on(endpoint), ...violation, since: iso(since), deadline: iso(deadline), ...more }
  return { event, at, endpoint, policy, subject, connections: 1, names: [nameOf(violation)], data }
}
