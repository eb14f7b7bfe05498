import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundled } from './support/bundle.ts'
import { messageOf } from './support/child.ts'
import { FOUR_POLICIES } from './support/four-policies.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'

const curfewYaml = (url: string, rate: string) => `version: 1
mode: enforce
policies: [./policies.yaml]
watch: [{ region: eu-central-1, endpointUrl: "${url}", endpoints: [cvpn-endpoint-0123456789abcdef0] }]
poll: { schedule: "*/15 * * * * *", rate: ${rate} }
server: { port: 0 }
`

interface Figures {
  readonly wallSeconds: number
  readonly cpuSeconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly firstRssMb: number
  readonly lastRssMb: number
}

/**
 * Complete cycles of the largest endpoint: the daemon's CPU time, beside as many lists that the SDK's paginator and a scan
 * only read, the delay of its event loop, and its memory.
 */
export const cycle = async ({ quick, rounds }: Options): Promise<readonly Table[]> => {
  using server = await bundled('bench/support/pages-server.ts')
  using daemon = await bundled('bench/support/cycle-daemon.ts')
  using reader = await bundled('bench/support/poll-contender.ts')
  const connections = quick ? 2000 : 126_000
  const serving = fork(server.file, [String(connections)], { execArgv: [] })
  const [port] = (await once(serving, 'message')) as [number]
  const run = async (rate: string, cycles: number): Promise<Figures> => {
    const folder = mkdtempSync(join(tmpdir(), 'curfew-bench-'))
    try {
      writeFileSync(join(folder, 'curfew.yaml'), curfewYaml(`http://127.0.0.1:${port}`, rate))
      writeFileSync(join(folder, 'policies.yaml'), FOUR_POLICIES)
      const child = fork(daemon.file, [join(folder, 'curfew.yaml'), String(cycles)], { execArgv: [] })
      const exited = once(child, 'exit')
      const [figures] = (await once(child, 'message')) as [Figures]
      // Until it exits, the daemon writes its state into the folder.
      await exited
      return figures
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  const readOnce = async (name: 'scan' | 'sdk') => {
    const all: number[] = []
    for (let round = 0; round < rounds; round++) {
      const args = [name, `http://127.0.0.1:${port}`]
      all.push((await messageOf<{ readonly cpuSeconds: number }>(reader.file, args)).cpuSeconds)
    }
    return median(all)
  }
  const [scan, sdk] = [await readOnce('scan'), await readOnce('sdk')]
  const rows = []
  const cases = [
    ['one, at the default rate', '{ burst: 50, perSecond: 10 }', 1],
    ['one, at a rate without limit', '{ burst: 1000, perSecond: 1000 }', 1],
    ...(quick ? [] : ([['ten, at the default rate', '{ burst: 50, perSecond: 10 }', 10]] as const)),
  ] as const
  for (const [name, rate, cycles] of cases) {
    const all: Figures[] = []
    for (let round = 0; round < (cycles > 1 ? 1 : rounds); round++) all.push(await run(rate, cycles))
    const of = (pick: (figures: Figures) => number) => rounded(median(all.map(pick)))
    rows.push({
      cycles: name,
      'wall s': of(({ wallSeconds }) => wallSeconds),
      'CPU s': of(({ cpuSeconds }) => cpuSeconds),
      "to the SDK's paginator": ratio(
        of(({ cpuSeconds }) => cpuSeconds),
        sdk * cycles,
      ),
      'to a scan': ratio(
        of(({ cpuSeconds }) => cpuSeconds),
        scan * cycles,
      ),
      'delay p50 ms': of(({ p50Ms }) => p50Ms),
      'delay p99 ms': of(({ p99Ms }) => p99Ms),
      'delay max ms': of(({ maxMs }) => maxMs),
      'RSS MB after the first': of(({ firstRssMb }) => firstRssMb),
      'after the last': of(({ lastRssMb }) => lastRssMb),
    })
  }
  serving.disconnect()
  return [{ title: `cycle: ${connections} connections, four policies, /metrics once a second`, rows }]
}
