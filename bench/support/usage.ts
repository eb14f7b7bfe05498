import { spawnSync } from 'node:child_process'

/** What a process used until its end. */
export interface Usage {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakMb: number
  readonly output: string
}

/**
 * Loaded before a program. When the process exits, the fourth file descriptor gets what it used. The `maxRSS` of the system
 * includes the parent's memory at the fork, so that the peak is read from the status of the process.
 */
const REPORTER = `data:text/javascript,${encodeURIComponent(`
import { readFileSync, writeSync } from 'node:fs'
process.on('exit', () => {
  const peakKb = Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])
  writeSync(3, JSON.stringify({ ...process.cpuUsage(), peakKb }))
})`)}`

/** Runs a program with Node to its end. Throws if its exit code is another than 0. */
export const usageOf = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Usage => {
  const startedAt = performance.now()
  const { status, stdout, output } = spawnSync(process.execPath, ['--import', REPORTER, ...args], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with exit code ${status}`)
  const used = JSON.parse(output[3] ?? '') as NodeJS.CpuUsage & { readonly peakKb: number }
  return {
    seconds: (performance.now() - startedAt) / 1000,
    cpuSeconds: (used.user + used.system) / 1e6,
    peakMb: used.peakKb / 1024,
    output: stdout,
  }
}
