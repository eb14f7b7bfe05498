import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { dial, serve, untilEnded } from '../adapters/http/serving.ts'
import { workspace } from '../cli/curfew.ts'

/** The server's answer to a request that is sent exactly as given. An HTTP client would normalize the request. */
const send = async (server: Parameters<typeof dial>[0], request: string) => {
  const socket = await dial(server)
  socket.end(request)
  return untilEnded(socket)
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1])

describe('the metrics server', () => {
  it.each([
    '/../../../../etc/passwd',
    '/metrics/../../etc/passwd',
    '/metrics/..%2f..%2f..%2fetc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..\\..\\etc\\passwd',
    '/status/../curfew.yaml',
    '//etc/passwd',
    '/etc/passwd%00.html',
    '/%zz',
    'http://169.254.169.254/latest/meta-data/',
    '/__proto__',
    '/constructor',
    `/${'a'.repeat(5_000)}`,
  ])('serves no files and forwards no requests: %s', async (path) => {
    await using server = await serve()
    const answer = await send(server, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    expect([400, 404]).toContain(statusOf(answer))
    expect(answer).not.toMatch(/root:|version: 1/)
  })

  it('never answers a path that contains markup with HTML', async () => {
    await using server = await serve()
    for (const path of ['/<script>alert(1)</script>', '/%3Cscript%3E', '/%zz<script>']) {
      const answer = await send(server, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
      expect(answer).not.toMatch(/text\/html/i)
    }
  })

  it('copies no part of a path into the headers', async () => {
    await using server = await serve()
    const answer = await send(
      server,
      'GET /metrics%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    )
    expect(statusOf(answer)).toBe(404)
    expect(answer).not.toMatch(/set-cookie/i)
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE'])('refuses %s', async (method) => {
    await using server = await serve()
    for (const path of ['/metrics', '/status', '/', '/-/reload', '/-/quit']) {
      expect([404, 405]).toContain((await server.ask(path, { method })).status)
    }
  })
})

/** The addresses of this machine that other machines can reach. */
const externalAddresses = Object.values(networkInterfaces())
  .flatMap((addresses = []) => addresses)
  .filter(({ internal, scopeid }) => !internal && !scopeid)
  .map(({ address }) => address)

const isReachable = (host: string, port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect({ host, port, timeout: 2_000 })
    const end = (reached: boolean) => {
      socket.destroy()
      resolve(reached)
    }
    socket
      .once('connect', () => end(true))
      .once('error', () => end(false))
      .once('timeout', () => end(false))
  })

describe('only this machine can reach', () => {
  it('the simulator, which accepts any credentials', async () => {
    await using here = await workspace({})
    await using running = here.start(['simulate', '--port', '0'])
    const port = await running.until((stdout) => /^listening on http:\/\/127\.0\.0\.1:(\d+)$/m.exec(stdout)?.[1])
    expect(await isReachable('127.0.0.1', Number(port))).toBe(true)
    for (const host of externalAddresses) expect([host, await isReachable(host, Number(port))]).toEqual([host, false])
  })

  it('the metrics server with its default configuration', async () => {
    await using server = await serve()
    expect(await isReachable('127.0.0.1', server.port)).toBe(true)
    for (const host of externalAddresses) expect([host, await isReachable(host, server.port)]).toEqual([host, false])
  })
})
