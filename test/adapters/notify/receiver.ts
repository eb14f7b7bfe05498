import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/**
 * A status, a whole answer, or none. `endless`: a body without an end. `later`: answers 204 when the promise resolves.
 */
export type Reply =
  | number
  | 'hang'
  | 'reset'
  | 'endless'
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | { readonly later: Promise<unknown> }

/** A receiver on loopback; the test chooses the answer to each request. */
export const startReceiver = async (
  reply: (request: Received, index: number) => Reply,
  tls?: { readonly cert: Buffer; readonly key: Buffer },
) => {
  const received: Received[] = []
  const arrivals = new EventEmitter()
  let connections = 0
  let mostAtOnce = 0
  let open = 0
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    open++
    mostAtOnce = Math.max(mostAtOnce, open)
    response.on('close', () => open--)
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      const one = { method, path, headers, body: Buffer.concat(chunks).toString('utf8') }
      received.push(one)
      const answer = reply(one, received.length - 1)
      arrivals.emit('request')
      if (answer === 'hang') return
      if (answer === 'reset') request.socket.resetAndDestroy()
      else if (answer === 'endless') {
        response.writeHead(200)
        const more = () => {
          while (!response.destroyed && response.write('x'.repeat(16_384)));
        }
        response.on('drain', more)
        more()
      } else if (typeof answer === 'number') response.writeHead(answer).end('ok')
      else if ('later' in answer) void answer.later.then(() => response.writeHead(204).end())
      else response.writeHead(answer.status, answer.headers).end(answer.body)
    })
  }
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  server.on('connection', () => connections++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    connections: () => connections,
    mostAtOnce: () => mostAtOnce,
    /** Resolves once this many requests were received. */
    async until(count: number) {
      while (received.length < count) await once(arrivals, 'request')
      return received
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
