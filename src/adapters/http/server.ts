import Fastify, { type FastifyBaseLogger } from 'fastify'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'

/** What the daemon shows of itself. */
export interface Shown {
  readonly registry: Registry
  /** Whether the loop turns. */
  readonly healthy: () => boolean
  /** Whether every endpoint was tried once. */
  readonly ready: () => boolean
  readonly status: () => unknown
}

/** `/metrics`, `/healthz`, `/readyz` and `/status`. Starts listening; `close` lets go within a moment. */
export const startHttpServer = async (
  { host, port }: { readonly host: string; readonly port: number },
  { registry, healthy, ready, status }: Shown,
  log: Logger,
) => {
  const server = Fastify({
    loggerInstance: log.child({ part: 'http' }, { level: 'warn' }) as FastifyBaseLogger,
    // A scrape in progress would otherwise hold up the stop for as long as it likes.
    forceCloseConnections: true,
    requestTimeout: 10_000,
    bodyLimit: 1024,
  })
  const said = (ok: boolean) => ({ status: ok ? 'ok' : 'failing' })
  server.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()))
  server.get('/healthz', (_request, reply) => reply.code(healthy() ? 200 : 503).send(said(healthy())))
  server.get('/readyz', (_request, reply) => reply.code(ready() ? 200 : 503).send(said(ready())))
  server.get('/status', (_request, reply) => reply.send(status()))

  const url = await server.listen({ host, port })
  return { url, close: () => server.close() }
}
