import type { Endpoint } from '../../app/endpoint.ts'
import type { Notification } from '../../app/notification.ts'
import type { NotificationEvent } from '../../config/configuration.ts'
import { toIso } from '../../domain/time/instant.ts'

/** The CloudEvents type of each event. Receivers route by it: never rename one. */
export const CLOUD_EVENT_TYPES: Readonly<Record<NotificationEvent, string>> = {
  warning: 'curfew.session.warning',
  terminated: 'curfew.session.terminated',
  held: 'curfew.policy.held',
  'gave-up': 'curfew.session.gave-up',
  blind: 'curfew.endpoint.blind',
  'reload-refused': 'curfew.configuration.reload-refused',
  'audit-head': 'curfew.audit.head',
}

/** A CloudEvent 1.0 in structured mode. `source` and `id` together are unique. */
export const cloudEventOf = ({ event, at, endpoint, subject, data }: Notification, id: string) => ({
  specversion: '1.0',
  id,
  source: sourceOf(endpoint),
  type: CLOUD_EVENT_TYPES[event],
  time: toIso(at),
  subject,
  datacontenttype: 'application/json',
  data,
})

const sourceOf = (endpoint: Endpoint | undefined) =>
  endpoint === undefined ? '/curfew' : `/curfew/${endpoint.account ?? '-'}/${endpoint.region}/${endpoint.id}`
