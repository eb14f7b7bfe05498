import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundled } from './support/bundle.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'

const BUNDLE = 'dist/cli/main.js'

/** The time from the start of the process to the first poll, and the resident memory then, compared with a bare Node. */
export const start = async ({ rounds }: Options): Promise<readonly Table[]> => {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} does not exist: run npm run build first`)
  using server = await bundled('bench/support/pages-server.ts')
  const serving = fork(server.file, ['1000'], { execArgv: [] })
  const [port] = (await once(serving, 'message')) as [number]
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
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${port}`,
  }

  /** The duration of a command in ms. */
  const durationOf = async (args: readonly string[]): Promise<number> => {
    const startedAt = performance.now()
    await once(spawn(process.execPath, args, { env, stdio: 'ignore' }), 'close')
    return performance.now() - startedAt
  }

  /** The time until the first snapshot is complete in ms, and the resident memory then in MB. */
  const firstPoll = async (args: readonly string[]) => {
    const startedAt = performance.now()
    const child = spawn(process.execPath, [...args, 'run', '-c', config], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    for await (const chunk of child.stdout) {
      output += String(chunk)
      if (output.includes('"event":"polled"')) break
    }
    const ms = performance.now() - startedAt
    const rssMb = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    child.stdout.resume()
    await closed
    return { ms, rssMb }
  }

  const rows = []
  const bare = []
  for (let round = 0; round < rounds; round++) bare.push(await durationOf(['-e', '0']))
  rows.push({ what: 'bare Node', ms: rounded(median(bare)), 'RSS MB': '', 'to bare': 1 })
  for (const [what, args] of [
    ['first poll, from the bundle', [BUNDLE]],
    ['first poll, from the sources (with tsx)', ['--import', 'tsx', 'src/cli/main.ts']],
  ] as const) {
    const all = []
    for (let round = 0; round < rounds; round++) all.push(await firstPoll(args))
    const ms = rounded(median(all.map((one) => one.ms)))
    rows.push({
      what,
      ms,
      'RSS MB': Math.round(median(all.map((one) => one.rssMb))),
      'to bare': ratio(ms, median(bare)),
    })
  }
  const validated = []
  for (let round = 0; round < rounds; round++) validated.push(await durationOf([BUNDLE, 'validate', '-c', config]))
  const ms = rounded(median(validated))
  rows.push({ what: 'validate, from the bundle', ms, 'RSS MB': '', 'to bare': ratio(ms, median(bare)) })
  serving.disconnect()
  rmSync(folder, { recursive: true, force: true })
  return [{ title: 'start: 1,000 connections', rows }]
}
