import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { dial, serve, untilEnded } from '../adapters/http/serving.ts'
import { workspace } from '../cli/curfew.ts'

/** What the server says to a request that is sent byte by byte, without a client that mends it. */
const send = async (server: Parameters<typeof dial>[0], request: string) => {
  const socket = await dial(server)
  socket.end(request)
  return untilEnded(socket)
}

const statusOf = (said: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(said)?.[1])

describe('the server of metrics', () => {
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
  ])('has no files and asks nobody else: %s', async (path) => {
    await using server = await serve()
    const said = await send(server, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    expect([400, 404]).toContain(statusOf(said))
    expect(said).not.toMatch(/root:|version: 1/)
  })

  it('repeats nothing of what it is asked for into a page', async () => {
    await using server = await serve()
    for (const path of ['/<script>alert(1)</script>', '/%3Cscript%3E', '/%zz<script>']) {
      const said = await send(server, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      expect(said).not.toMatch(/text\/html/i)
    }
  })

  it('takes no headers out of a path', async () => {
    await using server = await serve()
    const said = await send(
      server,
      'GET /metrics%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    )
    expect(statusOf(said)).toBe(404)
    expect(said).not.toMatch(/set-cookie/i)
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE'])('takes no commands: %s', async (method) => {
    await using server = await serve()
    for (const path of ['/metrics', '/status', '/', '/-/reload', '/-/quit']) {
      expect([404, 405]).toContain((await server.ask(path, { method })).status)
    }
  })
})

/** Addresses of this machine that others can reach. */
const outside = Object.values(networkInterfaces())
  .flatMap((addresses = []) => addresses)
  .filter(({ internal, scopeid }) => !internal && !scopeid)
  .map(({ address }) => address)

const answers = (host: string, port: number) =>
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

describe('who can reach', () => {
  it('the simulator, which takes any credentials: this machine alone', async () => {
    await using here = await workspace({})
    await using running = here.start(['simulate', '--port', '0'])
    const port = await running.until((stdout) => /^listening on http:\/\/127\.0\.0\.1:(\d+)$/m.exec(stdout)?.[1])
    expect(await answers('127.0.0.1', Number(port))).toBe(true)
    for (const host of outside) expect([host, await answers(host, Number(port))]).toEqual([host, false])
  })

  it('the metrics, unless configured otherwise: this machine alone', async () => {
    await using server = await serve()
    expect(await answers('127.0.0.1', server.port)).toBe(true)
    for (const host of outside) expect([host, await answers(host, server.port)]).toEqual([host, false])
  })
})
