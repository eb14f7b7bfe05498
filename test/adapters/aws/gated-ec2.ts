import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createServer as createTlsServer } from 'node:tls'
import { readOutgoing } from '../../../src/adapters/proxy/outgoing.ts'
import { certificate } from '../http/certificates.ts'
import { answerXml, pageXml } from './ec2-stand-in.ts'

/** How requests reach the stand-in. */
export type Route = 'http' | 'https' | 'https through a proxy'

/** A place on the way at which the stand-in can wait. */
export type Gate = 'credentials' | 'tunnel' | 'handshake' | 'answer'

const NAME = 'ec2.corp.example'

const joined = (one: Socket, other: Socket) => {
  one.pipe(other).pipe(one)
  one.on('error', () => other.destroy())
  other.on('error', () => one.destroy())
}

/**
 * EC2 behind a TLS server of its own and a proxy, and the credentials of a container. `at` is called at each gate, and what
 * it returns is waited for. `received()` counts the requests of each action, `bytes()` every byte after TLS.
 */
export const startGatedEc2 = async (route: Route, at: (gate: Gate, action?: string) => unknown) => {
  const sockets = new Set<Socket>()
  const servers: Server[] = []
  const listen = async <Of extends Server>(server: Of): Promise<number> => {
    servers.push(server)
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  const folder = mkdtempSync(join(tmpdir(), 'curfew-gates-'))
  const own = certificate(folder, 'server', undefined, `IP:127.0.0.1,DNS:${NAME}`)

  const actions: string[] = []
  const ofEc2 = new Set<Socket>()
  const ec2 = createHttpServer((request, response) => {
    void text(request).then(async (body) => {
      const action = new URLSearchParams(body).get('Action') ?? ''
      actions.push(action)
      await at('answer', action)
      const terminated = '<connectionStatuses/>'
      response.writeHead(200, { 'content-type': 'text/xml' })
      response.end(action.startsWith('Terminate') ? answerXml(action, terminated) : pageXml(''))
    })
  })
  ec2.on('connection', (socket) => ofEc2.add(socket))
  const port = await listen(ec2)

  const tls = createTlsServer({ cert: own.cert, key: own.key }, (socket) => joined(socket, connect(port, '127.0.0.1')))
  tls.on('tlsClientError', () => {})
  const front = createServer((socket) => {
    void Promise.resolve(at('handshake')).then(() => tls.emit('connection', socket))
  })
  const tlsPort = await listen(front)

  const proxy = createHttpServer()
  proxy.on('connect', (_request, socket: Socket) => {
    void Promise.resolve(at('tunnel')).then(() => {
      const target = connect(tlsPort, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
      joined(socket, target)
    })
  })
  const proxyPort = await listen(proxy)

  const keys = createHttpServer((_request, response) => {
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString()
    const body = JSON.stringify({ AccessKeyId: 'A', SecretAccessKey: 'S', Token: 'T', Expiration: inAnHour })
    response.setHeader('content-type', 'application/json')
    void Promise.resolve(at('credentials')).then(() => response.end(body))
  })
  const keysPort = await listen(keys)

  const outgoing = readOutgoing({
    AWS_CA_BUNDLE: own.certFile,
    ...(route === 'https through a proxy' ? { HTTPS_PROXY: `http://127.0.0.1:${proxyPort}` } : {}),
  })
  if ('problems' in outgoing) throw new Error(outgoing.problems.join('\n'))
  const urls: Readonly<Record<Route, string>> = {
    http: `http://127.0.0.1:${port}`,
    https: `https://127.0.0.1:${tlsPort}`,
    'https through a proxy': `https://${NAME}`,
  }

  return {
    endpointUrl: urls[route],
    outgoing,
    credentialsUrl: `http://127.0.0.1:${keysPort}/`,
    received: (action: string) => actions.filter((one) => one === action).length,
    /** All bytes of requests that have arrived. */
    bytes: () => [...ofEc2].reduce((sum, socket) => sum + socket.bytesRead, 0),
    connections: () => ofEc2.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      for (const server of servers) server.close()
      await Promise.all(servers.filter((server) => server.listening).map((server) => once(server, 'close')))
      rmSync(folder, { recursive: true })
    },
  }
}
