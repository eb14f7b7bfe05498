import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { composeDaemon, createLog } from '../../src/cli/compose-daemon.ts'
import { readConfiguration } from '../../src/cli/compose-files.ts'

// Usage: node cycle-daemon.mjs CURFEW_YAML CYCLES. Runs the daemon, measures its event loop, and sends the figures.
const [, , path = '', cycles = '1'] = process.argv
process.env.AWS_ACCESS_KEY_ID = 'bench'
process.env.AWS_SECRET_ACCESS_KEY = 'bench'
const { configuration } = readConfiguration(path)
if (configuration === undefined) throw new Error('the configuration of the benchmark is invalid')

const delay = monitorEventLoopDelay({ resolution: 5 })
const polls: number[] = []
const memory: number[] = []
const done = new AbortController()
const listeners = [
  (event: { readonly event: string }) => {
    if (event.event !== 'decided') return
    memory.push(process.memoryUsage().rss / 1024 ** 2)
    polls.push(performance.now())
    if (polls.length >= Number(cycles)) done.abort()
  },
]
const composed = await composeDaemon({ configuration, ...createLog('silent'), listeners })
const server = await composed.startServer()
const scrape = setInterval(() => void fetch(`${server.url}/metrics`).then((answer) => answer.text()), 1000)
const startedAt = performance.now()
const cpu = process.cpuUsage()
delay.enable()
const running = composed.run(done.signal)
await once(done.signal, 'abort')
delay.disable()
const { user, system } = process.cpuUsage(cpu)
clearInterval(scrape)
process.send?.({
  wallSeconds: (performance.now() - startedAt) / 1000,
  cpuSeconds: (user + system) / 1e6,
  p50Ms: delay.percentile(50) / 1e6,
  p99Ms: delay.percentile(99) / 1e6,
  maxMs: delay.max / 1e6,
  firstRssMb: memory[0],
  lastRssMb: memory.at(-1),
})
await running
process.exit(0)
