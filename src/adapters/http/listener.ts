import { createServer as createHttpServer, type Server, type ServerOptions } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Credentials } from './credentials.ts'

/**
 * A scraper, a few people and the kubelet need a dozen. Each connection takes a file descriptor from AWS calls and the
 * audit trail. A further connection closes the idlest one, so that a probe is answered however many are open.
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
  // Shorter than the pause between two scrapes or probes, so that no client sends a request on a connection that is
  // being closed.
  keepAliveTimeout: 5_000,
}

/** A server with limits on its sockets. It speaks HTTPS if there is a certificate, else HTTP. */
export const createListener = (tls: Credentials['tls']) => {
  const secure =
    tls && createHttpsServer({ ...LIMITS, ...tls, handshakeTimeout: HANDSHAKE_MS, requestCert: tls.ca !== undefined })
  const server: Server = secure ?? createHttpServer(LIMITS)
  server.setTimeout(SILENCE_MS)

  // This includes sockets in a TLS handshake, which the HTTP server does not list yet. The idlest is first: those whose
  // connection or last answer is longest ago.
  const open = new Map<string, Socket>()
  const answering = new Set<string>()
  let closing = false
  const evict = () => {
    const [first] = open.keys()
    const idlest = [...open.keys()].find((peer) => !answering.has(peer)) ?? first
    if (idlest === undefined) return
    open.get(idlest)?.destroy()
    open.delete(idlest)
  }
  server.on('connection', (socket: Socket) => {
    if (closing) socket.destroy()
    const peer = peerOf(socket)
    if (open.size >= MOST_CONNECTIONS) evict()
    open.set(peer, socket)
    socket.once('close', () => {
      if (open.get(peer) === socket) open.delete(peer)
    })
  })
  server.on('request', ({ socket }, response) => {
    const peer = peerOf(socket)
    answering.add(peer)
    response.once('close', () => {
      answering.delete(peer)
      const connection = open.get(peer)
      if (connection === undefined) return
      open.delete(peer)
      open.set(peer, connection)
    })
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
      for (const socket of open.values()) socket.destroy()
    },
  }
}

/** The client's end of a connection: TLS has a socket of its own for the same end. */
const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
