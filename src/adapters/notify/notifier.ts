import { randomUUID } from 'node:crypto'
import type { Clock } from '../../app/clock.ts'
import type { Emit } from '../../app/events.ts'
import { notificationOf } from '../../app/notification.ts'
import type { NotificationEvent } from '../../config/configuration.ts'
import { createDelivery, type Delivery, type DeliveryReport } from './delivery.ts'
import { createPost } from './post.ts'
import { createSlackOutbox } from './slack-outbox.ts'
import { createWebhookOutbox } from './webhook-outbox.ts'

/** Somebody who is told, with everything that the configuration only names. Holds secrets: never log it. */
export interface Target {
  readonly name: string
  readonly receiver: 'webhook' | 'slack'
  readonly address: string
  readonly signingKey: Buffer | undefined
  readonly events: readonly NotificationEvent[]
}

/** Tells people what happens. Nothing that a receiver does holds up the one who tells. */
export const createNotifier = (options: {
  readonly clock: Clock
  readonly random: () => number
  readonly report: (target: string, report: DeliveryReport) => void
}) => {
  const { clock, random, report } = options
  /** By all that a target is: whose entry was not touched keeps what waits for it. */
  let deliveries = new Map<string, { readonly target: Target; readonly delivery: Delivery }>()
  const closing = new Set<Promise<void>>()

  const open = (target: Target): Delivery => {
    const { name, receiver, address, signingKey } = target
    const post = createPost(address)
    const delivery = createDelivery({
      outbox: receiver === 'slack' ? createSlackOutbox() : createWebhookOutbox(signingKey, randomUUID),
      send: post.send,
      clock,
      random,
      report: (one) => report(name, one),
    })
    return { ...delivery, close: () => delivery.close().finally(post.close) }
  }

  const letGo = (delivery: Delivery) => {
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

    /** From now on these are told; what waits for others gets its two seconds. */
    take(targets: readonly Target[]): void {
      const before = deliveries
      deliveries = new Map(
        targets.map((target) => {
          const key = JSON.stringify(target)
          return [key, before.get(key) ?? { target, delivery: open(target) }]
        }),
      )
      for (const [key, { delivery }] of before) if (!deliveries.has(key)) letGo(delivery)
    },

    /** Nobody is told any more. Resolves once what waited was delivered or is lost, within two seconds. */
    async close(): Promise<void> {
      for (const { delivery } of deliveries.values()) letGo(delivery)
      await Promise.all(closing)
    },
  }
}
