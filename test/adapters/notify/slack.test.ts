import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LONGEST_OUTBOX } from '../../../src/adapters/notify/outbox.ts'
import { createSlackOutbox } from '../../../src/adapters/notify/slack-outbox.ts'
import type { CurfewEvent } from '../../../src/app/events.ts'
import { notificationOf } from '../../../src/app/notification.ts'
import { NOTIFICATION_EVENTS } from '../../../src/config/configuration.ts'
import { elapsedAt, FAR_AHEAD, plusMs } from '../../../src/domain/time/elapsed.ts'
import { MINUTE } from '../../../src/domain/time/instant.ts'
import { anyText } from '../../any-text.ts'
import { NOTIFIED, OFFICE, TOLD_AT, violation } from '../../app/notified-events.ts'
import { startDelivery, terminationOf } from './deliveries.ts'
import { startReceiver } from './receiver.ts'

const START = elapsedAt(0)
const BECAUSE = violation().because

const textOf = (body = '{}') => (JSON.parse(body) as { text: string }).text

/** The message that contains all these events. */
const messageOf = (...events: readonly CurfewEvent[]) => {
  const outbox = createSlackOutbox()
  for (const event of events) {
    const notification = notificationOf(event, TOLD_AT)
    if (notification !== undefined) outbox.add(notification, START)
  }
  return textOf(outbox.take(START)?.prepare(TOLD_AT).request?.body)
}

describe('a message to Slack', () => {
  it.each(NOTIFICATION_EVENTS)('reports %s on one line', (event) => {
    const text = messageOf(NOTIFIED[event])
    expect(text.startsWith(`*${event}*: `)).toBe(true)
    expect(text.split('\n')).toHaveLength(1)
    if (event !== 'reload-refused' && event !== 'audit-head') expect(text).toContain('`office`')
  })

  it('gives the number, the endpoint, the policy and ten names, and says what to do', () => {
    expect(messageOf(NOTIFIED.held)).toBe(
      '*held*: the guard holds policy `contractors-office-hours` on `office` since `2026-11-23T12:00:00.000Z`. ' +
        'It would end 12 of 20 connections now: `ext-01`, `ext-02`, `ext-03`, `ext-04`, `ext-05`, `ext-06`, `ext-07`, ' +
        '`ext-08`, `ext-09`, `ext-10` and 2 more, and 5 more within 24h. It ends nobody there until it is edited. ' +
        'Fix the policy; or, if these connections are to end, write `guard: off` in it',
    )
  })

  it.each([
    ['a mention of everybody', '<!channel>', '`&lt;!channel&gt;`'],
    ['a mention of a person', '<@U012AB3CD>', '`&lt;@U012AB3CD&gt;`'],
    ['a forged link', '<https://evil.example|the portal>', '`&lt;https://evil.example|the portal&gt;`'],
    ['a backquote', 'x` <!here> `', "`x' &lt;!here&gt; '`"],
    ['a line break', 'x\n*held*: nothing\u2028y\u2029z', '`x *held*: nothing y z`'],
    ['an HTML entity', 'a&amp;b', '`a&amp;amp;b`'],
  ])('shows %s in a user name as plain text', (_, username, shown) => {
    const outbox = createSlackOutbox()
    outbox.add(terminationOf(username), START)
    expect(textOf(outbox.take(START)?.prepare(TOLD_AT).request?.body).endsWith(`: ${shown} (\`${BECAUSE}\`)`)).toBe(
      true,
    )
  })

  it('stays short with a very long name or problem', () => {
    const long = 'a'.repeat(50_000)
    expect(messageOf({ event: 'reload-refused', source: 'files', problems: [long] }).length).toBeLessThan(500)
    expect(
      messageOf({ ...NOTIFIED.terminated, violation: violation({ username: long }) } as CurfewEvent).length,
    ).toBeLessThan(600)
  })

  it('never contains markup from user names, endpoint names, policies or problems', () => {
    const text = anyText({ maxLength: 50 })
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
          ...('examples' in given ? { examples: [{ ...(given.examples as object[])[0], username: user }] } : {}),
          ...('violation' in given ? { violation: { ...(given.violation as object), username: user, policy } } : {}),
        }
        const message = messageOf(different as unknown as CurfewEvent)
        expect(message).not.toMatch(/[<>\n\r\p{Cc}]/u)
        expect(message.replaceAll(/&(?:amp|lt|gt);/g, '')).not.toContain('&')
        // Text from outside is inside code, and cannot end the code.
        expect([...message.matchAll(/`/g)].length % 2).toBe(0)
        const ownText = message
          .split('`')
          .filter((_, index) => index % 2 === 0)
          .join('')
        expect(ownText).toMatch(/^[A-Za-z0-9 *:;,.()-]*$/)
      }),
    )
  })
})

describe('Slack', () => {
  it('gets the first message at once, and then one a minute for each event, policy and endpoint', async () => {
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
    expect(text).toContain('240 connections')
    expect(text).toContain('`person-0`')
    expect(text).toContain('`person-9` and 230 more')
    expect(receiver.received[0]?.headers['content-type']).toContain('application/json')
  })

  it('gets 7,000 terminations in one message after it did not answer for a while', async () => {
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

  it('gets every waiting message at the close, without the pause of a minute', async () => {
    await using receiver = await startReceiver(() => 200)
    await using delivery = startDelivery(receiver.url, createSlackOutbox())
    delivery.add(terminationOf('first'))
    await delivery.until(1)
    for (let index = 0; index < 3; index++) delivery.add(terminationOf(`person-${index}`))
    await delivery.close()
    expect([delivery.delivered(), delivery.lost()]).toEqual([4, 0])
  })
})

describe('the outbox for Slack', () => {
  it('is bounded: it drops the oldest message with all its notifications', () => {
    const outbox = createSlackOutbox()
    let lost = 0
    for (let index = 0; index < LONGEST_OUTBOX; index++) {
      for (const name of ['alice', 'bob'])
        lost += outbox.add(terminationOf(name, { policy: `policy-${index}` }), START).count
    }
    expect(lost).toBe(0)
    expect(outbox.add(terminationOf('carol', { policy: 'one-more' }), START).count).toBe(2)
    expect(outbox.clear().count).toBe(2 * LONGEST_OUTBOX - 1)
    expect([outbox.clear().count, outbox.msUntilDue(START), outbox.take(FAR_AHEAD)]).toEqual([0, Infinity, undefined])
  })

  it('sends the next message a minute of elapsed time later', () => {
    const outbox = createSlackOutbox()
    outbox.add(terminationOf('alice'), START)
    expect(outbox.take(START)).toBeDefined()
    outbox.add(terminationOf('bob'), START)
    expect(outbox.msUntilDue(plusMs(START, 1000))).toBe(MINUTE - 1000)
    expect(outbox.take(plusMs(START, MINUTE - 1))).toBeUndefined()
    expect(outbox.take(plusMs(START, MINUTE))).toBeDefined()
  })
})
