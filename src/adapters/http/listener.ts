import { createServer as createHttpServer, type Server, type ServerOptions } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Credentials } from './credentials.ts'

/** A scraper, a few people and the kubelet need a dozen; each takes a file descriptor that AWS and the audit trail need too. */
const MOST_CONNECTIONS = 64

/** How long a client may be silent while it ought to read or write. */
const SILENCE_MS = 10_000

/** Node waits for two minutes. */
const HANDSHAKE_MS = 5_000

const LIMITS: ServerOptions = {
  maxHeaderSize: 8 * 1024,
  // From the connection to the last header, and to the end of the request.
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  // How often those two are looked at; Node's own 30 s would stretch them to that.
  connectionsCheckingInterval: 1_000,
  // Scrapes are mostly no further apart than a minute: each finds the connection of the one before.
  keepAliveTimeout: 75_000,
}

/** The sockets, with their limits; HTTPS where there is a certificate. */
export const createListener = (tls: Credentials['tls']) => {
  const secure =
    tls && createHttpsServer({ ...LIMITS, ...tls, handshakeTimeout: HANDSHAKE_MS, requestCert: tls.ca !== undefined })
  const server: Server = secure ?? createHttpServer(LIMITS)
  server.maxConnections = MOST_CONNECTIONS
  server.setTimeout(SILENCE_MS)

  const open = new Set<Socket>()
  let closing = false
  // Those in a handshake too, which an HTTP server does not know of yet.
  server.on('connection', (socket: Socket) => {
    if (closing) socket.destroy()
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })

  return {
    server,

    /** Takes renewed certificates for connections to come. */
    renew(next: NonNullable<Credentials['tls']>): void {
      secure?.setSecureContext(next)
      server.closeIdleConnections()
    },

    /** Cuts every connection off, those that still come in as well. */
    cutOff(): void {
      closing = true
      for (const socket of open) socket.destroy()
    },
  }
}
