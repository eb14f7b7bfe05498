import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { unzipSync } from 'fflate'
import { messageOf } from './support/child.ts'
import { BANS, doorCompany, EVENTS, POLICIES } from './support/door-company.ts'
import { createFolder } from './support/folder.ts'
import type { Asked, Took } from './support/lambda-calls.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'

const BUNDLE = 'dist/cli/main.js'

/** Starts of each function in one round, and answers of a process of it. The first tenth of the answers is not counted. */
const STARTS = 20
const CALLS = 3000

const EMPTY = `export const handler = async () => ({
  allow: true, 'error-msg-on-denied-connection': '', 'posture-compliance-statuses': [], 'schema-version': 'v3',
})`

const p99 = (figures: readonly number[]): number =>
  figures.toSorted((a, b) => a - b)[Math.min(figures.length - 1, Math.floor(figures.length * 0.99))] ?? Number.NaN

const withoutFirstTenth = (figures: readonly number[]) => figures.slice(Math.floor(figures.length / 10))

const nothing = (): Took => ({ cold: [], coldCpu: [], warm: [], warmCpu: [] })

const ROWS = [
  ['first answer of a process', 'cold'],
  ['CPU time until then', 'coldCpu'],
  ['later answer', 'warm'],
  ['CPU time of a later answer', 'warmCpu'],
] as const

/**
 * The built handler beside an empty one, in turn, each under AWS's runtime interface client on the Node of `nodejs24.x`: the
 * first answer of a process, and those that follow.
 */
export const connectHandler = async ({ quick, rounds }: Options): Promise<readonly Table[]> => {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} does not exist: run npm run build first`)
  using folder = createFolder()
  const write = (name: string, text: string | Uint8Array) => {
    const path = resolve(folder.path, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  }
  for (const [name, text] of Object.entries(doorCompany())) write(name, text)
  const config = join(folder.path, 'curfew.yaml')
  const zip = join(folder.path, 'handler.zip')
  execFileSync(process.execPath, [BUNDLE, 'connect-handler', 'build', '--config', config, '--out', zip])
  const zipped = readFileSync(zip)
  const code = unzipSync(zipped)['index.mjs']
  if (code === undefined) throw new Error(`${zip} has no index.mjs`)

  const asked: Asked = {
    functions: [write('empty/index.mjs', EMPTY), write('built/index.mjs', code)].map(dirname),
    events: EVENTS,
    starts: quick ? 2 : STARTS,
    calls: quick ? 20 : CALLS,
  }
  const [empty, built] = [nothing(), nothing()]
  const loadBefore = loadavg()[0] ?? 0
  for (let round = 0; round < rounds; round++) {
    const took = await messageOf<readonly [Took, Took]>(
      'bench/support/lambda-calls.ts',
      [JSON.stringify(asked)],
      ['--import', 'tsx'],
    )
    for (const [index, all] of [empty, built].entries()) {
      const { cold, coldCpu, warm, warmCpu } = took[index] ?? nothing()
      all.cold.push(...cold)
      all.coldCpu.push(...coldCpu)
      all.warm.push(...withoutFirstTenth(warm))
      all.warmCpu.push(...withoutFirstTenth(warmCpu))
    }
  }

  const load = [loadBefore, loadavg()[0] ?? 0].map((one) => one.toFixed(1))
  return [
    {
      title: `connect-handler: ${BANS.toLocaleString('en')} bans, ${POLICIES} policies`,
      rows: ROWS.map(([what, key]) => ({
        what,
        'empty p50 ms': rounded(median(empty[key])),
        'empty p99 ms': rounded(p99(empty[key])),
        'built p50 ms': rounded(median(built[key])),
        'built p99 ms': rounded(p99(built[key])),
        'more p50 ms': (median(built[key]) - median(empty[key])).toPrecision(3),
        'more p99 ms': (p99(built[key]) - p99(empty[key])).toPrecision(3),
        'to empty': ratio(median(built[key]), median(empty[key])),
      })),
      notes: [
        `handler.zip has ${Math.ceil(zipped.length / 1000)} KB, index.mjs ${Math.ceil(code.length / 1000)} KB`,
        'goals: a first answer within 150 ms, a later one 5 ms after the empty handler, a zip below 400 KB',
        `load of the machine before and after: ${load.join(' and ')}`,
      ],
    },
  ]
}
