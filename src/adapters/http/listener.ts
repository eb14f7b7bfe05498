import { createServer as createHttpServer, type Server, type ServerOptions } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Credentials } from './credentials.ts'

/**
 * A scraper, a few people and the kubelet need a dozen. Each connection takes a file descriptor from AWS calls and the
 * audit trail.
 */
const MOST_CONNECTIONS = 64

/** How long a client may neither read nor write during a request. */
const SILENCE_MS = 10_000

/** Node's own limit for a TLS handshake is two minutes. */
const HANDSHAKE_MS = 5_000

const LIMITS: ServerOptions = {
  maxHeaderSize: 8 * 1024,
  // From the connection to the last header, and from the connection to the end of the request.
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  // How often Node checks those two limits. At its default of 30 s, both would last up to 30 s longer.
  connectionsCheckingInterval: 1_000,
  // Scrapes are mostly at most a minute apart: each scrape can reuse the connection of the previous one.
  keepAliveTimeout: 75_000,
}

/** A server with limits on its sockets. It speaks HTTPS if there is a certificate, else HTTP. */
export const createListener = (tls: Credentials['tls']) => {
  const secure =
    tls && createHttpsServer({ ...LIMITS, ...tls, handshakeTimeout: HANDSHAKE_MS, requestCert: tls.ca !== undefined })
  const server: Server = secure ?? createHttpServer(LIMITS)
  server.maxConnections = MOST_CONNECTIONS
  server.setTimeout(SILENCE_MS)

  const open = new Set<Socket>()
  let closing = false
  // This includes sockets in a TLS handshake, which the HTTP server does not list yet.
  server.on('connection', (socket: Socket) => {
    if (closing) socket.destroy()
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })

  return {
    server,

    /** Uses renewed certificates for new connections, and closes idle connections. */
    renew(next: NonNullable<Credentials['tls']>): void {
      secure?.setSecureContext(next)
      server.closeIdleConnections()
    },

    /** Closes every connection at once, and each one that still arrives. */
    closeConnections(): void {
      closing = true
      for (const socket of open) socket.destroy()
    },
  }
}
