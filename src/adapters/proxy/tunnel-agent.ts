import { request as requestHttp } from 'node:http'
import { Agent, type RequestOptions, request as requestHttps } from 'node:https'
import { isIP, isIPv6, type Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import { SECOND } from '../../domain/time/instant.ts'
import { onceConnected } from './once-connected.ts'
import type { Proxy, ProxyFor } from './proxy.ts'
import { ProxyFailure, type Refusal } from './proxy-failure.ts'

/**
 * A proxy that does not answer must not collect sockets, one for each request that was given up. Shorter than the limits of
 * requests, which do not know that it was the proxy.
 */
const ANSWERS_WITHIN_MS = 5 * SECOND

type Connected = NonNullable<Parameters<Agent['createConnection']>[1]>

interface TunnelOptions {
  readonly proxyFor: ProxyFor
  /** The certificates that are trusted, of the target and of a proxy with TLS. */
  readonly secureContext: SecureContext | undefined
  readonly maxSockets: number
  readonly answersWithinMs?: number | undefined
  /**
   * A request gets its socket only once it is connected, and the connection is given up after this time. Undefined: at
   * once, so that the bytes of the request wait inside the socket.
   */
  readonly connectsWithinMs?: number | undefined
}

/** Opens a tunnel through the proxy. Rejects with a `ProxyFailure`. */
const openTunnel = (
  proxy: Proxy,
  target: string,
  { secureContext, answersWithinMs = ANSWERS_WITHIN_MS }: TunnelOptions,
): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const { host, port, secure, authorization } = proxy
    // Otherwise Node takes the name of the TLS server from the header `host`, which names the target.
    const tls = { servername: isIP(host) === 0 ? host : '', ...(secureContext && { secureContext }) }
    const headers = { host: target, ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }) }
    const options = { method: 'CONNECT', host, port, path: target, headers, agent: false } as const
    const connect = secure ? requestHttps({ ...options, ...tls }) : requestHttp(options)
    const fail = (refusal: Refusal) => {
      clearTimeout(timer)
      connect.destroy()
      reject(new ProxyFailure(proxy, target, refusal))
    }
    const timer = setTimeout(() => fail({ kind: 'silent', ms: answersWithinMs }), answersWithinMs)
    connect.on('connect', ({ statusCode = 0 }, socket: Socket, head) => {
      const isOpen = statusCode >= 200 && statusCode < 300
      // In a tunnel the client speaks first.
      if (isOpen && head.length === 0) {
        clearTimeout(timer)
        return resolve(socket)
      }
      socket.destroy()
      fail(isOpen ? { kind: 'own-data' } : { kind: 'answered', status: statusCode })
    })
    connect.on('error', ({ code = 'ECONNRESET' }: NodeJS.ErrnoException) => fail({ kind: 'unreached', code }))
    connect.end()
  })

/** Connects to each host as the environment asks: through the proxy, or directly. Connections are kept alive. */
export class TunnelAgent extends Agent {
  readonly #options: TunnelOptions

  constructor(options: TunnelOptions) {
    const { secureContext, maxSockets } = options
    super({ keepAlive: true, maxSockets, ...(secureContext && { secureContext }) })
    this.#options = options
  }

  override createConnection(options: RequestOptions, connected: Connected) {
    const [host, port] = [options.host ?? '', Number(options.port ?? 443)]
    const proxy = this.#options.proxyFor(host, port)
    if (proxy === undefined) return this.#secure(options, connected)
    const target = `${isIPv6(host) ? `[${host}]` : host}:${port}`
    openTunnel(proxy, target, this.#options).then(
      (socket) => {
        const secured = this.#secure({ ...options, socket } as RequestOptions, connected)
        if (secured) connected(null, secured)
      },
      (failure: Error) => connected(failure, undefined as never),
    )
    return undefined
  }

  /** Begins TLS. Returns the socket at once, or gives it to `connected` after the handshake. */
  #secure(options: RequestOptions, connected: Connected) {
    const { connectsWithinMs } = this.#options
    if (connectsWithinMs === undefined) return super.createConnection(options, connected)
    onceConnected(super.createConnection(options) as Socket, connectsWithinMs, connected)
    return undefined
  }
}
