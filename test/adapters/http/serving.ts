import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { Gauge, Registry } from 'prom-client'
import { html } from '../../../src/adapters/html/html.ts'
import { pageOf } from '../../../src/adapters/html/page.ts'
import { type PageSources, startHttpServer } from '../../../src/adapters/http/server.ts'
import { createNamesInLog } from '../../../src/adapters/log/names-in-log.ts'
import type { Clock } from '../../../src/app/clock.ts'
import type { ServerSettings } from '../../../src/config/configuration.ts'
import { createManualClock } from '../../app/manual-clock.ts'

export const temporaryFolder = () => {
  const path = mkdtempSync(join(tmpdir(), 'curfew-http-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

type Line = Readonly<Record<string, unknown>>

/** A logger whose lines the test can read. */
const readableLog = () => {
  const lines: Line[] = []
  const log = pino({ base: null }, { write: (text: string) => lines.push(JSON.parse(text) as Line) })
  return { log, lines }
}

/** A clock moved by hand. `minute` advances it and waits until the code that woke up sleeps again. */
const createMinutes = () => {
  // Certificates of tests are made now.
  const manual = createManualClock(Date.now())
  let onSleep = () => {}
  const clock: Clock = {
    ...manual,
    sleep(ms, signal) {
      onSleep()
      return manual.sleep(ms, signal)
    },
  }
  const minute = async () => {
    const asleep = new Promise<void>((resolve) => {
      onSleep = resolve
    })
    await manual.advance(60_000)
    await asleep
  }
  return { clock, minute }
}

/** The server on a free loopback port, with the settings and page sources of a test. */
export const serve = async (overrides: Partial<ServerSettings> = {}, sources: Partial<PageSources> = {}) => {
  const settings: ServerSettings = {
    host: '127.0.0.1',
    port: 0,
    tls: undefined,
    basicAuthUsers: undefined,
    bearerTokenFile: undefined,
    showNames: false,
    links: undefined,
    ...overrides,
  }
  const registry = new Registry()
  new Gauge({ name: 'curfew_enforcing', help: 'Whether.', registers: [registry] }).set(1)
  const { log, lines } = readableLog()
  const { clock, minute } = createMinutes()
  const failedLogins: string[] = []
  const defaults = {
    healthy: () => true,
    ready: () => true,
    status: () => ({ mode: 'audit' }),
    page: async () => pageOf({ title: 'Curfew', body: html`<h1>Curfew</h1>` }),
    countFailedLogin: (outcome: string) => failedLogins.push(outcome),
  }
  const server = await startHttpServer(
    settings,
    { registry, ...defaults, ...sources },
    { log, names: createNamesInLog(), clock },
  )
  let closed: Promise<void> | undefined
  const close = () => (closed ??= server.close())
  const { port } = new URL(server.url)
  return {
    ...server,
    port: Number(port),
    lines,
    failedLogins,
    minute,
    close,
    ask: (path: string, options: AskOptions = {}) => ask(`${server.url}${path}`, options),
    [Symbol.asyncDispose]: close,
  }
}

export type Serving = Awaited<ReturnType<typeof serve>>

type AskOptions = Omit<RequestOptions, 'headers'> & {
  readonly headers?: Readonly<Record<string, string>>
  readonly user?: string
  readonly token?: string
  readonly body?: string
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** One request on a connection of its own. `user` is `NAME:PASSWORD`. */
const ask = (url: string, { user, token, body, ...options }: AskOptions): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const authorization = user === undefined ? token && `Bearer ${token}` : `Basic ${btoa(user)}`
    const headers = { ...options.headers, ...(authorization ? { authorization } : {}) }
    const request = url.startsWith('https:') ? httpsRequest : httpRequest
    request(url, { agent: false, ...options, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const { statusCode = 0 } = response
        resolve({ status: statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() })
      })
    })
      .on('error', reject)
      .end(body)
  })

/** A TCP connection, once it is established. */
export const dial = ({ port }: Pick<AddressInfo, 'port'>): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket)).once('error', reject)
  })

/** All text received on a connection until it is closed. */
export const untilEnded = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    // A connection that the server destroys may end with a reset.
    socket.on('error', () => {})
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
  })
