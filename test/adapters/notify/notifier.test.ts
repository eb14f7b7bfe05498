import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createNamesInLog } from '../../../src/adapters/log/names-in-log.ts'
import type { DeliveryReport } from '../../../src/adapters/notify/delivery.ts'
import { createDeliveryLog } from '../../../src/adapters/notify/delivery-log.ts'
import { createNotifier } from '../../../src/adapters/notify/notifier.ts'
import type { Target } from '../../../src/adapters/notify/target.ts'
import { DIRECT } from '../../../src/adapters/proxy/outgoing.ts'
import type { CurfewEvent } from '../../../src/app/events.ts'
import { NOTIFICATION_EVENTS } from '../../../src/config/configuration.ts'
import { MINUTE, SECOND } from '../../../src/domain/time/instant.ts'
import { createManualClock, settled } from '../../app/manual-clock.ts'
import { NOTIFIED, violation } from '../../app/notified-events.ts'
import { NOON } from '../../domain/build.ts'
import { createReports } from './deliveries.ts'
import { startReceiver } from './receiver.ts'

type HttpTarget = Extract<Target, { readonly address: string }>

const target = (address: string, overrides: Partial<HttpTarget> = {}): Target => ({
  name: 'desk',
  receiver: 'webhook',
  address,
  signingKey: undefined,
  events: [...NOTIFICATION_EVENTS],
  ...overrides,
})

const startNotifier = () => {
  const clock = createManualClock(NOON)
  const { reports, report, until } = createReports<DeliveryReport & { readonly target: string }>()
  const warned: string[] = []
  const notifier = createNotifier({
    clock,
    random: () => 1,
    outgoing: DIRECT,
    report: (name, one) => report({ ...one, target: name }),
    factsOf: () => ({ timeZone: 'UTC', cooldownMs: 0 }),
    people: () => new Map(),
    warned: (name, { violation: { username } }) => warned.push(`${name} ${username}`),
  })
  return {
    ...notifier,
    clock,
    warned,
    reports,
    until,
    async [Symbol.asyncDispose]() {
      const closed = notifier.close()
      await settled()
      await clock.advance(2 * SECOND)
      await closed
    },
  }
}

const typesOf = (received: readonly { readonly body: string }[]) =>
  received.map(({ body }) => (JSON.parse(body) as { type: string }).type)

/** A warning of this user. */
const warningOf = (username: string): CurfewEvent =>
  ({ ...NOTIFIED.warning, violation: violation({ username }) }) as CurfewEvent

describe('a principal is warned', () => {
  it('once a receiver has accepted the warning, and not while it refuses', async () => {
    let status = 500
    await using desk = await startReceiver(() => status)
    await using notifier = startNotifier()
    notifier.take([target(desk.url)])
    notifier.observe(warningOf('alice'))
    notifier.observe(NOTIFIED.terminated)
    await notifier.until(1)
    expect(notifier.warned).toEqual([])
    status = 200
    await settled()
    await notifier.clock.advance(SECOND)
    await notifier.until(3)
    expect(notifier.warned).toEqual(['desk alice'])
  })

  it('by Slack only if the message shows the name', async () => {
    await using slack = await startReceiver(() => 200)
    await using notifier = startNotifier()
    notifier.take([target(slack.url, { name: 'slack', receiver: 'slack' })])
    notifier.observe(warningOf('first'))
    await notifier.until(1)
    const people = Array.from({ length: 12 }, (_, index) => `person-${index}`)
    for (const username of people) notifier.observe(warningOf(username))
    await settled()
    await notifier.clock.advance(MINUTE)
    await notifier.until(2)
    const [, message = { body: '' }] = slack.received
    const shown = people.filter((username) => message.body.includes(`\`${username}\``))
    expect(shown).toHaveLength(10)
    expect(notifier.warned).toEqual(['first', ...shown].map((username) => `slack ${username}`))
  })
})

describe('the targets', () => {
  it('get the events of their list, each through its own outbox', async () => {
    await using slow = await startReceiver(() => 'hang')
    await using desk = await startReceiver(() => 200)
    await using notifier = startNotifier()
    notifier.take([target(slow.url, { name: 'slow' }), target(desk.url, { events: ['held', 'blind'] })])
    for (const event of NOTIFICATION_EVENTS) notifier.observe(NOTIFIED[event])
    notifier.observe({ event: 'stopped', at: NOON })
    await notifier.until(2)
    await slow.until(1)
    expect(typesOf(desk.received)).toEqual(['curfew.policy.held', 'curfew.endpoint.blind'])
    expect(typesOf(slow.received)).toEqual(['curfew.session.warning'])
  })

  it('keep their waiting notifications over a reload that does not change them', async () => {
    let works = false
    await using desk = await startReceiver(() => (works ? 200 : 500))
    await using other = await startReceiver(() => 200)
    await using notifier = startNotifier()
    notifier.take([target(desk.url)])
    notifier.observe(NOTIFIED.held)
    notifier.observe(NOTIFIED.blind)
    await notifier.until(1)
    notifier.take([target(other.url, { name: 'other' }), target(desk.url)])
    works = true
    notifier.observe(NOTIFIED.terminated)
    await notifier.until(2)
    await notifier.clock.advance(SECOND)
    await notifier.until(5)
    const inOrder = ['curfew.policy.held', 'curfew.endpoint.blind', 'curfew.session.terminated']
    expect(typesOf(desk.received.slice(1))).toEqual(inOrder)
    expect(typesOf(other.received)).toEqual(['curfew.session.terminated'])
  })

  it('that are removed have two seconds to finish, and their notifications go to no other target', async () => {
    await using former = await startReceiver(() => 'hang')
    await using next = await startReceiver(() => 200)
    await using notifier = startNotifier()
    notifier.take([target(former.url)])
    notifier.observe(NOTIFIED.held)
    notifier.observe(NOTIFIED.blind)
    await former.until(1)
    notifier.take([target(next.url)])
    notifier.observe(NOTIFIED.terminated)
    await notifier.until(1)
    await notifier.clock.advance(2 * SECOND)
    await notifier.until(2)
    expect(notifier.reports.at(-1)).toEqual({ target: 'desk', outcome: 'lost', count: 2, code: 'stopped' })
    expect(typesOf(next.received)).toEqual(['curfew.session.terminated'])
  })

  it('get their waiting notifications at the close, in parallel', async () => {
    await using slow = await startReceiver(() => 'hang')
    await using desk = await startReceiver(() => 200)
    await using notifier = startNotifier()
    notifier.take([target(slow.url, { name: 'slow' }), target(desk.url)])
    for (const event of NOTIFICATION_EVENTS) notifier.observe(NOTIFIED[event])
    const closing = notifier.close()
    await notifier.until(NOTIFICATION_EVENTS.length)
    await settled()
    await notifier.clock.advance(2 * SECOND)
    await closing
    expect(desk.received).toHaveLength(NOTIFICATION_EVENTS.length)
    expect(notifier.reports.at(-1)).toEqual({
      target: 'slow',
      outcome: 'lost',
      count: NOTIFICATION_EVENTS.length,
      code: 'stopped',
    })
  })
})

describe('the log of deliveries', () => {
  const startLog = () => {
    const clock = createManualClock(NOON)
    const lines: Record<string, unknown>[] = []
    const log = pino({ base: null, timestamp: false }, { write: (line) => lines.push(JSON.parse(line) as never) })
    return { ...createDeliveryLog(log, createNamesInLog(), clock), clock, lines }
  }

  it('reports a loss at once, later losses once a minute, and the rest at the close', async () => {
    const { tell, close, clock, lines } = startLog()
    const lost = (name: string, count: number, code = 'HTTP 404') => tell(name, { outcome: 'lost', count, code })
    const counts = () => lines.map(({ target: name, count }) => [name, count])
    lost('desk', 1)
    for (let index = 0; index < 500; index++) lost('desk', 1, 'outbox-full')
    lost('chat', 3)
    expect(counts()).toEqual([
      ['desk', 1],
      ['chat', 3],
    ])
    await clock.advance(MINUTE)
    await settled()
    expect(lines.slice(2)).toMatchObject([
      { event: 'notification-lost', target: 'desk', count: 500, code: 'outbox-full' },
    ])
    lost('desk', 7)
    expect(counts().slice(3)).toEqual([])
    close()
    expect(counts().slice(3)).toEqual([['desk', 7]])
    lost('desk', 2, 'stopped')
    expect(counts().slice(4)).toEqual([['desk', 2]])
  })

  it('reports once that deliveries fail, and once that they work again', () => {
    const { tell, lines } = startLog()
    for (const failures of [1, 2, 3]) tell('desk', { outcome: 'retried', count: 1, code: 'timeout', failures })
    tell('desk', { outcome: 'delivered', count: 1, failures: 3 })
    tell('desk', { outcome: 'delivered', count: 1, failures: 0 })
    expect(lines.map(({ event }) => event)).toEqual(['notification-delayed', 'notification-resumed'])
  })
})
