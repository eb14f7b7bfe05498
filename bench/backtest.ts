import { execFileSync } from 'node:child_process'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundled } from './support/bundle.ts'
import { createFolder } from './support/folder.ts'
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

/** A month of connection logs is replayed. The floor parses the same lines and does nothing with them. */
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
  for (let round = 0; round < rounds; round++) for (const { args, all } of used) all.push(usageOf(args))
  const cpuOf = ({ all }: Contender) => median(all.map(({ cpuSeconds }) => cpuSeconds))
  const [floor, replayed] = used
  if (floor === undefined || replayed === undefined) throw new Error('a contender is missing')
  const { sessions } = JSON.parse(replayed.all[0]?.output ?? '') as { readonly sessions: number }
  return [
    {
      title: `backtest: ${sessions.toLocaleString('en')} sessions, ${Math.round(statSync(log).size / 1e6)} MB of lines`,
      rows: used.map((one) => {
        const seconds = median(one.all.map((usage) => usage.seconds))
        return {
          what: one.what,
          s: rounded(seconds),
          'CPU s': rounded(cpuOf(one)),
          'sessions/s': Math.round(sessions / seconds),
          'peak MB': Math.round(median(one.all.map(({ peakMb }) => peakMb))),
          'CPU to the floor': ratio(cpuOf(one), cpuOf(floor)),
        }
      }),
    },
  ]
}
