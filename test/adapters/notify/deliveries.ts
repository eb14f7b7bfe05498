import { EventEmitter, once } from 'node:events'
import { createDelivery, type DeliveryReport } from '../../../src/adapters/notify/delivery.ts'
import type { HttpRequest, Outbox } from '../../../src/adapters/notify/outbox.ts'
import { createPost } from '../../../src/adapters/notify/post.ts'
import { receiptOf } from '../../../src/adapters/notify/retry.ts'
import { createWebhookOutbox } from '../../../src/adapters/notify/webhook-outbox.ts'
import { DIRECT } from '../../../src/adapters/proxy/outgoing.ts'
import type { Notification } from '../../../src/app/notification.ts'
import { notificationOf } from '../../../src/app/notification.ts'
import { createManualClock, settled } from '../../app/manual-clock.ts'
import { NOTIFIED, TOLD_AT, violation } from '../../app/notified-events.ts'
import { NOON } from '../../domain/build.ts'

/** The notification of a confirmed termination of this user. */
export const terminationOf = (username: string, overrides: Partial<Notification> = {}): Notification => {
  const notification = notificationOf({ ...NOTIFIED.terminated, violation: violation({ username }) } as never, TOLD_AT)
  if (notification === undefined) throw new Error('a termination gives no notification')
  return { ...notification, at: NOON, ...overrides }
}

/** Collects reports; `until` waits until there are this many. */
export const createReports = <Report>() => {
  const reports: Report[] = []
  const added = new EventEmitter()
  return {
    reports,
    report(one: Report) {
      reports.push(one)
      added.emit('report')
    },
    async until(count: number) {
      while (reports.length < count) await once(added, 'report')
      return reports
    },
  }
}

/** A delivery over the network, with a clock moved by hand. Each pause has its longest value: 1 s, 2 s, 4 s… */
export const startDelivery = (address: string, outbox?: Outbox<HttpRequest>) => {
  const clock = createManualClock(NOON)
  const post = createPost(address, DIRECT)
  const { reports, report, until } = createReports<DeliveryReport>()
  let ids = 0
  const delivery = createDelivery({
    outbox: outbox ?? createWebhookOutbox(undefined, () => `id-${++ids}`),
    send: async ({ body, headers }, signal) => receiptOf(await post.send(body, headers, signal), clock.now()),
    clock,
    random: () => 1,
    report,
  })
  return {
    ...delivery,
    clock,
    reports,
    until,
    delivered: () => reports.reduce((sum, one) => (one.outcome === 'delivered' ? sum + one.count : sum), 0),
    lost: () => reports.reduce((sum, one) => (one.outcome === 'lost' ? sum + one.count : sum), 0),
    async [Symbol.asyncDispose]() {
      const closed = delivery.close()
      await settled()
      await clock.advance(2000)
      await closed
      post.close()
    },
  }
}
