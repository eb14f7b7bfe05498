import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundled } from './support/bundle.ts'
import { imageScript } from './support/image-script.ts'
import { childrenCpuSeconds, cpuSecondsOf, residentMbOf } from './support/process-cpu.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'

const BUNDLE = 'dist/cli/main.js'

interface Took {
  readonly ms: number
  readonly cpuMs: number
  readonly rssMb?: number
}

/** The time from the start of the process to the first poll, and the resident memory then, compared with a bare Node. */
export const start = async ({ quick, rounds }: Options): Promise<readonly Table[]> => {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} does not exist: run npm run build first`)
  using server = await bundled('bench/support/pages-server.ts')
  const serving = fork(server.file, ['1000'], { execArgv: [] })
  const [port] = (await once(serving, 'message')) as [number]
  using sdk = await bundled('bench/support/sdk-request.ts')
  using image = quick ? undefined : imageScript()
  const folder = mkdtempSync(join(tmpdir(), 'curfew-bench-'))
  const config = join(folder, 'curfew.yaml')
  writeFileSync(
    config,
    `version: 1
policies: [./policies.yaml]
watch: [{ region: eu-central-1, endpointUrl: "http://127.0.0.1:${port}", endpoints: [cvpn-endpoint-0123456789abcdef0] }]
server: { port: 0 }
log: { level: debug }
`,
  )
  writeFileSync(
    join(folder, 'policies.yaml'),
    'version: 1\npolicies: [{ name: daily, kind: max-session-age, maxAge: 10h }]\n',
  )
  const url = `http://127.0.0.1:${port}`
  const { PATH, HOME, NODE_EXTRA_CA_CERTS } = process.env
  const plain = { PATH, HOME, AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench', AWS_ENDPOINT_URL_STS: url }
  let env: NodeJS.ProcessEnv = plain

  /** What a command takes until its end, as the mean of so many times. */
  const ended = async (args: readonly string[], times = 1): Promise<Took> => {
    const [startedAt, before] = [performance.now(), childrenCpuSeconds()]
    for (let time = 0; time < times; time++) {
      await once(spawn(process.execPath, args, { env, stdio: 'ignore' }), 'close')
    }
    return { ms: (performance.now() - startedAt) / times, cpuMs: ((childrenCpuSeconds() - before) * 1000) / times }
  }

  /** What the daemon takes until the first snapshot is complete. */
  const firstPoll = async (args: readonly string[]): Promise<Took> => {
    const startedAt = performance.now()
    const child = spawn(process.execPath, [...args, 'run', '-c', config], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    for await (const chunk of child.stdout) {
      output += String(chunk)
      if (output.includes('"event":"polled"')) break
    }
    const ms = performance.now() - startedAt
    const pid = child.pid ?? 0
    const took = { ms, cpuMs: cpuSecondsOf(pid) * 1000, rssMb: residentMbOf(pid) }
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    child.stdout.resume()
    await closed
    return took
  }

  const contenders: Readonly<Record<string, () => Promise<Took>>> = {
    // The system counts CPU in steps of 10 ms, of which one start of Node takes two.
    'bare Node': () => ended(['-e', '0'], 5),
    'one request with the SDK alone': () => ended([sdk.file, url]),
    'validate, from the bundle': () => ended([BUNDLE, 'validate', '-c', config]),
    'first poll, from the bundle': () => firstPoll([BUNDLE]),
    ...(image === undefined
      ? {}
      : {
          'validate, from the script of the image': () => ended([image.file, 'validate', '-c', config]),
          'first poll, from the script of the image': () => firstPoll([image.file]),
          'first poll, from the sources (with tsx)': () => firstPoll(['--import', 'tsx', 'src/cli/main.ts']),
        }),
  }
  const compared = async () => {
    // In turns, so that other work of the machine meets all of them.
    const all = new Map<string, Took[]>(Object.keys(contenders).map((what) => [what, []]))
    for (let round = 0; round < rounds; round++) {
      for (const [what, measure] of Object.entries(contenders)) all.get(what)?.push(await measure())
    }
    const of = (what: string) => {
      const took = all.get(what) ?? []
      // A mean, because each figure is in steps of 10 ms.
      const cpu = took.reduce((sum, one) => sum + one.cpuMs, 0) / took.length
      return { ms: median(took.map((one) => one.ms)), cpu, rssMb: median(took.map(({ rssMb = Number.NaN }) => rssMb)) }
    }
    const bare = of('bare Node')
    return Object.keys(contenders).map((what) => {
      const { ms, cpu, rssMb } = of(what)
      return {
        what,
        ms: rounded(ms),
        'to bare': ratio(ms, bare.ms),
        'CPU ms': rounded(cpu),
        'CPU to bare': ratio(cpu, bare.cpu),
        'RSS MB': Number.isNaN(rssMb) ? '' : Math.round(rssMb),
      }
    })
  }
  const tables: Table[] = [{ title: 'start: 1,000 connections', rows: await compared() }]
  // Node 20 parses these certificates at each start, also of a bare one, for 36 ms and more.
  if (NODE_EXTRA_CA_CERTS !== undefined && !quick) {
    env = { ...plain, NODE_EXTRA_CA_CERTS }
    tables.push({ title: 'start: with NODE_EXTRA_CA_CERTS', rows: await compared() })
  }
  serving.disconnect()
  rmSync(folder, { recursive: true, force: true })
  return tables
}
