import Fastify, { type FastifyReply } from 'fastify'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Clock } from '../../app/clock.ts'
import type { ServerSettings } from '../../config/configuration.ts'
import { type Credentials, readCredentials } from './credentials.ts'
import { createListener } from './listener.ts'
import { createLogins } from './logins.ts'
import { INDEX, OPEN_PATHS, PATHS } from './paths.ts'
import { watchCredentials } from './renewal.ts'

/** What the daemon shows of itself. */
export interface Shown {
  readonly registry: Registry
  /** Whether the loop turns. */
  readonly healthy: () => boolean
  /** Whether every endpoint was tried once. */
  readonly ready: () => boolean
  readonly status: () => unknown
}

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
}

/** As long as those that wait for their turn may take. */
const RETRY_AFTER_SECONDS = 5

/**
 * `/metrics`, `/healthz`, `/readyz` and `/status`. Rejects with `CredentialsError` where a file cannot serve, or with
 * what the system says of the address. `close` lets go within a moment, whatever clients do.
 */
export const startHttpServer = async (
  settings: ServerSettings,
  { registry, healthy, ready, status }: Shown,
  { log, clock }: { readonly log: Logger; readonly clock: Clock },
) => {
  let credentials = await readCredentials(settings)
  const logins = createLogins({ users: settings.basicAuthUsers, token: () => credentials.token })
  const listener = createListener(credentials.tls)
  const app = Fastify({ serverFactory: (handler) => listener.server.on('request', handler) })

  // Before anything is read of a body: nothing here takes one.
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS)
    if (!OPEN_PATHS.has(request.routeOptions.url)) {
      const admission = await logins.admit(request.headers.authorization)
      if (admission === 'refused') {
        return reply.code(401).header('www-authenticate', logins.challenges()).send(said('a login is needed'))
      }
      if (admission === 'too-many') {
        return reply.code(429).header('retry-after', RETRY_AFTER_SECONDS).send(said('too many logins at once'))
      }
    }
    if (!request.is404) return
    const [path = ''] = request.url.split('?')
    if (path === '/' || Object.hasOwn(PATHS, path)) {
      return reply.code(405).header('allow', 'GET, HEAD').send(said('only GET and HEAD are answered'))
    }
    return reply.code(404).send({ ...said('there is nothing here'), paths: Object.keys(PATHS) })
  })
  app.setErrorHandler((error, request, reply) => {
    const path = request.routeOptions.url
    log.error({ event: 'request-failed', path, err: error }, `${path} could not be answered`)
    return reply.code(500).type('text/plain; charset=utf-8').send('this could not be gathered: the log says why\n')
  })

  const bit = (reply: FastifyReply, ok: boolean) => reply.code(ok ? 200 : 503).send({ status: ok ? 'ok' : 'failing' })
  app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(INDEX))
  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()))
  app.get('/healthz', (_request, reply) => bit(reply, healthy()))
  app.get('/readyz', (_request, reply) => bit(reply, ready()))
  app.get('/status', (_request, reply) => reply.send(status()))

  app.addHook('preClose', async () => listener.cutOff())
  const url = await app.listen({ host: settings.host, port: settings.port })
  // Such as too many open files: no reason for the daemon to end.
  listener.server.on('error', (err) =>
    log.error({ event: 'server-failed', err }, 'the server could not take a connection'),
  )

  const stop = new AbortController()
  const onChange = (next: Credentials) => {
    credentials = next
    if (next.tls !== undefined) listener.renew(next.tls)
  }
  const watching = watchCredentials({ settings, taken: credentials, onChange, clock, signal: stop.signal, log })

  return {
    url: credentials.tls === undefined ? url : url.replace(/^http:/, 'https:'),
    async close(): Promise<void> {
      stop.abort()
      await Promise.all([app.close(), watching])
    },
  }
}

const said = (message: string) => ({ error: message })
