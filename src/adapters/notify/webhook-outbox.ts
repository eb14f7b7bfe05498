import type { Notification } from '../../app/notification.ts'
import { NEVER } from '../../domain/time/instant.ts'
import { cloudEventOf } from './cloud-event.ts'
import { LONGEST_OUTBOX, type Outbox } from './outbox.ts'
import { signatureHeaders } from './signature.ts'

/** One CloudEvent a request, in the order in which things happened; signed if there is a key. */
export const createWebhookOutbox = (key: Buffer | undefined, newId: () => string): Outbox => {
  let waiting: Notification[] = []
  return {
    add(notification) {
      waiting.push(notification)
      if (waiting.length <= LONGEST_OUTBOX) return 0
      waiting.shift()
      return 1
    },

    take() {
      const notification = waiting.shift()
      if (notification === undefined) return undefined
      const id = newId()
      const body = JSON.stringify(cloudEventOf(notification, id))
      return {
        count: 1,
        at: notification.at,
        body,
        headers: (now) => ({
          'content-type': 'application/cloudevents+json; charset=utf-8',
          ...(key === undefined ? {} : signatureHeaders(key, id, now, body)),
        }),
      }
    },

    dueAt: () => (waiting.length === 0 ? NEVER : -NEVER),

    clear() {
      const { length } = waiting
      waiting = []
      return length
    },
  }
}
