import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashSync } from 'bcryptjs'
import { describe, expect, it } from 'vitest'
import type { Answer } from './serving.ts'
import { type Serving, serve, temporaryFolder } from './serving.ts'

const PASSWORD = 'open: sesame ü'
/** As htpasswd writes them; the least cost that there is, because each of these tests pays it. */
const hash = (password: string, cost = 4) => hashSync(password, cost).replace('$2b$', '$2y$')

const basicAuthUsers = { prometheus: hash(PASSWORD), grafana: hash('another') }
const TOKEN = '0123456789abcdef0123456789abcdef'

const tokenFile = (folder: string, text = `${TOKEN}\n`) => {
  const file = join(folder, 'token')
  writeFileSync(file, text)
  return file
}

const user = Buffer.from(`prometheus:${PASSWORD}`).toString('binary')
const statusOf = async (asked: Promise<Answer>) => (await asked).status

describe('users with passwords', () => {
  it('get in with theirs, again and again', async () => {
    await using server = await serve({ basicAuthUsers })
    for (const path of ['/metrics', '/status', '/metrics', '/']) {
      expect(await statusOf(server.ask(path, { user }))).toBe(200)
    }
    expect(await statusOf(server.ask('/metrics', { user: 'grafana:another' }))).toBe(200)
  })

  it.each([
    ['no login', {}],
    ['a wrong password', { user: 'prometheus:wrong' }],
    ['the password of another', { user: 'prometheus:another' }],
    ['an unknown name', { user: 'eve:another' }],
    ['an unknown name and the first password', { user: user.replace('prometheus', 'eve') }],
    ['a name that objects have', { user: 'constructor:another' }],
    ['no name', { user: ':another' }],
    ['no password', { user: 'grafana:' }],
    ['no colon', { user: 'grafana' }],
    ['the hash', { user: `grafana:${basicAuthUsers.grafana}` }],
    ['what is not base64', { headers: { authorization: 'Basic ***' } }],
    ['nothing behind the scheme', { headers: { authorization: 'Basic' } }],
    ['another scheme', { headers: { authorization: `Digest ${btoa('grafana:another')}` } }],
    ['a token that was not asked for', { token: TOKEN }],
    ['an empty token', { headers: { authorization: 'Bearer ' } }],
  ])('are refused with %s, and told how', async (_, options) => {
    await using server = await serve({ basicAuthUsers })
    const { status, headers, body } = await server.ask('/metrics', options)
    expect([status, headers['www-authenticate']]).toEqual([401, 'Basic realm="Curfew", charset="UTF-8"'])
    expect(body).not.toContain('curfew_')
  })

  it('stay refused with a wrong password after the right one', async () => {
    await using server = await serve({ basicAuthUsers })
    const login = { user: 'grafana:another' }
    expect(await statusOf(server.ask('/metrics', login))).toBe(200)
    for (const wrong of ['grafana:wrong', 'grafana:', 'prometheus:another', 'eve:another']) {
      expect(await statusOf(server.ask('/metrics', { user: wrong }))).toBe(401)
    }
    expect(await statusOf(server.ask('/metrics', login))).toBe(200)
  })

  it('need none for the two bits, and one for all else, known or not', async () => {
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
  it('lets in whoever sends it, and nobody else', async () => {
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

  it('does as well as a password where both are set', async () => {
    using folder = temporaryFolder()
    await using server = await serve({ basicAuthUsers, bearerTokenFile: tokenFile(folder.path) })
    for (const login of [{ token: TOKEN }, { user }]) expect(await statusOf(server.ask('/metrics', login))).toBe(200)
    const { headers } = await server.ask('/metrics')
    expect(headers['www-authenticate']).toBe('Basic realm="Curfew", charset="UTF-8", Bearer realm="Curfew"')
  })

  it('is another as soon as the file was seen to hold another', async () => {
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
    ['is not there', undefined, 'unreadable'],
    ['is empty', '\n', 'invalid'],
    ['holds a guess', 'secret\n', 'invalid'],
    ['holds two lines', `${TOKEN}\n${TOKEN}\n`, 'invalid'],
  ])('whose file %s keeps the server from starting, and is not told', async (_, text, code) => {
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
  // Costly enough that those who knock are all there before the first few are answered.
  const costly = { grafana: hash('another', 8), prometheus: hash(PASSWORD) }
  const flood = (server: Serving, name: string) =>
    Array.from({ length: 30 }, (_, index) => server.ask('/metrics', { user: `${name}:wrong-${index}` }))

  it.each(['grafana', 'nobody'])('for %s is checked one by one, and turned away beyond a few', async (name) => {
    await using server = await serve({ basicAuthUsers: costly })
    const answers = await Promise.all(flood(server, name))
    const [refused, away] = [401, 429].map((code) => answers.filter(({ status }) => status === code))
    // One at work and four that wait, and whoever came when their turn was over.
    expect(refused?.length).toBeGreaterThanOrEqual(5)
    expect(away?.length).toBeGreaterThan(0)
    expect((refused?.length ?? 0) + (away?.length ?? 0)).toBe(30)
    expect(away?.map(({ headers }) => headers['retry-after'])).toEqual(away?.map(() => '5'))
  })

  it('shuts out neither who was in before, nor a token, nor the kubelet', async () => {
    using folder = temporaryFolder()
    await using server = await serve({ basicAuthUsers: costly, bearerTokenFile: tokenFile(folder.path) })
    expect(await statusOf(server.ask('/metrics', { user }))).toBe(200)
    const knocking = flood(server, 'grafana')
    await Promise.any(knocking.map(async (asked) => expect(await statusOf(asked)).toBe(429)))
    // More than could ever wait for their turn.
    const others = Array.from({ length: 10 }, () => [
      server.ask('/metrics', { user }),
      server.ask('/status', { token: TOKEN }),
      server.ask('/healthz'),
    ]).flat()
    expect(new Set(await Promise.all(others.map(statusOf)))).toEqual(new Set([200]))
    await Promise.all(knocking)
  })
})
