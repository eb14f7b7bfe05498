import { randomUUID } from 'node:crypto'
import type { Clock } from '../../app/clock.ts'
import type { Emit } from '../../app/events.ts'
import { type ExtendUrlOf, notificationOf, type Warning } from '../../app/notification.ts'
import { addressOf } from '../../app/person-address.ts'
import type { PolicyFactsOf } from '../../app/policy-facts.ts'
import type { People } from '../../config/configuration.ts'
import type { Outgoing } from '../proxy/outgoing.ts'
import { agentFetch } from './agent-fetch.ts'
import { createDelivery, type Delivery, type DeliveryReport } from './delivery.ts'
import { createMail } from './mail.ts'
import { createPersonOutbox } from './person-outbox.ts'
import { createPost } from './post.ts'
import { receiptOf } from './retry.ts'
import { createSlackBot, SLACK_BOT_RATE } from './slack-bot.ts'
import { createSlackOutbox } from './slack-outbox.ts'
import type { Target } from './target.ts'
import { createWebhookOutbox } from './webhook-outbox.ts'

/** Sends events to the targets. A slow or failing receiver never delays the caller. */
export const createNotifier = (options: {
  readonly clock: Clock
  readonly random: () => number
  readonly report: (target: string, report: DeliveryReport) => void
  readonly warned?: (target: string, warning: Warning) => void
  readonly notWarned?: (target: string, warning: Warning, why: string) => void
  readonly outgoing: Outgoing
  readonly factsOf: PolicyFactsOf
  readonly extendUrlOf?: ExtendUrlOf | undefined
  /** The addresses that are in force. */
  readonly people: () => People
}) => {
  const {
    clock,
    random,
    report,
    warned = () => {},
    notWarned = () => {},
    outgoing,
    factsOf,
    extendUrlOf,
    people,
  } = options
  /** Keyed by all fields of the target: a target that a reload does not change keeps its outbox. */
  let deliveries = new Map<string, { readonly target: Target; readonly delivery: Delivery }>()
  const closing = new Set<Promise<void>>()

  const open = (target: Target): Delivery => {
    const { name } = target
    const common = {
      clock,
      random,
      report: (one: DeliveryReport) => report(name, one),
      warned: (warning: Warning) => warned(name, warning),
      notWarned: (warning: Warning, why: string) => notWarned(name, warning, why),
    }
    if (target.receiver === 'email') {
      const mail = createMail(target, outgoing)
      const delivery = createDelivery({ ...common, outbox: personOutbox(name), send: mail.send, rate: target.rate })
      return { ...delivery, close: () => delivery.close().finally(mail.close) }
    }
    if (target.receiver === 'slackBot') {
      const { send } = createSlackBot(target, clock, agentFetch(outgoing))
      return createDelivery({ ...common, outbox: personOutbox(name), send, rate: SLACK_BOT_RATE })
    }
    const { receiver, address, signingKey } = target
    const post = createPost(address, outgoing)
    const delivery = createDelivery({
      ...common,
      outbox: receiver === 'slack' ? createSlackOutbox() : createWebhookOutbox(signingKey, randomUUID),
      send: async ({ body, headers }, signal) => receiptOf(await post.send(body, headers, signal), clock.now()),
    })
    return { ...delivery, close: () => delivery.close().finally(post.close) }
  }

  const personOutbox = (target: string) =>
    createPersonOutbox({
      addressOf: (principal) => addressOf(principal, people()),
      withoutAddress({ names: [name = ''], warning }) {
        report(target, { outcome: 'no-address', count: 1, name })
        if (warning !== undefined) notWarned(target, warning, 'no-address')
      },
    })

  const startClosing = (delivery: Delivery) => {
    const closed = delivery.close().finally(() => closing.delete(closed))
    closing.add(closed)
  }

  const observe: Emit = (event) => {
    const notification = notificationOf(event, clock.now(), factsOf, extendUrlOf)
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
