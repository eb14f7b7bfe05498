import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Certificate } from '../http/certificates.ts'

const listening = async (server: Server) => {
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const joined = (one: Socket, other: Socket) => {
  one.pipe(other).pipe(one)
  one.on('error', () => other.destroy())
  other.on('error', () => one.destroy())
}

/** A server with TLS in front of a port of this machine. */
export const startTlsFront = ({ cert, key }: Pick<Certificate, 'cert' | 'key'>, port: number) =>
  listening(createTlsServer({ cert, key }, (socket) => joined(socket, connect(port, '127.0.0.1'))))

/** A proxy that takes each of these names to a port of this machine, in place of a network with a name server. */
export const startNames = (ports: Readonly<Record<string, number>>) => {
  const server = createHttpServer()
  server.on('connect', ({ url = '' }, socket: Socket) => {
    const port = ports[url.replace(/:443$/, '')]
    if (port === undefined) return void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    const target = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
    joined(socket, target)
  })
  return listening(server)
}
