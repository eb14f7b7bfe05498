import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { imageStart } from './image-start.ts'

interface Line {
  readonly event?: string
  readonly url?: string
}

/** The built daemon with the options of the image, on a server that stands in for AWS. */
export const startDaemon = (bundle: string, config: string, url: string) => {
  const start = imageStart()
  const child = spawn(process.execPath, [...start.options, bundle, 'run', '-c', config], {
    env: {
      ...process.env,
      ...start.environment,
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      AWS_ENDPOINT_URL_STS: url,
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const closed = once(child, 'close')
  return {
    pid: child.pid ?? 0,

    async *log(): AsyncGenerator<Line> {
      for await (const line of createInterface(child.stdout)) yield JSON.parse(line) as Line
    },

    async stop(): Promise<void> {
      child.stdout.resume()
      child.kill('SIGTERM')
      await closed
    },
  }
}
