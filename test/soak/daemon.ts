import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The bundle that ships. */
export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

interface Line {
  readonly event?: string
  readonly url?: string
  readonly outcome?: string
}

/** Nothing of the machine's own AWS settings reaches the daemon. */
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

const metric = (text: string, name: string): number =>
  Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN)

/** One life of the daemon, from its start to its end. */
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

  const seen = (event: string, withinMs: number): Promise<boolean> =>
    new Promise((resolve) => {
      const finish = (found: boolean) => {
        clearTimeout(timer)
        events.off('line', look)
        resolve(found)
      }
      const look = (line: Line) => {
        if (line.event === event) finish(true)
      }
      const timer = setTimeout(() => finish(false), withinMs)
      events.on('line', look)
      void exited.then(() => finish(false))
    })

  return {
    generation,
    exited,
    /** Resolves with whether it was logged within so long. */
    seen,
    listening: async (withinMs: number) => url !== undefined || (await seen('listening', withinMs)),
    isWanted: () => wanted === 'running',
    stderr: () => stderr,
    signal(name: 'SIGHUP' | 'SIGTERM' | 'SIGKILL') {
      if (name !== 'SIGHUP') wanted = 'stopping'
      child.kill(name)
    },
    async healthy(): Promise<boolean> {
      if (url === undefined) return false
      return fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5000) }).then(
        ({ ok }) => ok,
        () => false,
      )
    },
    /** Undefined while it does not listen yet, or any more. */
    async resources(): Promise<Resources | undefined> {
      if (url === undefined) return undefined
      try {
        const text = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5000) })).text()
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
