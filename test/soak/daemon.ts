import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The built bundle, as it is released. */
export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

interface Line {
  readonly event?: string
  readonly url?: string
  readonly outcome?: string
}

/** The daemon's environment, without the AWS settings of this machine. */
const environment = (awsUrl: string) => ({
  PATH: process.env.PATH,
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_ACCESS_KEY_ID: 'soak',
  AWS_SECRET_ACCESS_KEY: 'soak',
  AWS_ENDPOINT_URL_EC2: awsUrl,
  AWS_ENDPOINT_URL_STS: awsUrl,
})

export interface Resources {
  readonly rssBytes: number
  readonly heapBytes: number
  readonly files: number
  readonly loopLagP99Ms: number
}

/** A time-out finds a daemon that hangs. It must not depend on the machine's speed. */
const ANSWERS_WITHIN_MS = 180_000

const metric = (text: string, name: string): number =>
  Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN)

/** Starts one process of the daemon. `generation` is its number, from 1. */
export const startDaemon = (folder: string, awsUrl: string, generation: number, onLine: (line: Line) => void) => {
  const child: ChildProcess = spawn(process.execPath, [MAIN, 'run', '-c', 'curfew.yaml'], {
    cwd: folder,
    env: environment(awsUrl),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const events = new EventEmitter<{ line: [Line] }>()
  let stderr = ''
  let url: string | undefined
  let wanted: 'running' | 'stopping' = 'running'
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4000)))
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = text.startsWith('{') ? (JSON.parse(text) as Line) : {}
      if (line.event === 'listening') url = line.url
      onLine(line)
      events.emit('line', line)
    })
  const exited = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }))

  const logs = (event: string, withinMs: number): Promise<boolean> =>
    new Promise((resolve) => {
      const finish = (isLogged: boolean) => {
        clearTimeout(timer)
        events.off('line', check)
        resolve(isLogged)
      }
      const check = (line: Line) => {
        if (line.event === event) finish(true)
      }
      const timer = setTimeout(() => finish(false), withinMs)
      events.on('line', check)
      void exited.then(() => finish(false))
    })

  return {
    generation,
    exited,
    /** Resolves with true once the daemon logs the event, with false after `withinMs` or when the process ends. */
    logs,
    listening: async (withinMs: number) => url !== undefined || (await logs('listening', withinMs)),
    isWanted: () => wanted === 'running',
    stderr: () => stderr,
    signal(name: 'SIGHUP' | 'SIGTERM' | 'SIGKILL') {
      if (name !== 'SIGHUP') wanted = 'stopping'
      child.kill(name)
    },
    async healthy(): Promise<boolean> {
      if (url === undefined) return false
      return fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) }).then(
        ({ ok }) => ok,
        () => false,
      )
    },
    /** Undefined if the daemon does not listen yet, or no longer. */
    async resources(): Promise<Resources | undefined> {
      if (url === undefined) return undefined
      try {
        const text = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) })).text()
        const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
        return {
          rssBytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024,
          heapBytes: metric(text, 'nodejs_heap_size_used_bytes'),
          files: readdirSync(`/proc/${child.pid}/fd`).length,
          loopLagP99Ms: metric(text, 'nodejs_eventloop_lag_p99_seconds') * 1000,
        }
      } catch {
        return undefined
      }
    },
  }
}

export type Daemon = ReturnType<typeof startDaemon>
