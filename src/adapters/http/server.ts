import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Clock } from '../../app/clock.ts'
import type { ServerSettings } from '../../config/configuration.ts'
import type { Html } from '../html/html.ts'
import type { NamesInLog } from '../log/names-in-log.ts'
import { type Credentials, readCredentials } from './credentials.ts'
import { EXTEND_PATH } from './extension-link.ts'
import { WRONG_LINK } from './extension-page.ts'
import { EXTEND_ROUTE, type ExtensionSources, extensionRoutes } from './extension-routes.ts'
import { isRebound } from './host-header.ts'
import { createListener } from './listener.ts'
import { createLoginLog } from './login-log.ts'
import { createLogins, type FailedLogin } from './logins.ts'
import { OPEN_PATHS, PATHS } from './paths.ts'
import { watchCredentials } from './renewal.ts'
import { sendPage } from './send-page.ts'

/** What the pages show of the daemon. */
export interface PageSources {
  readonly registry: Registry
  /** Whether the main loop runs. */
  readonly healthy: () => boolean
  /** Whether every endpoint of this process has been polled at least once, successfully or not, and a replica has joined. */
  readonly ready: () => boolean
  readonly status: () => unknown
  /** The page at `/`. */
  readonly page: () => Promise<Html>
  readonly countFailedLogin: (outcome: FailedLogin) => void
  /** Undefined: there are no links. */
  readonly extensions?: ExtensionSources | undefined
}

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
}

/** How long the password checks in the queue may take; see `passwords.ts`. */
const RETRY_AFTER_SECONDS = 5

/**
 * Serves the page at `/`, `/metrics`, `/healthz`, `/readyz` and `/status`, and the pages of links. Rejects with
 * `CredentialsError` if a file of `server` cannot be used, or with the system's error if the address cannot be bound.
 * `close` closes every connection and does not wait for clients.
 */
export const startHttpServer = async (
  settings: ServerSettings,
  { registry, healthy, ready, status, page, countFailedLogin, extensions }: PageSources,
  { log, names, clock }: { readonly log: Logger; readonly names: Pick<NamesInLog, 'name'>; readonly clock: Clock },
) => {
  let credentials = await readCredentials(settings)
  const logins = createLogins({ users: settings.basicAuthUsers, token: () => credentials.token })
  const listener = createListener(credentials.tls)
  const stop = new AbortController()
  const logFailedLogin = createLoginLog({ log, names, clock, signal: stop.signal })
  const publicHost = settings.links && new URL(settings.links.publicUrl).host
  const app = Fastify({
    serverFactory: (handler) => listener.server.on('request', handler),
    // A path with a broken percent code has no route, and so no hook runs for it.
    frameworkErrors: (_error, request: FastifyRequest, reply: FastifyReply) => {
      reply.headers(HEADERS)
      if (extensions === undefined || !request.url.startsWith(EXTEND_PATH)) {
        void reply.code(400).send(errorBody('this path cannot be read: a % in it needs two hexadecimal digits'))
        return
      }
      extensions.countWrongLink()
      void sendPage(reply.code(WRONG_LINK.status), WRONG_LINK.page)
    },
  })

  // This hook runs before any byte of a body is read: only the pages of links accept one, and ignore it.
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS)
    if (isRebound(settings.host, request.headers.host, publicHost)) {
      return reply
        .code(421)
        .send(errorBody('the Host header has a name of another site: ask for localhost or for the address'))
    }
    const route = request.routeOptions.url
    if (!OPEN_PATHS.has(route) && route !== EXTEND_ROUTE) {
      const { authorization } = request.headers
      const admission = await logins.admit(authorization)
      // A browser asks without a login first.
      if (admission !== 'admitted' && authorization !== undefined) {
        countFailedLogin(admission)
        logFailedLogin(request.socket.remoteAddress)
      }
      if (admission === 'refused') {
        return reply
          .code(401)
          .header('www-authenticate', logins.challenges())
          .send(errorBody('a login is required: see "server" in curfew.yaml'))
      }
      if (admission === 'too-many') {
        return reply
          .code(429)
          .header('retry-after', RETRY_AFTER_SECONDS)
          .send(errorBody('too many logins at once: try again in a few seconds'))
      }
    }
    if (!request.is404) return
    const [path = ''] = request.url.split('?')
    if (path === '/' || Object.hasOwn(PATHS, path)) {
      return reply.code(405).header('allow', 'GET, HEAD').send(errorBody('only GET and HEAD are allowed'))
    }
    return reply.code(404).send({ ...errorBody('no page has this path'), paths: Object.keys(PATHS) })
  })
  app.setErrorHandler((error, request, reply) => {
    const path = request.routeOptions.url
    log.error(
      { event: 'request-failed', path, err: error },
      `the page ${path} could not be rendered: the field "err" says why`,
    )
    return reply
      .code(500)
      .type('text/plain; charset=utf-8')
      .send('this page could not be rendered: see event request-failed in the log of Curfew\n')
  })

  const sendBit = (reply: FastifyReply, ok: boolean) =>
    reply.code(ok ? 200 : 503).send({ status: ok ? 'ok' : 'failing' })
  app.get('/', async (_request, reply) => sendPage(reply, await page()))
  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()))
  app.get('/healthz', (_request, reply) => sendBit(reply, healthy()))
  app.get('/readyz', (_request, reply) => sendBit(reply, ready()))
  app.get('/status', (_request, reply) => reply.send(status()))

  if (extensions !== undefined) await app.register(extensionRoutes(extensions))

  app.addHook('preClose', async () => listener.closeConnections())
  const url = await app.listen({ host: settings.host, port: settings.port })
  // An error such as too many open files must not end the daemon.
  listener.server.on('error', (err) =>
    log.error(
      { event: 'server-failed', err },
      'the HTTP server could not accept a connection: check its limit of open files',
    ),
  )

  const onChange = (next: Credentials) => {
    credentials = next
    if (next.tls !== undefined) listener.renew(next.tls)
  }
  const watching = watchCredentials({ settings, current: credentials, onChange, clock, signal: stop.signal, log })

  return {
    url: credentials.tls === undefined ? url : url.replace(/^http:/, 'https:'),
    async close(): Promise<void> {
      stop.abort()
      await Promise.all([app.close(), watching])
    },
  }
}

const errorBody = (message: string) => ({ error: message })
