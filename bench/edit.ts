import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { bundled } from './support/bundle.ts'
import { served } from './support/child.ts'
import { startDaemon } from './support/daemon.ts'
import { createFolder } from './support/folder.ts'
import { cpuSecondsOf } from './support/process-cpu.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'

const BUNDLE = 'dist/cli/main.js'

const curfewYaml = (url: string) => `version: 1
mode: audit
policies: [./policies.yaml]
watch: [{ region: eu-central-1, endpointUrl: "${url}", endpoints: [cvpn-endpoint-0123456789abcdef0] }]
poll: { schedule: "*/15 * * * * *", rate: { burst: 1000, perSecond: 1000 } }
server: { port: 0 }
log: { level: debug }
`

const POLICIES = `version: 1
policies: [{ name: leavers, kind: banned-users, usersFile: ./banned.txt }]
`

const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz'

/** Patterns with two literal characters in front and three behind. */
const patterns = (count: number) =>
  Array.from({ length: count }, (_, at) => {
    const letter = (place: number) => LETTERS[Math.floor(at / 36 ** place) % 36] ?? '0'
    return `${letter(0)}${letter(1)}*${letter(2)}${letter(3)}!`
  })

/** The CPU time of a program that only has the lines of the file as a set. */
const floorMs = (file: string): number => {
  const before = process.cpuUsage()
  const lines = new Set(readFileSync(file, 'utf8').split('\n'))
  const { user, system } = process.cpuUsage(before)
  if (lines.size === 0) throw new Error(`${file} has no lines`)
  return (user + system) / 1000
}

/** The longest wait for `/healthz` while an edit makes a list of one pattern a very long one. */
const edited = async (url: string, folder: string, lines: readonly string[]) => {
  const config = join(folder, 'curfew.yaml')
  const list = join(folder, 'banned.txt')
  writeFileSync(config, curfewYaml(url))
  writeFileSync(join(folder, 'policies.yaml'), POLICIES)
  writeFileSync(list, 'mallory-*\n')
  const daemon = startDaemon(BUNDLE, config, url)
  const waits: number[] = []
  const over = new AbortController()
  const probe = async (health: string) => {
    while (!over.signal.aborted) {
      const startedAt = performance.now()
      // A connection of its own: one that is kept may be closed after a long turn.
      const [response] = (await once(get(`${health}/healthz`, { agent: false }), 'response')) as [IncomingMessage]
      await text(response)
      waits.push(performance.now() - startedAt)
      await sleep(20)
    }
  }
  let probing: Promise<void> | undefined
  let [health, isReloaded, before, cpuSeconds] = ['', false, 0, 0]
  for await (const { event, url: listening } of daemon.log()) {
    if (event === 'listening') health = listening ?? ''
    if (event === 'decided' && probing === undefined) {
      before = cpuSecondsOf(daemon.pid)
      probing = probe(health)
      writeFileSync(list, `${lines.join('\n')}\n`)
    }
    if (event === 'reloaded') isReloaded = true
    if (event === 'decided' && isReloaded) {
      cpuSeconds = cpuSecondsOf(daemon.pid) - before
      break
    }
  }
  over.abort()
  await probing
  await daemon.stop()
  return { longestMs: Math.max(...waits), medianMs: median(waits), cpuSeconds, floorMs: floorMs(list) }
}

/** An edit to a very long list, on an endpoint with many connections. */
export const edit = async ({ quick, rounds }: Options): Promise<readonly Table[]> => {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} does not exist: run npm run build first`)
  using server = await bundled('bench/support/pages-server.ts')
  const connections = quick ? 200 : 20_000
  using serving = await served(server.file, [String(connections)])
  const rows = []
  for (const count of quick ? [200, 2_000] : [20_000, 200_000]) {
    const all: Array<Awaited<ReturnType<typeof edited>>> = []
    for (let round = 0; round < rounds; round++) {
      using folder = createFolder()
      all.push(await edited(serving.url, folder.path, patterns(count)))
    }
    const of = (pick: (one: (typeof all)[number]) => number) => median(all.map(pick))
    const [cpu, floor] = [of(({ cpuSeconds }) => cpuSeconds), of((one) => one.floorMs)]
    rows.push({
      patterns: count,
      'longest wait ms': rounded(of(({ longestMs }) => longestMs)),
      'median wait ms': rounded(of(({ medianMs }) => medianMs)),
      'CPU s of the edit': rounded(cpu),
      'floor: the lines as a set, ms': rounded(floor),
      'CPU to the floor': ratio(cpu * 1000, floor),
    })
  }
  return [{ title: `edit: from one pattern to many, ${connections} connections, /healthz asked all the time`, rows }]
}
