import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createExtensionLinks } from '../../../src/adapters/http/extension-link.ts'
import type { ExtensionRight } from '../../../src/app/extension-right.ts'
import type { Connection } from '../../../src/domain/connection.ts'
import { HOUR, MINUTE, SECOND } from '../../../src/domain/time/instant.ts'
import { assignment, startWorld } from '../../app/world.ts'
import { connection, NOON, PLACE, policy } from '../../domain/build.ts'
import { accessibilityProblems, scrollsSideways, startBrowser } from './browser.ts'
import { serve } from './serving.ts'

type Browser = Awaited<ReturnType<typeof startBrowser>>

let browser: Browser

beforeAll(async () => {
  browser = await startBrowser()
})

afterAll(async () => {
  await browser[Symbol.asyncDispose]()
})

const KEY = '0123456789abcdef0123456789abcdef'
const ENDS_AT = NOON + 10 * MINUTE
const daily = policy(
  'max-session-age',
  { maxAge: '8h' },
  { name: 'daily', guard: 'off', warn: [15 * MINUTE], extend: { byMs: HOUR, times: 2 } },
)
const links = createExtensionLinks({ publicUrl: 'https://curfew.corp.example', key: KEY })
const rightTo = ({ id: connectionId }: Connection, different: Partial<ExtensionRight> = {}): ExtensionRight => ({
  ...PLACE,
  connectionId,
  policy: 'daily',
  ordinal: 1,
  endsAt: ENDS_AT,
  ...different,
})
const pathOf = (right: ExtensionRight, by = links) => new URL(by.urlOf(right)).pathname
const tokenOf = (right: ExtensionRight) => pathOf(right).slice('/extend/'.length)

/** A daemon that watches two connections that end in ten minutes, and its server. */
const start = async (policies = [daily]) => {
  const connections = [0, 1].map(() => connection({ establishedAt: ENDS_AT - 8 * HOUR })) as [Connection, Connection]
  const world = startWorld({ assignment: assignment(policies), connections })
  await world.clock.advance(SECOND)
  let wrongLinks = 0
  const server = await serve(
    { links: { publicUrl: 'https://curfew.corp.example', key: { env: 'KEY' } } },
    {
      extensions: {
        links,
        ...world.daemon.extensions,
        timeZoneOf: () => 'Europe/Berlin',
        now: world.clock.now,
        countWrongLink: () => wrongLinks++,
      },
    },
  )
  return {
    world,
    server,
    connections,
    wrongLinks: () => wrongLinks,
    async [Symbol.asyncDispose]() {
      await server.close()
      await world[Symbol.asyncDispose]()
    },
  }
}

const headingOf = ({ body }: { readonly body: string }) => /<h1>(.*)<\/h1>/.exec(body)?.[1]

describe('a link', () => {
  const right = rightTo(connection())

  it('gives the right that it was made for', () => {
    expect(links.rightOf(tokenOf(right))).toEqual(right)
    const unusual = { ...right, policy: 'ночь/"?#%.', endpointId: 'ü' }
    expect(links.rightOf(tokenOf(unusual))).toEqual(unusual)
    expect(links.urlOf(unusual)).toMatch(/^https:\/\/curfew\.corp\.example\/extend\/[\w-]+\.[\w-]{43}$/)
  })

  it('gives none if any character of it is changed, left out or added', () => {
    const token = tokenOf(right)
    const changed = `${token}.`.split('').flatMap((character, at) => {
      const [before, rest] = [token.slice(0, at), token.slice(at)]
      const other = character === 'A' ? 'B' : 'A'
      return [before + rest.slice(1), before + other + rest.slice(1), before + other + rest]
    })
    expect(changed.filter((one) => one !== token && links.rightOf(one) !== undefined)).toEqual([])
  })

  it.each([
    ['nothing', ''],
    ['a dot', '.'],
    ['no signature', `${tokenOf(right).split('.')[0]}.`],
    [
      'the signature of another key',
      pathOf(right, createExtensionLinks({ publicUrl: 'https://a', key: `${KEY}x` })).slice(8),
    ],
    [
      'a signature that the key made for another purpose',
      `${tokenOf(right).split('.')[0]}.${createHmac('sha256', KEY)
        .update(tokenOf(right).split('.')[0] ?? '')
        .digest('base64url')}`,
    ],
    [
      'the fields of another connection',
      `${tokenOf(rightTo(connection())).split('.')[0]}.${tokenOf(right).split('.')[1]}`,
    ],
  ])('gives none with %s', (_, token) => {
    expect(links.rightOf(token)).toBeUndefined()
  })
})

describe('the pages of links', () => {
  it('change nothing when they are opened, and grant when the button is pressed, once', async () => {
    await using at = await start()
    const [one] = at.connections
    const path = pathOf(rightTo(one))
    for (const method of ['GET', 'HEAD', 'GET']) {
      expect((await at.server.ask(path, { method })).status).toBe(200)
    }
    // All instants are on one clock, and none is that of the verdict, which speaks of the deadline.
    const { body } = await at.server.ask(path)
    expect(body).toContain('ends at <strong>13:10 Europe/Berlin</strong>, in 9 minutes.')
    expect(body).not.toMatch(/\dZ|connected since/)
    expect(at.world.audit.of('extended')).toEqual([])
    const granted = await at.server.ask(path, { method: 'POST' })
    expect([granted.status, headingOf(granted)]).toEqual([200, 'Your VPN session is extended'])
    const again = await at.server.ask(path, { method: 'POST' })
    expect([again.status, headingOf(again)]).toEqual([200, 'This link was used before'])
    expect(at.world.audit.of('extended')).toHaveLength(1)
    await at.world.clock.advance(HOUR)
    expect(at.world.endedIds()).toEqual([at.connections[1].id])
  })

  it.each([
    ['after its time', 410, 'This link is too old', (one: Connection) => rightTo(one, { endsAt: NOON })],
    ['for a session that is not up', 410, 'This session has ended', () => rightTo(connection())],
    [
      'on an endpoint that is not watched',
      410,
      'This session cannot be extended here',
      (one: Connection) => rightTo(one, { region: 'us-east-1' }),
    ],
    [
      'under a policy that is not there',
      410,
      'This session cannot be extended',
      (one: Connection) => rightTo(one, { policy: 'gone' }),
    ],
  ])('refuse a link %s', async (_, status, heading, rightOf) => {
    await using at = await start()
    const path = pathOf(rightOf(at.connections[0]))
    for (const method of ['GET', 'POST']) {
      const answer = await at.server.ask(path, { method })
      expect([answer.status, headingOf(answer)]).toEqual([status, heading])
    }
    expect(at.world.audit.of('extended')).toEqual([])
  })

  it('refuse a link that was not made here, count it, and say nothing of a session', async () => {
    await using at = await start()
    const path = pathOf(rightTo(at.connections[0]))
    for (const wrong of [
      '/extend/',
      '/extend/x',
      path.slice(0, -1),
      `${path}/`,
      '/extend/%zz',
      `/extend/${'a.'.repeat(2000)}`,
    ]) {
      const answer = await at.server.ask(wrong, { method: 'POST' })
      expect([answer.status, headingOf(answer)]).toEqual([404, 'This link is not valid'])
      expect(answer.body).not.toMatch(/office|daily|alice/)
    }
    expect(at.wrongLinks()).toBe(6)
  })

  it('tell the first end where another policy ends the session before the extension does', async () => {
    const longer = policy('max-session-age', { maxAge: '8h30m' }, { name: 'longer', guard: 'off' })
    await using at = await start([daily, longer])
    const path = pathOf(rightTo(at.connections[0]))
    const [seen, pressed] = [await at.server.ask(path), await at.server.ask(path, { method: 'POST' })]
    expect(seen.body).toContain('With the button it ends at <strong>13:40 Europe/Berlin</strong>')
    expect(headingOf(pressed)).toBe('Your VPN session is extended')
    for (const { body } of [seen, pressed])
      expect(body).toContain('Another policy ends it then. The extension alone would last until <strong>14:10 ')
    expect(pressed.body).toContain('ends at <strong>13:40 Europe/Berlin</strong>')
  })

  it('refuse every link of a banned user', async () => {
    const ban = policy('banned-users', { users: ['alice'] }, { name: 'ban', guard: 'off', mode: 'enforce' })
    await using at = await start([daily, ban])
    const answer = await at.server.ask(pathOf(rightTo(at.connections[0])), { method: 'POST' })
    expect(headingOf(answer)).toBe('An extension would not help')
    // One call ends both connections, by user name.
    expect(at.world.endedIds()).toEqual(['alice'])
  })

  it('say that nothing ends a session under a policy that only reports', async () => {
    await using at = await start([{ ...daily, mode: 'audit' }])
    const answer = await at.server.ask(pathOf(rightTo(at.connections[0])), { method: 'POST' })
    expect([answer.status, headingOf(answer)]).toEqual([200, 'Nothing ends your session at the moment'])
    expect(answer.body).not.toContain('administrators')
  })

  it('say to try again while the trail cannot be written', async () => {
    await using at = await start()
    at.world.audit.disk.isFull = true
    const answer = await at.server.ask(pathOf(rightTo(at.connections[0])), { method: 'POST' })
    expect([answer.status, headingOf(answer)]).toEqual([503, 'Try again in a minute'])
  })

  it('ignore a body, and read at most a kilobyte of it', async () => {
    await using at = await start()
    const path = pathOf(rightTo(at.connections[0]))
    const post = (body: string, type: string) =>
      at.server.ask(path, {
        method: 'POST',
        body,
        headers: { 'content-type': type, 'content-length': `${body.length}` },
      })
    expect((await post('a'.repeat(1025), 'application/x-www-form-urlencoded')).status).toBe(413)
    expect((await post('{', 'application/json')).status).toBe(200)
    expect(at.world.audit.of('extended')).toHaveLength(1)
    expect(at.server.lines).toEqual([])
  })

  it('are not kept, lead nowhere with their address, and cannot be framed', async () => {
    await using at = await start()
    const { headers } = await at.server.ask(pathOf(rightTo(at.connections[0])))
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringMatching(
        /default-src 'none'.*form-action 'self'.*frame-ancestors 'none'/,
      ),
    })
  })

  it('need no login, unlike every other page', async () => {
    const one = connection()
    await using server = await serve(
      {
        basicAuthUsers: { someone: `$2y$04$${'a'.repeat(53)}` },
        links: { publicUrl: 'https://curfew.corp.example', key: { env: 'KEY' } },
      },
      {
        extensions: {
          links,
          look: () => ({ state: 'gone', endpointName: 'office' }),
          press: async () => ({ state: 'unrecorded' }),
          timeZoneOf: () => 'UTC',
          now: () => NOON,
          countWrongLink: () => {},
        },
      },
    )
    expect((await server.ask(pathOf(rightTo(one)))).status).toBe(410)
    expect((await server.ask('/extend/x')).status).toBe(404)
    for (const path of ['/', '/extend', '/status', '/extend/../status'])
      expect((await server.ask(path)).status).toBe(401)
  })

  it('are there for the host of publicUrl, although the server listens on loopback', async () => {
    await using at = await start()
    const path = pathOf(rightTo(at.connections[0]))
    for (const [host, status] of [
      ['curfew.corp.example', 200],
      ['Curfew.corp.example', 200],
      ['curfew.corp.example:8443', 421],
      ['evil.example', 421],
    ] as const) {
      expect((await at.server.ask(path, { headers: { host } })).status).toBe(status)
    }
  })

  it('do not exist without publicUrl', async () => {
    await using server = await serve()
    expect((await server.ask(pathOf(rightTo(connection())))).status).toBe(404)
  })
})

describe('the page of a link, in Chromium', () => {
  it.each(['light', 'dark'] as const)('is accessible in %s, wide and narrow, and its button works', async (scheme) => {
    await using at = await start()
    for (const [index, width] of [320, 1000].entries()) {
      const one = at.connections[index] ?? at.connections[0]
      const url = `${at.server.url}${pathOf(rightTo(one))}`
      const check = async (name: string, { page, complaints, screenshot }: Awaited<ReturnType<Browser['open']>>) => {
        await screenshot(`extension-${name}-${scheme}-${width}`)
        expect(await accessibilityProblems(page)).toEqual([])
        expect(await scrollsSideways(page)).toBe(false)
        expect(complaints).toEqual([])
      }
      await using look = await browser.open(url, { scheme, width, script: 'on' })
      await check('open', look)
      expect(await look.page.textContent('main')).toContain('13:10 Europe/Berlin')
      await look.page.getByRole('button', { name: 'Extend by 1h' }).click()
      await check('granted', look)
      expect(await look.page.textContent('h1')).toBe('Your VPN session is extended')
      expect(await look.page.textContent('main')).toContain('14:10 Europe/Berlin')
      await using again = await browser.open(url, { scheme, width, script: 'on' })
      await check('used', again)
      await using late = await browser.open(`${at.server.url}${pathOf(rightTo(one, { ordinal: 2, endsAt: NOON }))}`, {
        scheme,
        width,
        script: 'on',
      })
      await check('late', { ...late, complaints: late.complaints.filter((text) => !text.includes('410')) })
      expect(late.status).toBe(410)
    }
    expect(at.world.audit.of('extended')).toHaveLength(2)
  })
})
