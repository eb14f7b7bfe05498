import { Gauge, Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { serve } from './serving.ts'

const json = (body: string) => JSON.parse(body) as Record<string, unknown>

describe('the pages', () => {
  it('are the metrics, the status, the two health checks and one for people', async () => {
    await using server = await serve()
    const metrics = await server.ask('/metrics')
    expect([metrics.status, metrics.headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
    expect(metrics.body).toContain('\ncurfew_enforcing 1\n')
    const status = await server.ask('/status?pretty')
    expect([status.status, json(status.body)]).toEqual([200, { mode: 'audit' }])
    for (const path of ['/healthz', '/readyz']) {
      const { status: code, body } = await server.ask(path)
      expect([code, json(body)]).toEqual([200, { status: 'ok' }])
    }
    const page = await server.ask('/')
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    expect(page.body).toContain('<h1>Curfew</h1>')
  })

  it('answer 503 while the main loop stands still or an endpoint has not been polled, independently', async () => {
    const state = { healthy: true, ready: false }
    await using server = await serve({}, { healthy: () => state.healthy, ready: () => state.ready })
    const both = async () => [(await server.ask('/healthz')).status, (await server.ask('/readyz')).status]
    expect(await both()).toEqual([200, 503])
    state.healthy = false
    state.ready = true
    expect(await both()).toEqual([503, 200])
  })

  it('answer HEAD like GET, without a body', async () => {
    await using server = await serve()
    for (const path of ['/', '/metrics', '/status', '/healthz', '/readyz']) {
      const [head, get] = [await server.ask(path, { method: 'HEAD' }), await server.ask(path)]
      expect(head.body).toBe('')
      const facts = ({ status, headers }: typeof get) => [status, headers['content-type'], headers['content-length']]
      expect(facts(head)).toEqual(facts(get))
    }
  })

  it('forbid caching and content sniffing in every answer', async () => {
    await using server = await serve({}, { status: () => fail() })
    for (const [path, method] of [
      ['/', 'GET'],
      ['/metrics', 'GET'],
      ['/healthz', 'HEAD'],
      ['/nothing', 'GET'],
      ['/metrics', 'POST'],
      ['/status', 'GET'],
    ] as const) {
      const { headers } = await server.ask(path, { method })
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    }
  })
})

describe('a request for another path or method', () => {
  it.each([
    '/nothing',
    '/metrics/',
    '/METRICS',
    '/metrics/x',
    '/status.json',
    '/constructor',
    '/__proto__',
    '//metrics',
  ])('%s is answered 404 with the list of paths', async (path) => {
    await using server = await serve()
    const { status, body } = await server.ask(path)
    expect([status, json(body).paths]).toEqual([404, ['/metrics', '/status', '/healthz', '/readyz']])
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE'])(
    '%s is answered 405 on every page, with the methods that are allowed',
    async (method) => {
      await using server = await serve()
      for (const path of ['/', '/metrics?x', '/status', '/healthz', '/readyz']) {
        const { status, headers } = await server.ask(path, { method })
        expect([path, status, headers.allow]).toEqual([path, 405, 'GET, HEAD'])
      }
      expect((await server.ask('/nothing', { method })).status).toBe(404)
    },
  )

  it('is answered without reading its body', async () => {
    await using server = await serve()
    for (const [type, body] of [
      ['application/json', '{'],
      ['text/xml', '<a/>'],
      ['application/json', 'x'.repeat(100_000)],
    ] as const) {
      const { status } = await server.ask('/metrics', { method: 'POST', headers: { 'content-type': type }, body })
      expect(status).toBe(405)
    }
  })
})

describe('a page that fails', () => {
  it('answers 500 with a short text; only the log holds the error', async () => {
    const registry = new Registry()
    new Gauge({ name: 'x', help: 'x', registers: [registry], collect: () => fail() })
    await using server = await serve({}, { registry, status: () => fail(), page: async () => fail() })
    for (const path of ['/metrics', '/status', '/']) {
      const { status, headers, body } = await server.ask(path)
      expect([status, headers['content-type']]).toEqual([500, 'text/plain; charset=utf-8'])
      expect(body).not.toMatch(/secret|Error| at /)
      expect(body.length).toBeLessThan(100)
    }
    const logged = server.lines.filter(({ event }) => event === 'request-failed')
    expect(logged).toMatchObject([
      { level: 50, path: '/metrics', err: { message: 'a secret' } },
      { level: 50, path: '/status', err: { message: 'a secret' } },
      { level: 50, path: '/', err: { message: 'a secret' } },
    ])
    expect((await server.ask('/healthz')).status).toBe(200)
  })

  it('answers 400 if the path cannot be decoded', async () => {
    await using server = await serve()
    const { status, body } = await server.ask('/%zz')
    expect(status).toBe(400)
    expect(body).not.toMatch(/ at |node_modules/)
  })
})

const fail = (): never => {
  throw new Error('a secret')
}
