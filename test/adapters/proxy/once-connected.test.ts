import { once } from 'node:events'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { expect, it, onTestFinished } from 'vitest'
import { ConnectedAgent } from '../../../src/adapters/proxy/connected-agent.ts'
import { DIRECT } from '../../../src/adapters/proxy/outgoing.ts'
import { startGatedEc2 } from '../aws/gated-ec2.ts'

/** A server that takes connections and says nothing. */
const startSilent = async () => {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, sockets, server }
}

it('a request gets a connected socket over http', async () => {
  const { port } = await startSilent()
  const agent = new ConnectedAgent({ maxSockets: 1, connectsWithinMs: 200_000 })
  const request = requestHttp({ port, host: '127.0.0.1', agent })
  request.on('error', () => {})
  const [socket] = (await once(request, 'socket')) as [Socket]
  expect(socket.connecting).toBe(false)
  request.destroy()
  agent.destroy()
})

it('a request gets a socket over https whose handshake is over', async () => {
  await using ec2 = await startGatedEc2('https', () => {})
  const agent = ec2.outgoing.agent({ maxSockets: 1, connectsWithinMs: 200_000 })
  const request = requestHttps(ec2.endpointUrl, { agent })
  request.on('error', () => {})
  const [socket] = (await once(request, 'socket')) as [TLSSocket]
  expect(socket.authorized).toBe(true)
  request.destroy()
  agent.destroy()
})

it('a server that never answers the handshake is given up, and its socket with it', async () => {
  const { port, server } = await startSilent()
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const agent = DIRECT.agent({ maxSockets: 1, connectsWithinMs: 50 })
  const request = requestHttps({ port, host: '127.0.0.1', agent })
  const [error] = (await once(request, 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ETIMEDOUT')
  const [socket] = await accepted
  if (!socket.destroyed) await once(socket.resume(), 'close')
  agent.destroy()
})

it.each([
  ['http', () => new ConnectedAgent({ maxSockets: 1, connectsWithinMs: 200_000 }), requestHttp],
  ['https', () => DIRECT.agent({ maxSockets: 1, connectsWithinMs: 200_000 }), requestHttps],
] as const)('a server that nobody runs is a failure of the request over %s', async (_route, agentOf, requestOf) => {
  const agent = agentOf()
  const request = requestOf({ port: 9, host: '127.0.0.1', agent })
  const [error] = (await once(request, 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNREFUSED')
  agent.destroy()
})

it('a server that closes during the handshake is a failure of the request', async () => {
  const { port, server } = await startSilent()
  server.on('connection', (socket) => socket.destroy())
  const agent = DIRECT.agent({ maxSockets: 1, connectsWithinMs: 200_000 })
  const request = requestHttps({ port, host: '127.0.0.1', agent })
  const [error] = (await once(request, 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNRESET')
  agent.destroy()
})
