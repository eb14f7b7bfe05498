import type { Notification } from '../../app/notification.ts'
import type { Elapsed } from '../../domain/time/elapsed.ts'
import { cloudEventOf } from './cloud-event.ts'
import { type HttpRequest, LONGEST_OUTBOX, NOTHING, type Outbox, together, warningsOf } from './outbox.ts'
import { signatureHeaders } from './signature.ts'

/** One CloudEvent for each request, in the order of the events; signed if there is a key. */
export const createWebhookOutbox = (key: Buffer | undefined, newId: () => string): Outbox<HttpRequest> => {
  let waiting: Array<{ readonly notification: Notification; readonly addedAt: Elapsed }> = []
  return {
    add(notification, addedAt) {
      waiting.push({ notification, addedAt })
      const dropped = waiting.length > LONGEST_OUTBOX ? waiting.shift() : undefined
      return dropped === undefined ? NOTHING : contentsOf(dropped)
    },

    take() {
      const next = waiting.shift()
      if (next === undefined) return undefined
      const { notification, addedAt } = next
      const id = newId()
      const body = JSON.stringify(cloudEventOf(notification, id))
      return {
        countedFrom: addedAt,
        prepare: (now) => {
          const headers = {
            'content-type': 'application/cloudevents+json; charset=utf-8',
            ...(key === undefined ? {} : signatureHeaders(key, id, now, body)),
          }
          return { ...contentsOf(next), late: NOTHING, request: { body, headers } }
        },
      }
    },

    msUntilDue: () => (waiting.length === 0 ? Number.POSITIVE_INFINITY : 0),

    clear() {
      const held = together(waiting.map(contentsOf))
      waiting = []
      return held
    },
  }
}

const contentsOf = ({ notification }: { readonly notification: Notification }) => ({
  count: 1,
  warnings: warningsOf(notification),
})
