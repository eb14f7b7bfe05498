import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { Target } from '../../../src/adapters/notify/target.ts'
import { readOutgoing } from '../../../src/adapters/proxy/outgoing.ts'
import { MINUTE, SECOND } from '../../../src/domain/time/instant.ts'
import { anyText } from '../../any-text.ts'
import { settled } from '../../app/manual-clock.ts'
import { OFFICE } from '../../app/notified-events.ts'
import { certificate } from '../http/certificates.ts'
import { startPersons, warningOf } from './persons.ts'
import { startSmtpServer } from './smtp-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'curfew-'))
const known = certificate(folder, 'known')
const unknown = certificate(folder, 'unknown')
afterAll(() => rmSync(folder, { recursive: true }))

type MailTarget = Extract<Target, { readonly receiver: 'email' }>

const targetOf = (port: number, different: Partial<MailTarget> = {}): MailTarget => ({
  name: 'mail',
  receiver: 'email',
  events: ['warning', 'terminated'],
  smarthost: { host: '127.0.0.1', port },
  from: 'Das VPN-Büro <vpn@corp.example>',
  username: 'curfew',
  password: 'hush-hush',
  requireTls: true,
  ca: known.cert.toString(),
  rate: { burst: 100, perSecond: 100 },
  ...different,
})

const LOGIN = 'curfew:hush-hush'

describe('a mail to a person', () => {
  it('says when the session ends, by which policy, why, and what to do', async () => {
    await using server = await startSmtpServer({ certificate: known, login: LOGIN })
    await using mail = startPersons(targetOf(server.port))
    await mail.warn({})
    const [received] = await server.untilMails(1)
    expect(received).toMatchObject({
      tls: true,
      authenticated: true,
      sender: 'vpn@corp.example',
      recipients: ['alice@corp.example'],
      contentType: 'text/plain',
      defects: [],
    })
    expect(received?.text).toBe(
      [
        'Your VPN session on office as alice@corp.example ends at 13:00 Europe/Berlin, in 29 minutes.',
        'Policy daily-reauthentication: connected since 2026-11-23T01:55:00Z, for 10h5m: at most 10h is allowed.',
        'Connect again to start a new session.',
        '',
      ].join('\n'),
    )
    const headers = Object.fromEntries(received?.headers ?? [])
    expect(headers).toMatchObject({
      From: 'Das VPN-Büro <vpn@corp.example>',
      To: 'alice@corp.example',
      Subject: 'Your VPN session on office ends at 13:00 Europe/Berlin',
      'Auto-Submitted': 'auto-generated',
      'Message-ID': expect.stringMatching(/^<[0-9a-f-]{36}@corp\.example>$/) as string,
    })
    await mail.until(1)
    expect(mail.reports).toEqual([{ outcome: 'delivered', count: 1, failures: 0 }])
    expect(mail.warned).toEqual(['mail alice@corp.example'])
  })

  it('is one for all connections of the person', async () => {
    await using server = await startSmtpServer({ certificate: known, login: LOGIN })
    await using mail = startPersons(targetOf(server.port))
    const ids = Array.from({ length: 5 }, (_, index) => `cvpn-connection-0123456789abcdef${index}`)
    await mail.warn(...ids.map((connectionId) => ({ connectionId })), { username: 'bob@corp.example' })
    const received = await server.untilMails(2)
    const alice = received.find(({ recipients }) => recipients[0] === 'alice@corp.example')
    expect(alice?.text.split('\n\n')).toHaveLength(5)
    expect(Object.fromEntries(alice?.headers ?? []).Subject).toBe(
      '5 VPN sessions of yours: the first ends at 13:00 Europe/Berlin',
    )
    await mail.until(2)
    expect(mail.warned.filter((line) => line === 'mail alice@corp.example')).toHaveLength(5)
  })

  it('goes to the address that people has, by the name as it is compared', async () => {
    await using server = await startSmtpServer({ certificate: known, login: LOGIN })
    const people = new Map([
      ['corp\\bob', 'bob@corp.example'],
      ['laptop-17', 'carol@corp.example'],
      ['dave@corp.example', 'dave.miller@corp.example'],
    ])
    await using mail = startPersons(targetOf(server.port), people)
    await mail.warn(
      { username: 'CORP\\Bob ', commonName: undefined },
      { username: undefined, commonName: 'Laptop-17' },
      { username: 'dave@corp.example' },
      { username: 'erin', commonName: 'laptop-18' },
      { username: 'mallory@corp.example\r\nBcc: frank@corp.example', commonName: undefined },
    )
    const received = await server.untilMails(3)
    expect(received.flatMap(({ recipients }) => recipients).sort()).toEqual([...people.values()].sort())
    await mail.until(5)
    expect(mail.reports.filter(({ outcome }) => outcome === 'no-address')).toMatchObject([
      { name: 'erin' },
      { name: 'mallory@corp.example\r\nBcc: frank@corp.example' },
    ])
  })

  it('has no header, recipient or line from names and reasons, whatever is in them', async () => {
    await using server = await startSmtpServer({ certificate: known, login: LOGIN })
    await using mail = startPersons(targetOf(server.port))
    const text = anyText({ maxLength: 60 })
    const nasty = fc.oneof(
      text,
      fc.constantFrom(
        'x\r\nBcc: mallory@corp.example',
        '\n.\nMAIL FROM:<m@x>',
        '=?utf-8?q?x?=',
        'Jürgen 山田',
        '\r\n\r\n',
      ),
    )
    let count = 0
    await fc.assert(
      fc.asyncProperty(nasty, nasty, nasty, async (name, policy, because) => {
        const username = `person-${++count}@corp.example`
        mail.observe(warningOf({ username, policy, because }, { ...OFFICE, name }))
        await mail.clock.advance(2 * SECOND)
        const received = (await server.untilMails(count)).at(-1)
        expect(received?.recipients).toEqual([username])
        expect(received?.defects).toEqual([])
        expect(received?.text.trimEnd().split('\n')).toHaveLength(3)
        expect(received?.headers.map(([header]) => header).sort()).toEqual(HEADERS)
      }),
      { numRuns: 30 },
    )
    expect(server.of('rcpt')).toHaveLength(count)
  })

  it('shows names in every alphabet', async () => {
    await using server = await startSmtpServer({ certificate: known, login: LOGIN })
    await using mail = startPersons(targetOf(server.port))
    mail.observe(warningOf({ because: 'зачем? 山田 🚪' }, { ...OFFICE, name: 'Büro Köln' }))
    await mail.clock.advance(2 * SECOND)
    const [received] = await server.untilMails(1)
    expect(received?.text).toContain('зачем? 山田 🚪')
    expect(Object.fromEntries(received?.headers ?? []).Subject).toContain('Büro Köln')
  })
})

const HEADERS = [
  'Auto-Submitted',
  'Content-Transfer-Encoding',
  'Content-Type',
  'Date',
  'From',
  'MIME-Version',
  'Message-ID',
  'Subject',
  'To',
  'X-Auto-Response-Suppress',
]

describe('a mail server', () => {
  it('that refuses a recipient or a message for good loses that one, and gets the others', async () => {
    await using server = await startSmtpServer({ certificate: known, login: LOGIN })
    await using mail = startPersons(targetOf(server.port))
    await mail.warn({ username: 'unknown@corp.example' }, { username: 'spam@corp.example' }, {})
    await mail.until(3)
    expect(mail.reports).toMatchObject([
      { outcome: 'lost', count: 1, code: 'SMTP 550 5.1.1', advice: expect.stringContaining('"people"') as string },
      { outcome: 'lost', count: 1, code: 'SMTP 554 5.7.1' },
      { outcome: 'delivered' },
    ])
    expect(server.mails().flatMap(({ recipients }) => recipients)).toEqual(['alice@corp.example'])
  })

  it('that refuses a recipient for the moment gets the others meanwhile, and that one a minute later', async () => {
    await using server = await startSmtpServer({ certificate: known, login: LOGIN })
    await using mail = startPersons(targetOf(server.port))
    await mail.warn({ username: 'busy@corp.example' }, {})
    await mail.until(2)
    expect(mail.reports).toMatchObject([{ outcome: 'retried', code: 'SMTP 450 4.2.1' }, { outcome: 'delivered' }])
    await mail.clock.advance(MINUTE - 1)
    expect(server.mails()).toHaveLength(1)
    await mail.clock.advance(1)
    const [, late] = await server.untilMails(2)
    expect(late?.text).toContain('ends at 13:00 Europe/Berlin, in 28 minutes.')
  })

  it.each([
    ['the login', { password: 'wrong' }, 'SMTP 535 5.7.8', '"username" and "password"', 5 * MINUTE],
    ['the sender', { from: 'refused@corp.example' }, 'SMTP 553 5.7.1', '"from"', SECOND],
  ])(
    'that refuses %s is asked again after a while, and the report says what to do',
    async (_, wrong, code, advice, pauseMs) => {
      await using server = await startSmtpServer({ certificate: known, login: LOGIN })
      await using mail = startPersons(targetOf(server.port, wrong))
      await mail.warn({})
      await mail.until(1)
      const refused = { outcome: 'retried', code, advice: expect.stringContaining(advice) as string }
      expect(mail.reports).toMatchObject([refused])
      await mail.clock.advance(pauseMs - 1)
      expect(mail.reports).toHaveLength(1)
      await mail.clock.advance(1)
      expect(await mail.until(2)).toMatchObject([refused, refused])
      expect(server.mails()).toEqual([])
    },
  )

  it('gets no mail and no password without STARTTLS, nor with a certificate that nobody knows', async () => {
    await using plain = await startSmtpServer({ login: LOGIN })
    await using forged = await startSmtpServer({ certificate: unknown, login: LOGIN })
    for (const [server, code] of [
      [plain, 'ETLS'],
      [forged, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ] as const) {
      await using mail = startPersons(targetOf(server.port))
      await mail.warn({})
      await mail.until(1)
      expect(mail.reports).toMatchObject([
        { outcome: 'retried', code, advice: expect.stringContaining('"caFile"') as string },
      ])
      expect([...server.of('login'), ...server.of('mail')]).toEqual([])
    }
  })

  it('is trusted with a certificate of AWS_CA_BUNDLE as well', async () => {
    await using server = await startSmtpServer({ certificate: known, login: LOGIN })
    const outgoing = readOutgoing({ AWS_CA_BUNDLE: known.certFile })
    if ('problems' in outgoing) throw new Error(outgoing.problems.join())
    await using mail = startPersons(targetOf(server.port, { ca: undefined }), new Map(), outgoing)
    await mail.warn({})
    expect(await server.untilMails(1)).toMatchObject([{ tls: true }])
  })

  it('on this machine may do without TLS and login', async () => {
    await using server = await startSmtpServer()
    const different = { requireTls: false, username: undefined, password: undefined }
    await using mail = startPersons(targetOf(server.port, different))
    await mail.warn({})
    expect((await server.untilMails(1))[0]).toMatchObject({ tls: false, authenticated: false })
  })

  it('gets no more mails than it accepts', async () => {
    await using server = await startSmtpServer({ certificate: known, login: LOGIN })
    await using mail = startPersons(targetOf(server.port, { rate: { burst: 2, perSecond: 0.5 } }))
    await mail.warn(...['a', 'b', 'c', 'd'].map((one) => ({ username: `${one}@corp.example` })))
    await mail.until(2)
    await mail.clock.advance(2 * SECOND - 1)
    expect(mail.reports).toHaveLength(2)
    await mail.clock.advance(1)
    await mail.until(3)
    await mail.clock.advance(2 * SECOND)
    expect(await server.untilMails(4)).toHaveLength(4)
  })

  it('that is down gets the mail when it is up, with the time that is left then', async () => {
    const port = await freePort()
    await using mail = startPersons(targetOf(port))
    await mail.warn({})
    await mail.until(1)
    expect(mail.reports).toEqual([{ outcome: 'retried', count: 1, code: 'ECONNREFUSED', failures: 1 }])
    mail.clock.jump(10 * MINUTE)
    await using server = await startSmtpServer({ certificate: known, login: LOGIN, port })
    await mail.clock.advance(SECOND)
    const [received] = await server.untilMails(1)
    expect(received?.text).toContain('ends at 13:00 Europe/Berlin, in 19 minutes.')
  })

  it('gets no warning of a session that has ended: the loss is counted, and no principal was warned', async () => {
    const port = await freePort()
    await using mail = startPersons(targetOf(port))
    await mail.warn({}, { connectionId: 'another' })
    await mail.until(1)
    mail.clock.jump(30 * MINUTE)
    await mail.clock.advance(SECOND)
    await mail.until(2)
    expect(mail.reports.at(-1)).toEqual({ outcome: 'lost', count: 2, code: 'too-late' })
    expect(mail.warned).toEqual([])
    expect(mail.notWarned).toEqual(['mail alice@corp.example too-late', 'mail alice@corp.example too-late'])
  })

  it('is not kept waiting by warnings that come too late', async () => {
    await using server = await startSmtpServer({ certificate: known, login: LOGIN })
    await using mail = startPersons(targetOf(server.port, { rate: { burst: 1, perSecond: 1 / 60 } }))
    await mail.warn(...['a', 'b', 'c', 'd'].map((one) => ({ username: `${one}@corp.example` })))
    await mail.until(1)
    mail.clock.jump(60 * MINUTE)
    await mail.clock.advance(MINUTE)
    await mail.until(4)
    expect(mail.notWarned).toEqual(['b', 'c', 'd'].map((one) => `mail ${one}@corp.example too-late`))
    expect(mail.reports.filter(({ outcome }) => outcome === 'lost')).toHaveLength(3)
  })

  it('gets nothing of a person without an address, and that person was not warned', async () => {
    await using server = await startSmtpServer({ certificate: known, login: LOGIN })
    await using mail = startPersons(targetOf(server.port))
    await mail.warn({ username: 'CORP\\nobody', commonName: undefined })
    await mail.until(1)
    expect(mail.notWarned).toEqual(['mail CORP\\nobody no-address'])
  })

  it('that never greets gets ten seconds, and two at the close', async () => {
    await using server = await startSmtpServer({ silent: true })
    await using mail = startPersons(targetOf(server.port))
    await mail.warn({})
    await mail.clock.advance(10 * SECOND)
    expect(await mail.until(1)).toEqual([{ outcome: 'retried', count: 1, code: 'timeout', failures: 1 }])
    await mail.clock.advance(SECOND)
    const closing = mail.close()
    await settled()
    await mail.clock.advance(2 * SECOND)
    await closing
    expect(mail.reports.at(-1)).toEqual({ outcome: 'lost', count: 1, code: 'stopped' })
  })
})

/** A port on which nothing listens. */
const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
