import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { MINUTE, SECOND } from '../../../src/domain/time/instant.ts'
import { settled } from '../../app/manual-clock.ts'
import { NOON } from '../../domain/build.ts'
import { certificate } from '../http/certificates.ts'
import { startDelivery, terminationOf } from './deliveries.ts'
import { type Reply, startReceiver } from './receiver.ts'

const usersOf = (received: readonly { readonly body: string }[]) =>
  received.map(({ body }) => (JSON.parse(body) as { data: { username: string } }).data.username)

const people = (count: number) => Array.from({ length: count }, (_, index) => `person-${index}`)

describe('a receiver that answers', () => {
  it.each([200, 202, 204])('with %d gets no second request', async (status) => {
    await using receiver = await startReceiver(() => status)
    await using delivery = startDelivery(receiver.url)
    delivery.add(terminationOf('alice'))
    expect(await delivery.until(1)).toEqual([{ outcome: 'delivered', count: 1, failures: 0 }])
    expect(receiver.received[0]).toMatchObject({ method: 'POST', path: '/hook' })
  })

  it('gets requests in order, one at a time and over one connection', async () => {
    await using receiver = await startReceiver(() => 200)
    await using delivery = startDelivery(receiver.url)
    for (const name of people(50)) delivery.add(terminationOf(name))
    await delivery.until(50)
    expect(usersOf(receiver.received)).toEqual(people(50))
    expect([receiver.mostAtOnce(), receiver.connections()]).toEqual([1, 1])
  })

  it('without an end is disconnected, and its notification counts as delivered', async () => {
    await using receiver = await startReceiver((_, index) => (index === 0 ? 'endless' : 200))
    await using delivery = startDelivery(receiver.url)
    for (const name of people(2)) delivery.add(terminationOf(name))
    await delivery.until(2)
    expect(delivery.delivered()).toBe(2)
    expect(usersOf(receiver.received)).toEqual(people(2))
  })
})

describe('a receiver that is in trouble', () => {
  it.each<[string, Reply, string]>([
    ['answers 500', 500, 'HTTP 500'],
    ['answers 503', 503, 'HTTP 503'],
    ['answers 408', 408, 'HTTP 408'],
    ['answers 429', 429, 'HTTP 429'],
    ['breaks the connection', 'reset', 'ECONNRESET'],
  ])('and %s is tried again after growing pauses, and gets all notifications in order', async (_, trouble, code) => {
    let works = false
    await using receiver = await startReceiver(() => (works ? 200 : trouble))
    await using delivery = startDelivery(receiver.url)
    for (const name of people(3)) delivery.add(terminationOf(name))
    for (const [index, pauseMs] of [1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * SECOND).entries()) {
      const reports = await delivery.until(index + 1)
      expect(reports.at(-1)).toEqual({ outcome: 'retried', count: 1, code, failures: index + 1 })
      await delivery.clock.advance(pauseMs - 1)
      await settled()
      expect(receiver.received).toHaveLength(index + 1)
      if (index === 7) works = true
      await delivery.clock.advance(1)
      await receiver.until(index + 2)
    }
    await delivery.until(11)
    expect([delivery.delivered(), delivery.lost()]).toEqual([3, 0])
    expect(usersOf(receiver.received.slice(-3))).toEqual(people(3))
    const ids = receiver.received.map(({ body }) => (JSON.parse(body) as { id: string }).id)
    expect(new Set(ids.slice(0, 9))).toEqual(new Set(['id-1']))
  })

  it('and refuses connections is tried again', async () => {
    const gone = await startReceiver(() => 200)
    await gone[Symbol.asyncDispose]()
    await using delivery = startDelivery(gone.url)
    delivery.add(terminationOf('alice'))
    expect(await delivery.until(1)).toEqual([{ outcome: 'retried', count: 1, code: 'ECONNREFUSED', failures: 1 }])
  })

  it('and has an untrusted certificate gets no request', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'curfew-'))
    const unknown = certificate(folder, 'unknown')
    await rm(folder, { recursive: true })
    await using untrusted = await startReceiver(() => 200, unknown)
    await using plain = await startReceiver(() => 200)
    await using delivery = startDelivery(untrusted.url)
    await using another = startDelivery(plain.url.replace('http:', 'https:'))
    for (const { add } of [delivery, another]) add(terminationOf('alice'))
    const code = 'DEPTH_ZERO_SELF_SIGNED_CERT'
    const advice = expect.stringContaining('AWS_CA_BUNDLE')
    expect(await delivery.until(1)).toEqual([{ outcome: 'retried', count: 1, code, advice, failures: 1 }])
    expect(await another.until(1)).toMatchObject([{ outcome: 'retried', failures: 1 }])
    expect([...untrusted.received, ...plain.received]).toEqual([])
  })

  it('and hangs gets ten seconds for each request', async () => {
    await using receiver = await startReceiver((_, index) => (index === 0 ? 'hang' : 200))
    await using delivery = startDelivery(receiver.url)
    delivery.add(terminationOf('alice'))
    await receiver.until(1)
    await delivery.clock.advance(10 * SECOND - 1)
    await settled()
    expect(delivery.reports).toEqual([])
    await delivery.clock.advance(1)
    expect(await delivery.until(1)).toEqual([{ outcome: 'retried', count: 1, code: 'timeout', failures: 1 }])
    await delivery.clock.advance(SECOND)
    await delivery.until(2)
    expect(delivery.delivered()).toBe(1)
  })

  it.each([
    ['seconds', '30', 30 * SECOND],
    ['a date', 'Mon, 23 Nov 2026 12:00:40 GMT', 40 * SECOND],
    ['more than five minutes', '86400', 5 * MINUTE],
    ['less than the regular pause', '0', SECOND],
    ['an invalid value', 'soon', SECOND],
  ])('and asks for a pause of %s gets it within bounds', async (_, retryAfter, pauseMs) => {
    await using receiver = await startReceiver((_, index) =>
      index === 0 ? { status: 429, headers: { 'retry-after': retryAfter } } : 200,
    )
    await using delivery = startDelivery(receiver.url)
    delivery.add(terminationOf('alice'))
    await delivery.until(1)
    await delivery.clock.advance(pauseMs - 1)
    await settled()
    expect(receiver.received).toHaveLength(1)
    await delivery.clock.advance(1)
    await delivery.until(2)
    expect(delivery.delivered()).toBe(1)
  })

  it.each([400, 401, 403, 404, 410, 301, 307])(
    'and answers %d is not tried again, because the failure is permanent',
    async (status) => {
      const elsewhere = { status, headers: { location: '/elsewhere' } }
      await using receiver = await startReceiver((_, index) => (index === 0 ? elsewhere : 200))
      await using delivery = startDelivery(receiver.url)
      for (const name of people(2)) delivery.add(terminationOf(name))
      expect(await delivery.until(2)).toEqual([
        { outcome: 'lost', count: 1, code: `HTTP ${status}` },
        { outcome: 'delivered', count: 1, failures: 0 },
      ])
      expect(usersOf(receiver.received)).toEqual(people(2))
      expect(receiver.received.map(({ path }) => path)).toEqual(['/hook', '/hook'])
    },
  )
})

describe('a notification that is not delivered', () => {
  it('is lost when a request fails 15 minutes after its event; later notifications are still sent', async () => {
    let works = false
    await using receiver = await startReceiver(() => (works ? 200 : 500))
    await using delivery = startDelivery(receiver.url)
    delivery.add(terminationOf('early'))
    delivery.add(terminationOf('late', { at: NOON + 10 * MINUTE }))
    const pauses = [1, 2, 4, 8, 16, 32, ...Array.from({ length: 14 }, () => 60)]
    for (const [index, seconds] of pauses.entries()) {
      const reports = await delivery.until(index + 1)
      expect(reports.at(-1)?.outcome).toBe('retried')
      await delivery.clock.advance(seconds * SECOND)
    }
    await delivery.until(pauses.length + 1)
    expect(delivery.reports.at(-1)).toEqual({ outcome: 'lost', count: 1, code: 'HTTP 500' })
    expect(delivery.clock.now() - NOON).toBe(15 * MINUTE + 3 * SECOND)
    works = true
    await delivery.clock.advance(MINUTE)
    await delivery.until(pauses.length + 2)
    expect(usersOf(receiver.received).at(-1)).toBe('late')
    expect([delivery.delivered(), delivery.lost()]).toEqual([1, 1])
  })

  it('is counted if the outbox is full: the oldest is dropped, and the outbox stays bounded', async () => {
    let answer = () => {}
    const later = new Promise<void>((resolve) => {
      answer = resolve
    })
    await using receiver = await startReceiver((_, index) => (index === 0 ? { later } : 200))
    await using delivery = startDelivery(receiver.url)
    delivery.add(terminationOf('first'))
    await receiver.until(1)
    for (const name of people(7000)) delivery.add(terminationOf(name))
    expect(delivery.lost()).toBe(6000)
    expect(delivery.reports.at(-1)).toEqual({ outcome: 'lost', count: 1, code: 'outbox-full' })
    answer()
    await receiver.until(1001)
    await delivery.until(6000 + 1001)
    expect(delivery.delivered()).toBe(1001)
    expect(usersOf(receiver.received)).toEqual(['first', ...people(7000).slice(-1000)])
  })
})

describe('a close', () => {
  it('delivers the waiting notifications', async () => {
    await using receiver = await startReceiver(() => 200)
    await using delivery = startDelivery(receiver.url)
    for (const name of people(20)) delivery.add(terminationOf(name))
    await delivery.close()
    expect([delivery.delivered(), delivery.lost()]).toEqual([20, 0])
  })

  it('sends once more to a failing receiver, and then loses all that waits', async () => {
    await using receiver = await startReceiver(() => 500)
    await using delivery = startDelivery(receiver.url)
    for (const name of people(5)) delivery.add(terminationOf(name))
    await delivery.until(1)
    await delivery.close()
    expect(delivery.reports.slice(1)).toEqual([{ outcome: 'lost', count: 5, code: 'HTTP 500' }])
    expect(receiver.received).toHaveLength(2)
  })

  it('gives a receiver that hangs two seconds', async () => {
    await using receiver = await startReceiver(() => 'hang')
    await using delivery = startDelivery(receiver.url)
    for (const name of people(5)) delivery.add(terminationOf(name))
    await receiver.until(1)
    let closed = false
    const closing = delivery.close().then(() => (closed = true))
    await delivery.clock.advance(2 * SECOND - 1)
    await settled()
    expect(closed).toBe(false)
    await delivery.clock.advance(1)
    await closing
    expect(delivery.reports).toEqual([{ outcome: 'lost', count: 5, code: 'stopped' }])
  })

  it('counts later notifications as lost', async () => {
    await using receiver = await startReceiver(() => 200)
    await using delivery = startDelivery(receiver.url)
    await delivery.close()
    delivery.add(terminationOf('alice'))
    expect(delivery.reports).toEqual([{ outcome: 'lost', count: 1, code: 'stopped' }])
    expect(receiver.received).toEqual([])
  })
})
