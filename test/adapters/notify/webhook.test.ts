import { type CloudEvent, HTTP } from 'cloudevents'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it, vi } from 'vitest'
import { CLOUD_EVENT_TYPES } from '../../../src/adapters/notify/cloud-event.ts'
import { signingKeyOf } from '../../../src/adapters/notify/signature.ts'
import { createWebhookOutbox } from '../../../src/adapters/notify/webhook-outbox.ts'
import type { CurfewEvent } from '../../../src/app/events.ts'
import { notificationOf } from '../../../src/app/notification.ts'
import { NOTIFICATION_EVENTS } from '../../../src/config/configuration.ts'
import { elapsedAt } from '../../../src/domain/time/elapsed.ts'
import { MINUTE, SECOND } from '../../../src/domain/time/instant.ts'
import { NOTIFIED, OFFICE, TOLD_AT } from '../../app/notified-events.ts'
import { ENDPOINT, NOON } from '../../domain/build.ts'
import { startDelivery, terminationOf } from './deliveries.ts'
import { startReceiver } from './receiver.ts'

const SECRET = `whsec_${Buffer.alloc(32, 'curfew').toString('base64')}`
const KEY = signingKeyOf(SECRET)

/** The event as the CloudEvents library reads it from the request. */
const receivedOf = async (event: CurfewEvent) => {
  await using receiver = await startReceiver(() => 204)
  await using delivery = startDelivery(receiver.url)
  const notification = notificationOf(event, TOLD_AT)
  if (notification === undefined) throw new Error(`${event.event} gives no notification`)
  delivery.add(notification)
  const [{ headers, body } = { headers: {}, body: '' }] = await receiver.until(1)
  return HTTP.toEvent({ headers, body }) as CloudEvent
}

describe('a webhook', () => {
  it.each(NOTIFICATION_EVENTS)('gets %s as a CloudEvent that the CloudEvents library accepts', async (event) => {
    const received = await receivedOf(NOTIFIED[event])
    expect(received.validate()).toBe(true)
    const notification = notificationOf(NOTIFIED[event], TOLD_AT)
    expect(received).toMatchObject({
      specversion: '1.0',
      type: CLOUD_EVENT_TYPES[event],
      source: ['reload-refused', 'audit-head'].includes(event)
        ? '/curfew'
        : `/curfew/111122223333/eu-central-1/${ENDPOINT}`,
      time: new Date(notification?.at ?? 0).toISOString(),
      datacontenttype: 'application/json',
    })
    expect(received.subject).toBe(notification?.subject)
    expect(received.data).toEqual(JSON.parse(JSON.stringify(notification?.data)))
  })

  it('has a source also while the account is not known', async () => {
    const endpoint = { ...OFFICE, account: undefined }
    const { source } = await receivedOf({ ...NOTIFIED.blind, endpoint } as CurfewEvent)
    expect(source).toBe(`/curfew/-/eu-central-1/${ENDPOINT}`)
  })

  it('has a distinct type for each event', () => {
    expect(Object.keys(CLOUD_EVENT_TYPES)).toEqual([...NOTIFICATION_EVENTS])
    expect(new Set(Object.values(CLOUD_EVENT_TYPES)).size).toBe(NOTIFICATION_EVENTS.length)
  })
})

describe('a signature', () => {
  const open = (headers: object, body: string, secret = SECRET) =>
    new Webhook(secret).verify(body, headers as Record<string, string>)

  /** Runs `work` with `Date` at the time of the delivery's clock. */
  const atTime = async <Value>(now: number, work: () => Value): Promise<Value> => {
    vi.useFakeTimers({ now, toFake: ['Date'] })
    try {
      return await work()
    } finally {
      vi.useRealTimers()
    }
  }

  it('has a new timestamp in each request, under one id', async () => {
    await using receiver = await startReceiver((_, index) => (index === 0 ? 503 : 200))
    let ids = 0
    const outbox = createWebhookOutbox(KEY, () => `id-${++ids}`)
    await using delivery = startDelivery(receiver.url, outbox)
    delivery.add(terminationOf('alice'))
    await delivery.until(1)
    await delivery.clock.advance(SECOND)
    const [first, second] = await receiver.until(2)
    const [before, after] = [first?.headers ?? {}, second?.headers ?? {}]
    expect([before['webhook-id'], after['webhook-id']]).toEqual(['id-1', 'id-1'])
    expect(first?.body).toBe(second?.body)
    expect(before['webhook-timestamp']).toBe(String(NOON / SECOND))
    expect(after['webhook-timestamp']).toBe(String(NOON / SECOND + 1))
    await atTime(NOON, () => {
      expect(open(before, first?.body ?? '')).toEqual(JSON.parse(first?.body ?? ''))
      expect(open(after, second?.body ?? '')).toEqual(JSON.parse(first?.body ?? ''))
    })
  })

  it('fails for another body, key, id or time, and for an old message', async () => {
    const request = (() => {
      const outbox = createWebhookOutbox(KEY, () => 'id-1')
      outbox.add(terminationOf('alice'), elapsedAt(0))
      return outbox.take(elapsedAt(0))?.prepare(NOON).request
    })()
    const { headers, body } = request ?? { headers: {}, body: '' }
    await atTime(NOON, () => {
      expect(open(headers, body)).toBeTruthy()
      expect(() => open(headers, body.replace('alice', 'mallory'))).toThrow()
      expect(() => open({ ...headers, 'webhook-id': 'id-2' }, body)).toThrow()
      expect(() => open({ ...headers, 'webhook-timestamp': String(NOON / SECOND + 60) }, body)).toThrow()
      expect(() => open(headers, body, `whsec_${Buffer.alloc(32, 'other').toString('base64')}`)).toThrow()
    })
    await atTime(NOON + 6 * MINUTE, () => {
      expect(() => open(headers, body)).toThrow()
    })
  })

  it('is absent without a secret', async () => {
    await using receiver = await startReceiver(() => 204)
    await using delivery = startDelivery(receiver.url)
    delivery.add(terminationOf('alice'))
    const [first] = await receiver.until(1)
    expect(Object.keys(first?.headers ?? {}).filter((name) => name.startsWith('webhook-'))).toEqual([])
  })
})

describe('a signing secret', () => {
  const base64 = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64')

  it.each([24, 32, 64])('may have %d bytes', (bytes) => {
    expect(signingKeyOf(`whsec_${base64(bytes)}`)).toEqual(Buffer.alloc(bytes, 7))
  })

  it.each([
    ['too short', `whsec_${base64(23)}`],
    ['too long', `whsec_${base64(65)}`],
    ['without its prefix', base64(32)],
    ['truncated', `whsec_${base64(32).slice(0, -3)}`],
    ['not base64', `whsec_${'!'.repeat(48)}`],
    ['on two lines', `whsec_${base64(32)}\n${base64(32)}`],
  ])('is refused if it is %s', (_, secret) => {
    expect(signingKeyOf(secret)).toBeUndefined()
  })
})
