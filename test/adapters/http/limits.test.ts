import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Gauge, Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { certificate } from './certificates.ts'
import { dial, serve, temporaryFolder, untilEnded } from './serving.ts'

const statusLine = (answer: string) => answer.split('\r\n')[0]

/** Sends a piece every tenth of a second, like a client that wants to keep a connection open for ever. */
const drip = (socket: Socket, piece: string) => {
  const timer = setInterval(() => socket.write(piece), 100)
  socket.once('close', () => clearInterval(timer))
}

describe('a slow client', () => {
  it('is disconnected in any phase of a request, and others are served meanwhile', async () => {
    using folder = temporaryFolder()
    const { certFile, keyFile } = certificate(folder.path, 'server')
    await using server = await serve()
    await using secure = await serve({ tls: { certFile, keyFile, clientCaFile: undefined } })

    const silent = await dial(server)
    const headers = await dial(server)
    headers.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n')
    drip(headers, 'x: x\r\n')
    const body = await dial(server)
    body.write('POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n')
    drip(body, 'x')
    const handshake = await dial(secure)
    const idle = await dial(server)
    idle.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const ended = [silent, headers, body, handshake, idle].map(untilEnded)

    expect((await server.ask('/metrics')).status).toBe(200)
    const [nothing, slowHeaders, slowBody, , answered] = await Promise.all(ended)
    expect([nothing, slowHeaders].map((answer = '') => statusLine(answer))).toEqual([
      'HTTP/1.1 408 Request Timeout',
      'HTTP/1.1 408 Request Timeout',
    ])
    // The server does not wait for a body: it answers at once.
    expect(statusLine(slowBody ?? '')).toBe('HTTP/1.1 405 Method Not Allowed')
    // A connection without a further request is closed.
    expect(statusLine(answered ?? '')).toBe('HTTP/1.1 200 OK')
  })
})

describe('the number of connections', () => {
  const MOST = 64

  it('is limited: a further connection closes the idlest one, so probes are answered', async () => {
    await using server = await serve()
    const held: Socket[] = []
    for (let count = 0; count < MOST; count++) held.push(await dial(server))
    const [first, second] = held
    if (first === undefined || second === undefined) throw new Error('no connections')
    // The oldest connection has just been used, so it is not the idlest.
    first.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(first, 'data')
    const ended = untilEnded(second)
    expect((await server.ask('/healthz')).status).toBe(200)
    expect(await ended).toBe('')
    expect(first.destroyed).toBe(false)
    for (let probes = 0; probes < 2 * MOST; probes++) {
      held.push(await dial(server))
      expect((await server.ask('/healthz')).status).toBe(200)
    }
    for (const socket of held) socket.destroy()
  })

  it('does not close a connection that is being answered', async () => {
    const registry = new Registry()
    let answer = () => {}
    const asked = new Promise<void>((resolve) => {
      const collect = () => {
        resolve()
        return new Promise<void>((done) => {
          answer = done
        })
      }
      registry.registerMetric(new Gauge({ name: 'x', help: 'Takes long.', collect, registers: [] }))
    })
    await using server = await serve({}, { registry })
    const scrape = server.ask('/metrics')
    await asked
    const others: Socket[] = []
    for (let count = 0; count < 2 * MOST; count++) others.push(await dial(server))
    answer()
    expect((await scrape).status).toBe(200)
    for (const socket of others) socket.destroy()
  })

  it('never keeps a probe out, even while every connection waits for its answer', async () => {
    const registry = new Registry()
    let asked = 0
    let allAsked = () => {}
    const all = new Promise<void>((resolve) => {
      allAsked = resolve
    })
    const collect = () => {
      if (++asked === MOST) allAsked()
      return new Promise<void>(() => {})
    }
    registry.registerMetric(new Gauge({ name: 'x', help: 'Takes for ever.', collect, registers: [] }))
    await using server = await serve({}, { registry })
    const scrapes: Socket[] = []
    for (let count = 0; count < MOST; count++) {
      const scrape = await dial(server)
      scrape.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n')
      scrapes.push(scrape)
    }
    await all
    expect((await server.ask('/healthz')).status).toBe(200)
    expect(scrapes.filter(({ destroyed }) => destroyed)).toHaveLength(1)
    for (const socket of scrapes) socket.destroy()
  })

  it('counts connections with TLS by the same rule', async () => {
    using folder = temporaryFolder()
    const { certFile, keyFile } = certificate(folder.path, 'server')
    await using server = await serve({ tls: { certFile, keyFile, clientCaFile: undefined } })
    const held: Socket[] = []
    for (let count = 0; count < MOST; count++) held.push(await dial(server))
    expect((await server.ask('/healthz', { rejectUnauthorized: false })).status).toBe(200)
    for (const socket of held) socket.destroy()
  })
})

describe('a request that is too large', () => {
  it('is refused above 8 KiB of headers', async () => {
    await using server = await serve()
    const ask = (size: number) => server.ask('/metrics', { headers: { 'x-large': 'x'.repeat(size) } })
    expect((await ask(7000)).status).toBe(200)
    expect((await ask(9000)).status).toBe(431)
  })

  it('is refused if it is not HTTP, without details of the implementation', async () => {
    await using server = await serve()
    const socket = await dial(server)
    socket.write('how are you?\r\n\r\n')
    const answer = await untilEnded(socket)
    expect(statusLine(answer)).toBe('HTTP/1.1 400 Bad Request')
    expect(answer).not.toMatch(/ at |node_modules/)
  })
})

describe('a stop', () => {
  it('does not wait for a client that hangs in a handshake, a request or between requests', async () => {
    using folder = temporaryFolder()
    const { certFile, keyFile } = certificate(folder.path, 'server')
    const secure = await serve({ tls: { certFile, keyFile, clientCaFile: undefined } })
    const server = await serve()
    const handshake = await dial(secure)
    const request = await dial(server)
    request.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n')
    const kept = await dial(server)
    kept.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(kept, 'data')
    const ended = [handshake, request, kept].map(untilEnded)
    // After more than three seconds the timeouts of the server would close these connections anyway.
    const late = new Promise((resolve) => setTimeout(resolve, 3000, 'late').unref())
    const closed = Promise.all([secure.close(), server.close(), ...ended])
    expect(await Promise.race([closed.then(() => 'closed'), late])).toBe('closed')
    await expect(server.ask('/healthz')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('aborts a scrape that is being answered', async () => {
    const registry = new Registry()
    const asked = new Promise<void>((resolve) => {
      const collect = () => {
        resolve()
        return new Promise<void>(() => {})
      }
      registry.registerMetric(new Gauge({ name: 'x', help: 'Takes for ever.', collect, registers: [] }))
    })
    const server = await serve({}, { registry })
    const answer = server.ask('/metrics')
    await asked
    await Promise.all([server.close(), expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' })])
  })

  it('frees the address for the next start', async () => {
    const before = await serve()
    await before.ask('/metrics')
    await before.close()
    await using after = await serve({ port: before.port })
    expect((await after.ask('/metrics')).status).toBe(200)
  })
})

describe('an address in use', () => {
  it('rejects the start with the error code of the system', async () => {
    await using server = await serve()
    await expect(serve({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
