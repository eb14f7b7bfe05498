import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundled } from './support/bundle.ts'
import { messageOf, served } from './support/child.ts'
import { startDaemon } from './support/daemon.ts'
import { createFolder } from './support/folder.ts'
import { FOUR_POLICIES } from './support/four-policies.ts'
import { imageScript } from './support/image-script.ts'
import { isNodeOfImage } from './support/image-start.ts'
import { cpuSecondsOf, residentMbOf } from './support/process-cpu.ts'
import { type Options, ratio, rounded, type Table } from './support/table.ts'

const BUNDLE = 'dist/cli/main.js'

const curfewYaml = (url: string) => `version: 1
mode: enforce
policies: [./policies.yaml]
watch: [{ region: eu-central-1, endpointUrl: "${url}", endpoints: [cvpn-endpoint-0123456789abcdef0] }]
poll: { schedule: "*/6 * * * * *", rate: { burst: 1000, perSecond: 1000 } }
server: { port: 0 }
log: { level: debug }
`

/** The built daemon over several polls, each of which shows other byte counters of every connection. */
const run = async (program: string, url: string, polls: number) => {
  using folder = createFolder()
  const config = join(folder.path, 'curfew.yaml')
  writeFileSync(config, curfewYaml(url))
  writeFileSync(join(folder.path, 'policies.yaml'), FOUR_POLICIES)
  const daemon = startDaemon(program, config, url)
  const sizes: number[] = []
  let scrape: NodeJS.Timeout | undefined
  for await (const { event, url: metrics } of daemon.log()) {
    if (event === 'listening')
      scrape = setInterval(() => void fetch(`${metrics}/metrics`).then((answer) => answer.text()), 1000)
    if (event === 'decided' && sizes.push(residentMbOf(daemon.pid)) >= polls) break
  }
  clearInterval(scrape)
  const cpuSeconds = cpuSecondsOf(daemon.pid)
  await daemon.stop()
  return { cpuSeconds, first: sizes[0] ?? 0, last: sizes.at(-1) ?? 0, most: Math.max(...sizes) }
}

/** A process that only keeps the rows of one snapshot after another. */
const mostOf = async (file: string, ...args: ReadonlyArray<string | number>) =>
  (await messageOf<{ readonly most: number }>(file, args.map(String))).most

/** The resident memory of the built daemon, as the image starts it: from its script if this is its Node, or from the bundle. */
export const resident = async ({ quick }: Options): Promise<readonly Table[]> => {
  using server = await bundled('bench/support/pages-server.ts')
  using json = await bundled('bench/support/keep-rows.ts')
  using sdk = await bundled('bench/support/keep-sdk-rows.ts')
  using image = quick || !isNodeOfImage() ? undefined : imageScript()
  const polls = quick ? 2 : 10
  const rows = []
  for (const connections of quick ? [100, 1000] : [1000, 20_000, 126_000]) {
    using serving = await served(server.file, [String(connections), 'moving'])
    const { cpuSeconds, first, last, most } = await run(image?.file ?? BUNDLE, serving.url, polls)
    const floor = await mostOf(json.file, connections, polls)
    const peer = await mostOf(sdk.file, serving.url, polls)
    rows.push({
      connections,
      'RSS MB after the first poll': rounded(first),
      'after the last': rounded(last),
      most: rounded(most),
      'a bare Node': rounded(await mostOf(json.file, 0, 1)),
      'floor: rows as JSON': rounded(floor),
      'to the floor': ratio(most, floor),
      "peer: rows of the SDK's paginator": rounded(peer),
      'to the peer': ratio(most, peer),
      'kB a connection above 90 MB': rounded(Math.max(0, ((most - 90) * 1024) / connections)),
      'CPU s': rounded(cpuSeconds),
    })
  }
  return [{ title: `resident: ${polls} polls, four policies, every counter moves, /metrics once a second`, rows }]
}
