import { randomUUID } from 'node:crypto'
import type { Clock } from '../../app/clock.ts'
import type { Emit } from '../../app/events.ts'
import { notificationOf, type Warning } from '../../app/notification.ts'
import type { NotificationEvent } from '../../config/configuration.ts'
import type { Outgoing } from '../proxy/outgoing.ts'
import { createDelivery, type Delivery, type DeliveryReport } from './delivery.ts'
import { createPost } from './post.ts'
import { createSlackOutbox } from './slack-outbox.ts'
import { createWebhookOutbox } from './webhook-outbox.ts'

/**
 * A receiver of notifications, with its address and key as read from the environment and files. Secret: never log it.
 */
export interface Target {
  readonly name: string
  readonly receiver: 'webhook' | 'slack'
  readonly address: string
  readonly signingKey: Buffer | undefined
  readonly events: readonly NotificationEvent[]
}

/** Sends events to the targets. A slow or failing receiver never delays the caller. */
export const createNotifier = (options: {
  readonly clock: Clock
  readonly random: () => number
  readonly report: (target: string, report: DeliveryReport) => void
  readonly warned?: (target: string, warning: Warning) => void
  readonly outgoing: Outgoing
}) => {
  const { clock, random, report, warned = () => {}, outgoing } = options
  /** Keyed by all fields of the target: a target that a reload does not change keeps its outbox. */
  let deliveries = new Map<string, { readonly target: Target; readonly delivery: Delivery }>()
  const closing = new Set<Promise<void>>()

  const open = (target: Target): Delivery => {
    const { name, receiver, address, signingKey } = target
    const post = createPost(address, outgoing)
    const delivery = createDelivery({
      outbox: receiver === 'slack' ? createSlackOutbox() : createWebhookOutbox(signingKey, randomUUID),
      send: post.send,
      clock,
      random,
      report: (one) => report(name, one),
      warned: (warning) => warned(name, warning),
    })
    return { ...delivery, close: () => delivery.close().finally(post.close) }
  }

  const startClosing = (delivery: Delivery) => {
    const closed = delivery.close().finally(() => closing.delete(closed))
    closing.add(closed)
  }

  const observe: Emit = (event) => {
    const notification = notificationOf(event, clock.now())
    if (notification === undefined) return
    for (const { target, delivery } of deliveries.values()) {
      if (target.events.includes(notification.event)) delivery.add(notification)
    }
  }

  return {
    observe,

    /** Replaces the targets. Deliveries to removed targets have two seconds to finish. */
    take(targets: readonly Target[]): void {
      const previous = deliveries
      deliveries = new Map(
        targets.map((target) => {
          const key = JSON.stringify(target)
          return [key, previous.get(key) ?? { target, delivery: open(target) }]
        }),
      )
      for (const [key, { delivery }] of previous) if (!deliveries.has(key)) startClosing(delivery)
    },

    /** Resolves within two seconds, once every waiting notification is delivered or lost. */
    async close(): Promise<void> {
      for (const { delivery } of deliveries.values()) startClosing(delivery)
      await Promise.all(closing)
    },
  }
}
