import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LONGEST_OUTBOX } from '../../../src/adapters/notify/outbox.ts'
import { createSlackOutbox } from '../../../src/adapters/notify/slack-outbox.ts'
import type { CurfewEvent } from '../../../src/app/events.ts'
import { notificationOf } from '../../../src/app/notification.ts'
import { NOTIFICATION_EVENTS } from '../../../src/config/configuration.ts'
import { MINUTE, NEVER } from '../../../src/domain/time/instant.ts'
import { NOTIFIED, OFFICE, TOLD_AT, violation } from '../../app/notified-events.ts'
import { NOON } from '../../domain/build.ts'
import { startDelivery, terminationOf } from './deliveries.ts'
import { startReceiver } from './receiver.ts'

const BECAUSE = violation().because

const textOf = (body = '{}') => (JSON.parse(body) as { text: string }).text

/** The message that these make, if they come together. */
const messageOf = (...events: readonly CurfewEvent[]) => {
  const outbox = createSlackOutbox()
  for (const event of events) {
    const notification = notificationOf(event, TOLD_AT)
    if (notification !== undefined) outbox.add(notification)
  }
  return textOf(outbox.take(NOON)?.body)
}

describe('a message to Slack', () => {
  it.each(NOTIFICATION_EVENTS)('tells of %s, on one line', (event) => {
    const text = messageOf(NOTIFIED[event])
    expect(text.startsWith(`*${event}*: `)).toBe(true)
    expect(text.split('\n')).toHaveLength(1)
    if (event !== 'reload-refused') expect(text).toContain('`office`')
  })

  it('says how many, by which policy and why, and names ten', () => {
    expect(messageOf(NOTIFIED.held)).toBe(
      '*held*: 12 sessions on `office` held by the guard, still connected, policy `contractors-office-hours`: ' +
        '`ext-01`, `ext-02`, `ext-03`, `ext-04`, `ext-05`, `ext-06`, `ext-07`, `ext-08`, `ext-09`, `ext-10` and 2 more',
    )
  })

  it.each([
    ['a mention of everybody', '<!channel>', '`&lt;!channel&gt;`'],
    ['a mention of a person', '<@U012AB3CD>', '`&lt;@U012AB3CD&gt;`'],
    ['a forged link', '<https://evil.example|the portal>', '`&lt;https://evil.example|the portal&gt;`'],
    ['an end of the code', 'x` <!here> `', "`x' &lt;!here&gt; '`"],
    ['a line of its own', 'x\n*held*: nothing\u2028y\u2029z', '`x *held*: nothing y z`'],
    ['an escape', 'a&amp;b', '`a&amp;amp;b`'],
  ])('takes %s in a name for a name', (_, username, shown) => {
    const outbox = createSlackOutbox()
    outbox.add(terminationOf(username))
    expect(textOf(outbox.take(NOON)?.body).endsWith(`: ${shown} (\`${BECAUSE}\`)`)).toBe(true)
  })

  it('stays short, whatever a name or a problem is like', () => {
    const long = 'a'.repeat(50_000)
    expect(messageOf({ event: 'reload-refused', problems: [long] }).length).toBeLessThan(500)
    expect(
      messageOf({ ...NOTIFIED.terminated, violation: violation({ username: long }) } as CurfewEvent).length,
    ).toBeLessThan(600)
  })

  it('never holds markup from outside, whatever names, policies and problems are called', () => {
    const text = fc.string({ unit: 'binary', maxLength: 50 })
    const nasty = fc.oneof(text, fc.constantFrom('<!channel>', '`', '``` <!here>', '\r\n>', '&lt;', '<http://a|b>'))
    fc.assert(
      fc.property(nasty, nasty, nasty, fc.constantFrom(...NOTIFICATION_EVENTS), (user, policy, name, event) => {
        const given = NOTIFIED[event] as Record<string, unknown>
        const different = {
          ...given,
          endpoint: { ...OFFICE, name },
          because: user,
          problems: [user],
          policy,
          ...('violation' in given && event !== 'held'
            ? { violation: { ...(given.violation as object), username: user, policy } }
            : {}),
        }
        const message = messageOf(different as unknown as CurfewEvent)
        expect(message).not.toMatch(/[<>\n\r\p{Cc}]/u)
        expect(message.replaceAll(/&(?:amp|lt|gt);/g, '')).not.toContain('&')
        // What came from outside is code, and code that it cannot leave.
        expect([...message.matchAll(/`/g)].length % 2).toBe(0)
        const ours = message
          .split('`')
          .filter((_, index) => index % 2 === 0)
          .join('')
        expect(ours).toMatch(/^[A-Za-z0-9 *:,.()-]*$/)
      }),
    )
  })
})

describe('Slack', () => {
  it('is told at once, and then no more than once a minute of one event, policy and endpoint', async () => {
    await using receiver = await startReceiver(() => 200)
    await using delivery = startDelivery(receiver.url, createSlackOutbox())
    delivery.add(terminationOf('first'))
    await delivery.until(1)
    for (let index = 0; index < 240; index++) delivery.add(terminationOf(`person-${index}`))
    delivery.add(terminationOf('bob', { policy: 'leavers' }))
    await delivery.until(2)
    delivery.add(terminationOf('carol', { endpoint: { ...OFFICE, id: 'cvpn-endpoint-0123456789abcdef1' } }))
    await delivery.until(3)
    await delivery.clock.advance(MINUTE - 1)
    expect(receiver.received).toHaveLength(3)
    await delivery.clock.advance(1)
    await delivery.until(4)
    expect(delivery.reports.at(-1)).toEqual({ outcome: 'delivered', count: 240, failures: 0 })
    const text = textOf(receiver.received[3]?.body)
    expect(text).toContain('240 sessions')
    expect(text).toContain('`person-0`')
    expect(text).toContain('`person-9` and 230 more')
    expect(receiver.received[0]?.headers['content-type']).toContain('application/json')
  })

  it('loses nothing of a mass cut while it does not answer: one message tells it all', async () => {
    let answer = () => {}
    const later = new Promise<void>((resolve) => {
      answer = resolve
    })
    await using receiver = await startReceiver((_, index) => (index === 0 ? { later } : 200))
    await using delivery = startDelivery(receiver.url, createSlackOutbox())
    delivery.add(terminationOf('first'))
    await receiver.until(1)
    for (let index = 0; index < 7000; index++) delivery.add(terminationOf(`person-${index}`))
    answer()
    await delivery.until(1)
    await delivery.clock.advance(MINUTE)
    await delivery.until(2)
    expect([delivery.delivered(), delivery.lost(), receiver.received.length]).toEqual([7001, 0, 2])
  })

  it('is told everything at the end, whatever the minute', async () => {
    await using receiver = await startReceiver(() => 200)
    await using delivery = startDelivery(receiver.url, createSlackOutbox())
    delivery.add(terminationOf('first'))
    await delivery.until(1)
    for (let index = 0; index < 3; index++) delivery.add(terminationOf(`person-${index}`))
    await delivery.close()
    expect([delivery.delivered(), delivery.lost()]).toEqual([4, 0])
  })
})

describe('what waits for Slack', () => {
  it('is bounded: the oldest message goes, with all it stands for', () => {
    const outbox = createSlackOutbox()
    let lost = 0
    for (let index = 0; index < LONGEST_OUTBOX; index++) {
      for (const name of ['alice', 'bob']) lost += outbox.add(terminationOf(name, { policy: `policy-${index}` }))
    }
    expect(lost).toBe(0)
    expect(outbox.add(terminationOf('carol', { policy: 'one-more' }))).toBe(2)
    expect(outbox.clear()).toBe(2 * LONGEST_OUTBOX - 1)
    expect([outbox.clear(), outbox.dueAt(), outbox.take(NEVER)]).toEqual([0, NEVER, undefined])
  })

  it('does not wait for a clock that was set back to come round again', () => {
    const outbox = createSlackOutbox()
    outbox.add(terminationOf('alice'))
    expect(outbox.take(NOON)).toBeDefined()
    outbox.add(terminationOf('bob'))
    expect(outbox.take(NOON + MINUTE - 1)).toBeUndefined()
    expect(outbox.take(NOON - 60 * MINUTE)).toBeDefined()
  })
})
