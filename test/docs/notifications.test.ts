import { describe, expect, it } from 'vitest'
import { CLOUD_EVENT_TYPES, cloudEventOf } from '../../src/adapters/notify/cloud-event.ts'
import { signatureHeaders } from '../../src/adapters/notify/signature.ts'
import { createSlackOutbox } from '../../src/adapters/notify/slack-outbox.ts'
import { type Notification, notificationOf } from '../../src/app/notification.ts'
import { personMessage } from '../../src/app/person-message.ts'
import { NOTIFICATION_EVENTS, type NotificationEvent } from '../../src/config/configuration.ts'
import { curfewJsonSchema } from '../../src/config/schema/json-schema.ts'
import { elapsedAt } from '../../src/domain/time/elapsed.ts'
import { MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { NOTIFIED, TOLD_AT } from '../app/notified-events.ts'
import { NOON } from '../domain/build.ts'
import { blocks, tableAfter } from './pages.ts'

const PAGE = 'docs/notifications.md'

const blocksIn = (language: string) =>
  blocks.filter((block) => block.page === PAGE && block.language === language).map(({ text }) => text)

const code = (cell = '') => cell.replaceAll('`', '')

const notificationFor = (event: NotificationEvent): Notification => {
  const notification = notificationOf(NOTIFIED[event], TOLD_AT)
  if (notification === undefined) throw new Error(`the event ${event} causes no notification`)
  return notification
}

describe('the page about notifications', () => {
  const examples = blocksIn('json').map((text) => JSON.parse(text) as { readonly id: string; readonly type: string })

  it('lists every event with its type', () => {
    const rows = tableAfter(PAGE, '## Events').map(([event, type]) => [code(event), code(type)])
    expect(rows).toEqual(NOTIFICATION_EVENTS.map((event) => [event, CLOUD_EVENT_TYPES[event]]))
  })

  it.each(NOTIFICATION_EVENTS)('shows the payload of %s exactly as Curfew sends it', (event) => {
    const shown = examples.filter(({ type }) => type === CLOUD_EVENT_TYPES[event])
    const sent = shown.map(({ id }) => JSON.parse(JSON.stringify(cloudEventOf(notificationFor(event), id))) as unknown)
    expect(shown).toHaveLength(1)
    expect(shown).toEqual(sent)
  })

  it('lists the keys of the schema in order', () => {
    const { notify } = curfewJsonSchema().properties as { notify: { items: { properties: object } } }
    const rows = tableAfter(PAGE, '# Notifications').map(([key]) => code(key))
    expect(rows).toEqual(Object.keys(notify.items.properties))
  })

  it('shows only messages that Curfew sends to Slack', () => {
    const messages = NOTIFICATION_EVENTS.map((event) => {
      const outbox = createSlackOutbox()
      outbox.add(notificationFor(event), elapsedAt(0))
      return (
        JSON.parse(outbox.take(elapsedAt(0))?.prepare(notificationFor(event).at).request?.body ?? '') as {
          text: string
        }
      ).text
    })
    const [channel = ''] = blocksIn('text')
    const shown = channel.trim().split('\n')
    expect(shown.length).toBeGreaterThan(1)
    expect(messages).toEqual(expect.arrayContaining(shown))
  })

  it('shows the message to a person as Curfew sends it', () => {
    const { person, at } =
      notificationOf(NOTIFIED.warning, TOLD_AT, () => ({ timeZone: 'Europe/Berlin', cooldownMs: 0 })) ?? {}
    if (person === undefined || at === undefined) throw new Error('a warning has no news for a person')
    const { text } = personMessage([person], 0, at, { value: (value) => value, link: (url) => url })
    expect(blocksIn('text')[1]).toBe(`${text}\n`)
  })
})

describe('the example receiver on the page', () => {
  const KEY = Buffer.alloc(32, 'curfew')
  const SECRET = `whsec_${KEY.toString('base64')}`
  const event = cloudEventOf(notificationFor('terminated'), 'id-1')
  const body = JSON.stringify(event)
  const headers = signatureHeaders(KEY, 'id-1', NOON, body)

  type Receive = (headers: object, body: string, secret: string, nowSeconds: number) => unknown
  const receive: Receive = async (...args) => {
    const [source = ''] = blocksIn('js')
    const module = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as { receive: Receive }
    return module.receive(...args)
  }

  it('accepts a message with a valid signature that is at most five minutes old', async () => {
    expect(await receive(headers, body, SECRET, NOON / SECOND)).toEqual(JSON.parse(body))
    const twiceSigned = { ...headers, 'webhook-signature': `v1,AAAA ${headers['webhook-signature']}` }
    expect(await receive(twiceSigned, body, SECRET, (NOON + 5 * MINUTE) / SECOND)).toBeDefined()
  })

  it.each([
    ['a changed body', headers, body.replace('alice', 'mallory'), SECRET, NOON],
    ['another id', { ...headers, 'webhook-id': 'id-2' }, body, SECRET, NOON],
    ['another key', headers, body, `whsec_${Buffer.alloc(32, 'other').toString('base64')}`, NOON],
    ['an old message', headers, body, SECRET, NOON + 5 * MINUTE + SECOND],
    ['a message from the future', headers, body, SECRET, NOON - 5 * MINUTE - SECOND],
    ['another time', { ...headers, 'webhook-timestamp': String(NOON / SECOND + 1) }, body, SECRET, NOON],
    ['no signature', { ...headers, 'webhook-signature': undefined }, body, SECRET, NOON],
    ['no headers', {}, body, SECRET, NOON],
  ])('refuses %s', async (_, sentHeaders, sentBody, secret, now) => {
    expect(await receive(sentHeaders, sentBody, secret, now / SECOND)).toBeUndefined()
  })
})
