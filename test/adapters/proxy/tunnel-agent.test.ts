import { once } from 'node:events'
import { request as requestHttps } from 'node:https'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readProxy } from '../../../src/adapters/proxy/proxy.ts'
import { ProxyFailure } from '../../../src/adapters/proxy/proxy-failure.ts'
import { TunnelAgent } from '../../../src/adapters/proxy/tunnel-agent.ts'

const TARGET = 'ec2.eu-central-1.amazonaws.com:443'

/**
 * A server that answers the first bytes of each connection with `reply`, or not at all. It closes no connection, except
 * where the reply is empty.
 */
const startServer = async (reply: string | undefined) => {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.once('data', () => {
      if (reply === '') socket.end()
      else if (reply !== undefined) socket.write(reply)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Resolves once the client has closed the only connection. */
    async closed() {
      const [socket] = sockets
      expect(sockets).toHaveLength(1)
      if (socket?.destroyed === false) await once(socket.resume(), 'close')
    },
  }
}

const failureThrough = async (proxy: string, answersWithinMs = 60_000): Promise<ProxyFailure> => {
  const read = readProxy({ HTTPS_PROXY: proxy })
  if ('problem' in read) throw new Error(read.problem)
  const agent = new TunnelAgent({ ...read, secureContext: undefined, maxSockets: 1, answersWithinMs })
  const request = requestHttps(`https://${TARGET}/`, { agent })
  const [error] = (await once(request, 'error')) as [unknown]
  agent.destroy()
  if (error instanceof ProxyFailure) return error
  throw error
}

describe('a proxy that opens no tunnel', () => {
  it.each([
    ['407 Proxy Authentication Required', 'http://', 'asks for a user name and a password', 'http://USER:PASSWORD@'],
    ['407 Proxy Authentication Required', 'http://user:hunter2@', 'refuses the user name or the password', 'correct'],
    ['403 Forbidden', 'http://', `refuses a connection to ${TARGET}`, `allow ${TARGET}`],
    ['504 Gateway Timeout', 'http://', `gives no connection to ${TARGET}`, 'resolves and reaches'],
    ['405 Method Not Allowed', 'http://', 'answers CONNECT with HTTP 405', 'names a proxy for HTTPS'],
  ])('with HTTP %s and %s is named with what to do', async (status, prefix, what, advice) => {
    const page = `HTTP/1.1 ${status}\r\ncontent-type: text/html\r\n\r\n<html>hello</html>`
    const { address, closed } = await startServer(page)
    const failure = await failureThrough(`${prefix}${address}`)
    expect(failure.code).toBe(`HTTP ${status.slice(0, 3)}`)
    expect(failure.message).toContain(`the proxy ${address} of HTTPS_PROXY ${what}`)
    expect(failure.advice).toContain(advice)
    expect(`${failure.message} ${failure.advice}`).not.toContain('hunter2')
    await closed()
  })

  it.each([
    ['a page', 'HTTP/1.1 200 OK\r\n\r\n<html>please log in</html>', 'sent a page of its own'],
    ['another protocol', '220 mail.corp.example ESMTP\r\n', 'does not answer in HTTP'],
    ['nothing before it closes', '', '(ECONNRESET)'],
  ])('but sends %s is named', async (_what, reply, text) => {
    const { address, closed } = await startServer(reply)
    const { message } = await failureThrough(`http://${address}`)
    expect(message).toContain(address)
    expect(message).toContain(text)
    await closed()
  })

  it('because it speaks no TLS is named', async () => {
    const { address } = await startServer('HTTP/1.1 400 Bad Request\r\n\r\n')
    const { message, advice } = await failureThrough(`https://${address}`)
    expect(message).toContain(`no TLS connection to the proxy ${address}`)
    expect(advice).toContain('http://')
  })

  it('because nothing listens is named', async () => {
    const { message, advice } = await failureThrough('http://127.0.0.1:9')
    expect(message).toBe('no connection to the proxy 127.0.0.1:9 of HTTPS_PROXY (ECONNREFUSED)')
    expect(advice).toContain('NO_PROXY')
  })

  it('and never answers is given up, and its socket with it', async () => {
    const { address, closed } = await startServer(undefined)
    const { message, code } = await failureThrough(`http://${address}`, 50)
    expect(code).toBe('ETIMEDOUT')
    expect(message).toContain(`the proxy ${address} of HTTPS_PROXY has given no connection to ${TARGET}`)
    await closed()
  })
})
