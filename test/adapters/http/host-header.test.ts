import { describe, expect, it } from 'vitest'
import { isRebound } from '../../../src/adapters/http/host-header.ts'
import { serve } from './serving.ts'

describe('a server on loopback', () => {
  it.each(['evil.example', 'evil.example:9464', 'localhost.evil.example', '127.0.0.1.evil.example'])(
    'refuses a request for the host %j on every page: a page of another site may have sent it',
    async (host) => {
      await using server = await serve()
      for (const path of ['/', '/metrics', '/status', '/healthz', '/nothing']) {
        const { status, body } = await server.ask(path, { headers: { host } })
        expect(status).toBe(421)
        expect(body).not.toMatch(/curfew_|mode|evil/)
      }
    },
  )

  it.each(['localhost', 'LocalHost:9464', 'curfew.localhost', '127.0.0.1:9464', '[::1]:9464', '[::1]', '10.1.2.3'])(
    'answers a request for the host %j',
    async (host) => {
      await using server = await serve()
      expect((await server.ask('/status', { headers: { host } })).status).toBe(200)
    },
  )
})

describe('a server on other addresses', () => {
  it.each(['0.0.0.0', '::', '10.1.2.3', 'curfew.corp.example'])('on %s answers for any host', (listeningOn) => {
    expect(isRebound(listeningOn, 'curfew.monitoring.svc:9464')).toBe(false)
  })

  it.each(['localhost', '127.0.0.1', '127.1.2.3', '::1'])('while %s is loopback', (listeningOn) => {
    expect(isRebound(listeningOn, 'curfew.monitoring.svc:9464')).toBe(true)
  })
})
