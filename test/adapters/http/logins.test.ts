import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashSync } from 'bcryptjs'
import { describe, expect, it } from 'vitest'
import type { Answer } from './serving.ts'
import { type Serving, serve, temporaryFolder } from './serving.ts'

const PASSWORD = 'open: sesame ü'
/** A hash as htpasswd writes it, at bcrypt's lowest cost, because each test pays for it. */
const hash = (password: string, cost = 4) => hashSync(password, cost).replace('$2b$', '$2y$')

const basicAuthUsers = { prometheus: hash(PASSWORD), grafana: hash('another') }
const TOKEN = '0123456789abcdef0123456789abcdef'

const tokenFile = (folder: string, text = `${TOKEN}\n`) => {
  const file = join(folder, 'token')
  writeFileSync(file, text)
  return file
}

const user = Buffer.from(`prometheus:${PASSWORD}`).toString('binary')
const statusOf = async (answer: Promise<Answer>) => (await answer).status

describe('users with passwords', () => {
  it('are admitted with their own password, repeatedly', async () => {
    await using server = await serve({ basicAuthUsers })
    for (const path of ['/metrics', '/status', '/metrics', '/']) {
      expect(await statusOf(server.ask(path, { user }))).toBe(200)
    }
    expect(await statusOf(server.ask('/metrics', { user: 'grafana:another' }))).toBe(200)
  })

  it.each([
    ['no login', {}],
    ['a wrong password', { user: 'prometheus:wrong' }],
    ['the password of another user', { user: 'prometheus:another' }],
    ['an unknown name', { user: 'eve:another' }],
    ['an unknown name and the first password', { user: user.replace('prometheus', 'eve') }],
    ['the name of an object property', { user: 'constructor:another' }],
    ['no name', { user: ':another' }],
    ['no password', { user: 'grafana:' }],
    ['no colon', { user: 'grafana' }],
    ['the hash', { user: `grafana:${basicAuthUsers.grafana}` }],
    ['credentials that are not base64', { headers: { authorization: 'Basic ***' } }],
    ['nothing behind the scheme', { headers: { authorization: 'Basic' } }],
    ['another scheme', { headers: { authorization: `Digest ${btoa('grafana:another')}` } }],
    ['a token where none is configured', { token: TOKEN }],
    ['an empty token', { headers: { authorization: 'Bearer ' } }],
  ])('are refused with %s, with the accepted scheme in the answer', async (_, options) => {
    await using server = await serve({ basicAuthUsers })
    const { status, headers, body } = await server.ask('/metrics', options)
    expect([status, headers['www-authenticate']]).toEqual([401, 'Basic realm="Curfew", charset="UTF-8"'])
    expect(body).not.toContain('curfew_')
  })

  it('are refused with a wrong password also after the right one', async () => {
    await using server = await serve({ basicAuthUsers })
    const login = { user: 'grafana:another' }
    expect(await statusOf(server.ask('/metrics', login))).toBe(200)
    for (const wrong of ['grafana:wrong', 'grafana:', 'prometheus:another', 'eve:another']) {
      expect(await statusOf(server.ask('/metrics', { user: wrong }))).toBe(401)
    }
    expect(await statusOf(server.ask('/metrics', login))).toBe(200)
  })

  it('need no password for the two health checks, and one for every other path', async () => {
    await using server = await serve({ basicAuthUsers })
    for (const path of ['/healthz', '/readyz', '/%68ealthz', '/healthz?x']) {
      expect(await statusOf(server.ask(path))).toBe(200)
    }
    for (const path of [
      '/',
      '/metrics',
      '/%6detrics',
      '/metrics?/healthz',
      '/status',
      '/nothing',
      '/healthz/../metrics',
    ]) {
      expect([path, await statusOf(server.ask(path))]).toEqual([path, 401])
      expect([path, await statusOf(server.ask(path, { method: 'HEAD' }))]).toEqual([path, 401])
    }
    expect(await statusOf(server.ask('/metrics', { method: 'POST' }))).toBe(401)
  })
})

describe('a token', () => {
  it('admits clients that send it, and no others', async () => {
    using folder = temporaryFolder()
    await using server = await serve({ bearerTokenFile: tokenFile(folder.path) })
    expect(await statusOf(server.ask('/metrics', { token: TOKEN }))).toBe(200)
    expect(await statusOf(server.ask('/metrics', { headers: { authorization: `bearer ${TOKEN}` } }))).toBe(200)
    for (const token of [`${TOKEN}0`, TOKEN.slice(1), TOKEN.toUpperCase()]) {
      const { status, headers } = await server.ask('/metrics', { token })
      expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer realm="Curfew"'])
    }
    expect(await statusOf(server.ask('/metrics', { user: `x:${TOKEN}` }))).toBe(401)
  })

  it('is accepted beside passwords if both are configured', async () => {
    using folder = temporaryFolder()
    await using server = await serve({ basicAuthUsers, bearerTokenFile: tokenFile(folder.path) })
    for (const login of [{ token: TOKEN }, { user }]) expect(await statusOf(server.ask('/metrics', login))).toBe(200)
    const { headers } = await server.ask('/metrics')
    expect(headers['www-authenticate']).toBe('Basic realm="Curfew", charset="UTF-8", Bearer realm="Curfew"')
  })

  it('is replaced within a minute after its file changes', async () => {
    using folder = temporaryFolder()
    const file = tokenFile(folder.path)
    await using server = await serve({ bearerTokenFile: file })
    const next = TOKEN.replaceAll('0', 'f')
    tokenFile(folder.path, next)
    await server.minute()
    expect(await statusOf(server.ask('/metrics', { token: next }))).toBe(200)
    expect(await statusOf(server.ask('/metrics', { token: TOKEN }))).toBe(401)
    expect(JSON.stringify(server.lines)).not.toContain(next)
  })

  it.each([
    ['does not exist', undefined, 'unreadable'],
    ['is empty', '\n', 'invalid'],
    ['holds a guess', 'secret\n', 'invalid'],
    ['holds two lines', `${TOKEN}\n${TOKEN}\n`, 'invalid'],
  ])('whose file %s prevents the start, and is not in the error', async (_, text, code) => {
    using folder = temporaryFolder()
    const file = text === undefined ? join(folder.path, 'none') : tokenFile(folder.path, text)
    const error = await serve({ bearerTokenFile: file }).then(
      () => undefined,
      (refused: Error) => refused,
    )
    expect(error).toMatchObject({ name: 'CredentialsError', code })
    expect(error?.message).toContain(file)
    expect(error?.message).not.toContain(text?.trim() || '\n')
  })
})

describe('a flood of wrong passwords', () => {
  // The cost is high enough that all requests arrive before the first few are answered.
  const costly = { grafana: hash('another', 8), prometheus: hash(PASSWORD) }
  const flood = (server: Serving, name: string) =>
    Array.from({ length: 30 }, (_, index) => server.ask('/metrics', { user: `${name}:wrong-${index}` }))

  it.each(['grafana', 'nobody'])(
    'for %s is checked one at a time, and answered 429 beyond a few in the queue',
    async (name) => {
      await using server = await serve({ basicAuthUsers: costly })
      const answers = await Promise.all(flood(server, name))
      const [refused, rejected] = [401, 429].map((code) => answers.filter(({ status }) => status === code))
      // One check runs and four wait; requests that arrive after the first answers are checked too.
      expect(refused?.length).toBeGreaterThanOrEqual(5)
      expect(rejected?.length).toBeGreaterThan(0)
      expect((refused?.length ?? 0) + (rejected?.length ?? 0)).toBe(30)
      expect(rejected?.map(({ headers }) => headers['retry-after'])).toEqual(rejected?.map(() => '5'))
    },
  )

  it('blocks neither a user with a recognised password, nor a token, nor the kubelet', async () => {
    using folder = temporaryFolder()
    await using server = await serve({ basicAuthUsers: costly, bearerTokenFile: tokenFile(folder.path) })
    expect(await statusOf(server.ask('/metrics', { user }))).toBe(200)
    const wrongLogins = flood(server, 'grafana')
    await Promise.any(wrongLogins.map(async (answer) => expect(await statusOf(answer)).toBe(429)))
    // More requests than the queue of password checks holds.
    const others = Array.from({ length: 10 }, () => [
      server.ask('/metrics', { user }),
      server.ask('/status', { token: TOKEN }),
      server.ask('/healthz'),
    ]).flat()
    expect(new Set(await Promise.all(others.map(statusOf)))).toEqual(new Set([200]))
    await Promise.all(wrongLogins)
  })
})

describe('failed logins', () => {
  it('are counted, and logged at once and then once a minute, without the name that was tried', async () => {
    await using server = await serve({ basicAuthUsers })
    for (let count = 0; count < 5; count++) {
      expect(await statusOf(server.ask('/metrics', { user: 'secret-name:wrong' }))).toBe(401)
    }
    // A browser asks without a login first.
    expect(await statusOf(server.ask('/metrics'))).toBe(401)
    expect(server.failedLogins).toEqual(Array(5).fill('refused'))
    const logged = () => server.lines.filter(({ event }) => event === 'login-failed').map(({ count }) => count)
    expect(logged()).toEqual([1])
    await server.minute()
    expect(logged()).toEqual([1, 4])
    expect(await statusOf(server.ask('/metrics', { user: 'secret-name:wrong' }))).toBe(401)
    expect(logged()).toEqual([1, 4])
    await server.minute()
    expect(logged()).toEqual([1, 4, 1])
    expect(server.lines.map(({ address }) => address)).toContain('127.0.0.1')
    expect(JSON.stringify(server.lines)).not.toContain('secret-name')
  })
})
