import { spawnSync } from 'node:child_process'

/** What a process used until its end. */
export interface Usage {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakMb: number
  readonly output: string
}

/** Loaded before a program. When the process exits, the fourth file descriptor gets what it used. */
const REPORTER = `data:text/javascript,${encodeURIComponent(
  "import { writeSync } from 'node:fs'; process.on('exit', () => writeSync(3, JSON.stringify(process.resourceUsage())))",
)}`

/** Runs a program with Node to its end. Throws if its exit code is another than 0. */
export const usageOf = (...args: readonly string[]): Usage => {
  const startedAt = performance.now()
  const { status, stdout, output } = spawnSync(process.execPath, ['--import', REPORTER, ...args], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with exit code ${status}`)
  const used = JSON.parse(output[3] ?? '') as NodeJS.ResourceUsage
  return {
    seconds: (performance.now() - startedAt) / 1000,
    cpuSeconds: (used.userCPUTime + used.systemCPUTime) / 1e6,
    peakMb: used.maxRSS / 1024,
    output: stdout,
  }
}
