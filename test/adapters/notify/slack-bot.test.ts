import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Target } from '../../../src/adapters/notify/target.ts'
import { readOutgoing } from '../../../src/adapters/proxy/outgoing.ts'
import { HOUR, MINUTE, SECOND } from '../../../src/domain/time/instant.ts'
import { anyText } from '../../any-text.ts'
import { OFFICE } from '../../app/notified-events.ts'
import { certificate } from '../http/certificates.ts'
import { startPersons, warningOf } from './persons.ts'
import { startSlack } from './slack-server.ts'

const MEMBERS = { 'alice@corp.example': 'U012ALICE', 'bob@corp.example': 'U012BOB' }

const targetOf = ({ token, apiUrl }: { readonly token: string; readonly apiUrl: string }): Target => ({
  name: 'chat',
  receiver: 'slackBot',
  events: ['warning'],
  token,
  apiUrl,
})

describe('a direct message in Slack', () => {
  it('says when the session ends, by which policy, why, and what to do', async () => {
    await using slack = await startSlack(MEMBERS)
    await using chat = startPersons(targetOf(slack))
    await chat.warn({})
    await chat.until(1)
    expect(slack.calls).toEqual(['users.lookupByEmail', 'chat.postMessage'])
    expect(slack.posted).toMatchObject([
      {
        channel: 'U012ALICE',
        text: [
          'Your VPN session on `office` as `alice@corp.example` ends at 13:00 Europe/Berlin, in 29 minutes.',
          'Policy `daily-reauthentication`: `connected since 2026-11-23T01:55:00Z, for 10h5m: at most 10h is allowed`.',
          'Connect again to start a new session.',
        ].join('\n'),
        fields: { parse: 'none', link_names: 'false', unfurl_links: 'false' },
      },
    ])
    expect(chat.reports).toEqual([{ outcome: 'delivered', count: 1, failures: 0 }])
    expect(chat.warned).toEqual(['chat alice@corp.example'])
  })

  it('is one for all connections of the person, and a member is looked up once an hour', async () => {
    await using slack = await startSlack(MEMBERS)
    await using chat = startPersons(targetOf(slack))
    await chat.warn(...['1', '2', '3', '4', '5'].map((connectionId) => ({ connectionId })))
    await chat.until(1)
    expect(slack.posted).toHaveLength(1)
    expect(slack.posted[0]?.text.split('\n\n')).toHaveLength(5)
    chat.clock.jump(-10 * MINUTE)
    await chat.clock.advance(MINUTE)
    await chat.warn({})
    await chat.until(2)
    expect(slack.calls.filter((method) => method === 'users.lookupByEmail')).toHaveLength(1)
    chat.clock.jump(-2 * HOUR)
    await chat.clock.advance(HOUR)
    await chat.warn({})
    await chat.until(3)
    expect(slack.calls.filter((method) => method === 'users.lookupByEmail')).toHaveLength(2)
  })

  it('has no markup from names and reasons, whatever is in them', async () => {
    await using slack = await startSlack(MEMBERS)
    await using chat = startPersons(targetOf(slack))
    const text = anyText({ maxLength: 50 })
    const nasty = fc.oneof(
      text,
      fc.constantFrom('<!channel>', '`', '``` <!here>', '\r\n>', '&lt;', '<http://a|b>', '@here'),
    )
    let count = 0
    await fc.assert(
      fc.asyncProperty(nasty, nasty, nasty, async (name, policy, because) => {
        chat.observe(warningOf({ connectionId: String(++count), policy, because }, { ...OFFICE, name }))
        // A person gets one message a minute. The request itself takes no time of this clock.
        await chat.clock.advance(count === 1 ? 2 * SECOND : 10 * SECOND)
        for (let waits = 0; chat.reports.length < count && waits < 6; waits++) await chat.clock.advance(9 * SECOND)
        await chat.until(count)
        const message = slack.posted.at(-1)?.text ?? ''
        expect(message.split('\n')).toHaveLength(3)
        expect(message).not.toMatch(/[<>\r]/)
        expect(message.replaceAll(/&(?:amp|lt|gt);/g, '')).not.toContain('&')
        expect([...message.matchAll(/`/g)].length).toBe(8)
        const ownText = message
          .split('`')
          .filter((_, index) => index % 2 === 0)
          .join('')
        expect(ownText).toMatch(/^[A-Za-z0-9 :,.()/\n-]*$/)
        chat.clock.jump(-70 * SECOND)
      }),
      { numRuns: 30 },
    )
  })
})

describe('Slack', () => {
  it('that knows no member with the address loses that message, and is not asked again for ten minutes', async () => {
    await using slack = await startSlack(MEMBERS)
    await using chat = startPersons(targetOf(slack))
    await chat.warn({ username: 'erin@corp.example' }, {})
    await chat.until(2)
    expect(chat.reports).toMatchObject([
      { outcome: 'lost', count: 1, code: 'users_not_found', advice: expect.stringContaining('"people"') as string },
      { outcome: 'delivered', count: 1 },
    ])
    await chat.clock.advance(MINUTE)
    await chat.warn({ username: 'erin@corp.example' })
    await chat.until(3)
    expect(slack.calls.filter((method) => method === 'users.lookupByEmail')).toHaveLength(2)
  })

  it('that says when to come back is asked then, with the time that is left then', async () => {
    await using slack = await startSlack(MEMBERS, (_, index) => (index === 1 ? { retryAfter: 120 } : undefined))
    await using chat = startPersons(targetOf(slack))
    await chat.warn({})
    await chat.until(1)
    expect(chat.reports).toEqual([{ outcome: 'retried', count: 1, code: 'ratelimited', failures: 1 }])
    await chat.clock.advance(2 * MINUTE - 1)
    expect(slack.calls).toHaveLength(2)
    await chat.clock.advance(1)
    await chat.until(2)
    expect(slack.posted[0]?.text).toContain('ends at 13:00 Europe/Berlin, in 27 minutes.')
  })

  it.each([
    ['invalid_auth', 'token'],
    ['token_revoked', 'token'],
    ['missing_scope', 'users:read.email and chat:write'],
  ])('that answers %s is asked again later, and the report says what to do', async (error, advice) => {
    await using slack = await startSlack(MEMBERS, (_, index) => (index === 0 ? error : undefined))
    await using chat = startPersons(targetOf(slack))
    await chat.warn({})
    await chat.until(1)
    expect(chat.reports).toMatchObject([
      { outcome: 'retried', code: error, advice: expect.stringContaining(advice) as string },
    ])
    await chat.clock.advance(SECOND)
    await chat.until(2)
    expect(slack.posted).toHaveLength(1)
  })

  it('that refuses one message for good loses that one', async () => {
    await using slack = await startSlack(MEMBERS, (_, index) => (index === 1 ? 'messages_tab_disabled' : undefined))
    await using chat = startPersons(targetOf(slack))
    await chat.warn({}, { username: 'bob@corp.example' })
    await chat.until(2)
    expect(chat.reports).toMatchObject([{ outcome: 'lost', code: 'messages_tab_disabled' }, { outcome: 'delivered' }])
    expect(slack.posted.map(({ channel }) => channel)).toEqual(['U012BOB'])
  })

  it.each([
    ['fails', 503, 'HTTP 503'],
    ['redirects', 302, 'HTTP 302'],
  ])('that %s is asked again', async (_, status, code) => {
    await using slack = await startSlack(MEMBERS, (_method, index) => (index === 0 ? status : undefined))
    await using chat = startPersons(targetOf(slack))
    await chat.warn({})
    expect(await chat.until(1)).toEqual([{ outcome: 'retried', count: 1, code, failures: 1 }])
    await chat.clock.advance(SECOND)
    await chat.until(2)
    expect(slack.posted).toHaveLength(1)
  })

  it('that hangs gets ten seconds', async () => {
    await using slack = await startSlack(MEMBERS, (_, index) => (index === 0 ? 'hang' : undefined))
    await using chat = startPersons(targetOf(slack))
    await chat.warn({})
    await slack.untilCalls(1)
    await chat.clock.advance(10 * SECOND)
    expect(await chat.until(1)).toEqual([{ outcome: 'retried', count: 1, code: 'timeout', failures: 1 }])
  })

  it('is reached with the certificates of AWS_CA_BUNDLE, as other receivers are', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'curfew-'))
    const known = certificate(folder, 'known')
    const outgoing = readOutgoing({ AWS_CA_BUNDLE: known.certFile })
    rmSync(folder, { recursive: true })
    if ('problems' in outgoing) throw new Error(outgoing.problems.join())
    await using slack = await startSlack(MEMBERS, () => undefined, known)
    await using trusting = startPersons(targetOf(slack), new Map(), outgoing)
    await trusting.warn({})
    expect(await trusting.until(1)).toMatchObject([{ outcome: 'delivered' }])
    await using doubting = startPersons(targetOf(slack))
    await doubting.warn({})
    expect(await doubting.until(1)).toMatchObject([{ outcome: 'retried', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }])
  })

  it('that is down is tried again', async () => {
    const gone = await startSlack(MEMBERS)
    await gone[Symbol.asyncDispose]()
    await using chat = startPersons(targetOf(gone))
    await chat.warn({})
    expect(await chat.until(1)).toEqual([{ outcome: 'retried', count: 1, code: 'ECONNREFUSED', failures: 1 }])
  })

  it('is asked for 50 members a minute after a burst of 20, and gets three messages a second', async () => {
    const people = Array.from({ length: 30 }, (_, index) => `person-${index}@corp.example`)
    await using slack = await startSlack(Object.fromEntries(people.map((address, index) => [address, `U${index}`])))
    await using chat = startPersons(targetOf(slack))
    await chat.warn(...people.map((username) => ({ username })))
    // The first five at once.
    await chat.until(5)
    expect(chat.reports).toHaveLength(5)
    const start = chat.clock.now()
    for (let count = 6; count <= people.length; count++) {
      const next = chat.until(count)
      for (let step = 0; step < 20 && chat.reports.length < count; step++) await chat.clock.advance(100)
      await next
    }
    expect(slack.posted).toHaveLength(30)
    // 25 more messages take eight seconds. The last ten lookups take twelve, of which the bucket refilled some.
    const tookMs = chat.clock.now() - start
    expect(tookMs).toBeGreaterThan(10 * 1000)
  })
})
