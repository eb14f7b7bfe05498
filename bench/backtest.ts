import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundled } from './support/bundle.ts'
import { createFolder } from './support/folder.ts'
import { childrenCpuSeconds } from './support/process-cpu.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'
import { type Usage, usageOf } from './support/usage.ts'

const BUNDLE = 'dist/cli/main.js'

const POLICIES = `version: 1
groups:
  contractors: ["ext-*"]
policies:
  - { name: daily, kind: max-session-age, maxAge: 10h, cooldown: 30m }
  - name: contractors-hours
    kind: off-hours
    timeZone: Europe/Berlin
    allowed: [{ days: mon-fri, hours: "07:30-18:30" }]
    match: { users: ["group:contractors"] }
    grace: 5m
  - { name: two-devices, kind: max-sessions, limit: 2 }
`

/** In a month they have about a million sessions. */
const PEOPLE = 23_000

interface Contender {
  readonly what: string
  readonly args: readonly string[]
  readonly all: Usage[]
}

/** Undefined without jq. Its peak is not measured. */
const jqUsage = (log: string): Usage | undefined => {
  const [startedAt, before] = [performance.now(), childrenCpuSeconds()]
  // A session that has not ended has the duration NA.
  const longer = 'select((."connection-duration-seconds" | tonumber? // 0) > 36000)'
  const { error, status, stderr } = spawnSync('jq', ['-c', longer, log], { stdio: ['ignore', 'ignore', 'pipe'] })
  if (error !== undefined) return undefined
  if (status !== 0) throw new Error(`jq ended with exit code ${status}: ${stderr.toString()}`)
  const seconds = (performance.now() - startedAt) / 1000
  return { seconds, cpuSeconds: childrenCpuSeconds() - before, peakMb: Number.NaN, output: '' }
}

/**
 * A month of connection logs is replayed. The floor parses the same lines and does nothing with them. The peer, jq, finds
 * the sessions of more than ten hours, each by itself.
 */
export const backtest = async ({ quick, rounds }: Options): Promise<readonly Table[]> => {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} does not exist: run npm run build first`)
  using folder = createFolder()
  const log = join(folder.path, 'month.jsonl')
  const policies = join(folder.path, 'policies.yaml')
  writeFileSync(policies, POLICIES)
  const people = quick ? 50 : PEOPLE
  execFileSync(process.execPath, ['--import', 'tsx', 'scripts/synthetic-month.ts', '--people', String(people), log])
  using parser = await bundled('bench/support/parse-lines.ts')
  const command = [BUNDLE, 'backtest', log, '--policies', policies, '--output', 'json']
  const contenders = {
    'floor: JSON.parse of each line': [parser.file, log],
    backtest: command,
    'backtest, and --against the same policies': [...command, '--against', policies],
  }
  const used = Object.entries(contenders).map(([what, args]): Contender => ({ what, args, all: [] }))
  const jq: Contender = { what: 'peer: jq finds long sessions', args: [], all: [] }
  for (let round = 0; round < rounds; round++) {
    for (const { args, all } of used) all.push(usageOf(args))
    const usage = jqUsage(log)
    if (usage !== undefined) jq.all.push(usage)
  }
  const cpuOf = ({ all }: Contender) => median(all.map(({ cpuSeconds }) => cpuSeconds))
  const [floor, replayed] = used
  if (floor === undefined || replayed === undefined) throw new Error('a contender is missing')
  const { sessions } = JSON.parse(replayed.all[0]?.output ?? '') as { readonly sessions: number }
  return [
    {
      title: `backtest: ${sessions.toLocaleString('en')} sessions, ${Math.round(statSync(log).size / 1e6)} MB of lines`,
      rows: [...used, ...(jq.all.length === 0 ? [] : [jq])].map((one) => {
        const peak = median(one.all.map(({ peakMb }) => peakMb))
        const seconds = median(one.all.map((usage) => usage.seconds))
        return {
          what: one.what,
          s: rounded(seconds),
          'CPU s': rounded(cpuOf(one)),
          'sessions/s': Math.round(sessions / seconds),
          'peak MB': Number.isNaN(peak) ? '' : Math.round(peak),
          'CPU to the floor': ratio(cpuOf(one), cpuOf(floor)),
        }
      }),
    },
  ]
}
