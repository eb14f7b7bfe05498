import type { Notification } from '../../app/notification.ts'
import type { Elapsed } from '../../domain/time/elapsed.ts'
import { cloudEventOf } from './cloud-event.ts'
import { type HttpRequest, LONGEST_OUTBOX, type Outbox, warningsOf } from './outbox.ts'
import { signatureHeaders } from './signature.ts'

/** One CloudEvent for each request, in the order of the events; signed if there is a key. */
export const createWebhookOutbox = (key: Buffer | undefined, newId: () => string): Outbox<HttpRequest> => {
  let waiting: Array<{ readonly notification: Notification; readonly addedAt: Elapsed }> = []
  return {
    add(notification, addedAt) {
      waiting.push({ notification, addedAt })
      if (waiting.length <= LONGEST_OUTBOX) return 0
      waiting.shift()
      return 1
    },

    take() {
      const next = waiting.shift()
      if (next === undefined) return undefined
      const { notification, addedAt } = next
      const id = newId()
      const body = JSON.stringify(cloudEventOf(notification, id))
      return {
        addedAt,
        prepare: (now) => {
          const headers = {
            'content-type': 'application/cloudevents+json; charset=utf-8',
            ...(key === undefined ? {} : signatureHeaders(key, id, now, body)),
          }
          return { count: 1, warnings: warningsOf(notification), late: 0, request: { body, headers } }
        },
      }
    },

    msUntilDue: () => (waiting.length === 0 ? Number.POSITIVE_INFINITY : 0),

    clear() {
      const { length } = waiting
      waiting = []
      return length
    },
  }
}
