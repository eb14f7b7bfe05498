import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The built bundle, as it is released. */
export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** A line of the log. */
export interface Line {
  readonly event?: string
  readonly url?: string
  readonly [field: string]: unknown
}

/** Starts `curfew run` in a folder. `key` is its access key, by which the simulated AWS knows it. */
export const startReplica = (options: {
  readonly key: string
  readonly folder: string
  readonly awsUrl: string
  readonly databaseUrl: string
  /** Default: the key alone. */
  readonly credentials?: Readonly<Record<string, string>> | undefined
  /** A module that Node loads before the program. */
  readonly preload?: string
}) => {
  const { key, folder, awsUrl, databaseUrl } = options
  const preload = options.preload === undefined ? [] : ['--import', options.preload]
  const child = spawn(process.execPath, [...preload, MAIN, 'run', '-c', 'curfew.yaml'], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...(options.credentials ?? { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: 'secret' }),
      AWS_ENDPOINT_URL_EC2: awsUrl,
      AWS_ENDPOINT_URL_STS: awsUrl,
      CURFEW_DATABASE_URL: databaseUrl,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: Line[] = []
  let url: string | undefined
  let stderr = ''
  let killedAt: number | undefined
  let isAsked = false
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4000)))
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = text.startsWith('{') ? (JSON.parse(text) as Line) : {}
    if (line.event === 'listening') url = line.url
    lines.push(line)
  })
  const exited = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }))

  return {
    key,
    pid: child.pid ?? 0,
    lines,
    exited,
    stderr: () => stderr,
    /** When it was killed: what it sent before arrives later. */
    killedAt: () => killedAt,
    /** Whether it was asked to end. */
    isAsked: () => isAsked,
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    signal(name: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGHUP') {
      if (name === 'SIGKILL') killedAt = Date.now()
      isAsked ||= name === 'SIGKILL' || name === 'SIGTERM'
      child.kill(name)
    },
    /** The text of a page of its server. Undefined while it does not listen. */
    async page(path: '/' | '/metrics' | '/status' | '/readyz' | '/healthz') {
      if (url === undefined) return undefined
      try {
        const answer = await fetch(`${url}${path}`)
        return { status: answer.status, text: await answer.text() }
      } catch {
        return undefined
      }
    },
  }
}

export type Replica = ReturnType<typeof startReplica>
