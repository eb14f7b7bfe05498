import { type ChildProcess, execFileSync, type ForkOptions, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { bundled } from './support/bundle.ts'
import { BANS, doorCompany, EVENTS, POLICIES } from './support/door-company.ts'
import { createFolder } from './support/folder.ts'
import type { Warm } from './support/handler-calls.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'

const BUNDLE = 'dist/cli/main.js'

/** Starts of a process in one round, and calls of a process that is warm. The first tenth of the calls is not counted. */
const STARTS = 40
const CALLS = 20_000

const EMPTY = `export const handler = async () => ({
  allow: true, 'error-msg-on-denied-connection': '', 'posture-compliance-statuses': [], 'schema-version': 'v3',
})`

const p99 = (figures: readonly number[]): number =>
  figures.toSorted((a, b) => a - b)[Math.min(figures.length - 1, Math.floor(figures.length * 0.99))] ?? Number.NaN

interface First {
  readonly ms: number
  readonly cpuMs: number
}

/** The time from the start of a process to the first answer of its handler, and the CPU time that the process has used by then. */
const firstAnswer = async (program: string, handler: string): Promise<First> => {
  const startedAt = performance.now()
  const child = fork(program, ['first', handler, JSON.stringify(EVENTS[0])], FORKED)
  const closed = once(child, 'close')
  const { at, cpuMs } = await messageOf<{ at: number; cpuMs: number }>(child, closed)
  const ms = at - performance.timeOrigin - startedAt
  await closed
  return { ms, cpuMs }
}

/** What each call took, for each handler. */
const warmAnswers = async (program: string, calls: number, handlers: readonly string[]) => {
  const child = fork(program, ['warm', String(calls), JSON.stringify(EVENTS), ...handlers], FORKED)
  const closed = once(child, 'close')
  const times = await messageOf<readonly Warm[]>(child, closed)
  await closed
  const counted = (all: readonly number[]) => all.slice(Math.floor(all.length / 10))
  return times.map(({ ms, cpuMs }) => ({ ms: counted(ms), cpuMs: counted(cpuMs) }))
}

/** The log of the handlers goes nowhere. */
const FORKED: ForkOptions = { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }

const messageOf = async <Message>(child: ChildProcess, closed: Promise<unknown[]>): Promise<Message> => {
  const [message] = (await Promise.race([
    once(child, 'message'),
    closed.then(([code]) => {
      throw new Error(`the process of the handlers ended with exit code ${String(code)} and sent nothing`)
    }),
  ])) as [Message]
  return message
}

/** The built handler beside an empty one, in the same rounds: the first answer of a process, and those that follow. */
export const connectHandler = async ({ quick, rounds }: Options): Promise<readonly Table[]> => {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} does not exist: run npm run build first`)
  using folder = createFolder()
  const file = (name: string, text: string | Uint8Array) => {
    const path = join(process.cwd(), folder.path, name)
    writeFileSync(path, text)
    return path
  }
  for (const [name, text] of Object.entries(doorCompany())) file(name, text)
  const config = join(folder.path, 'curfew.yaml')
  const zip = join(folder.path, 'handler.zip')
  execFileSync(process.execPath, [BUNDLE, 'connect-handler', 'build', '--config', config, '--out', zip])
  const zipped = readFileSync(zip)
  const code = unzipSync(zipped)['index.mjs']
  if (code === undefined) throw new Error(`${zip} has no index.mjs`)
  for (const name of ['empty', 'built']) mkdirSync(join(folder.path, name))
  const handlers = [file('empty/index.mjs', EMPTY), file('built/index.mjs', code)] as const
  using program = await bundled('bench/support/handler-calls.ts')

  const none = () => handlers.map((): number[] => [])
  const [cold, coldCpu, warm, warmCpu] = [none(), none(), none(), none()]
  for (let round = 0; round < rounds; round++) {
    for (let start = 0; start < (quick ? 2 : STARTS); start++) {
      for (const [index, handler] of handlers.entries()) {
        const { ms, cpuMs } = await firstAnswer(program.file, handler)
        cold[index]?.push(ms)
        coldCpu[index]?.push(cpuMs)
      }
    }
    for (const [index, { ms, cpuMs }] of (await warmAnswers(program.file, quick ? 100 : CALLS, handlers)).entries()) {
      warm[index]?.push(...ms)
      warmCpu[index]?.push(...cpuMs)
    }
  }

  const rows = [
    ['first answer of a process', cold],
    ['CPU time until then', coldCpu],
    ['later answer', warm],
    ['CPU time of a later answer', warmCpu],
  ] as const
  return [
    {
      title: `connect-handler: ${BANS.toLocaleString('en')} bans, ${POLICIES} policies`,
      rows: rows.map(([what, [empty = [], built = []]]) => ({
        what,
        'empty p50 ms': rounded(median(empty)),
        'empty p99 ms': rounded(p99(empty)),
        'built p50 ms': rounded(median(built)),
        'built p99 ms': rounded(p99(built)),
        'more p50 ms': (median(built) - median(empty)).toPrecision(3),
        'more p99 ms': (p99(built) - p99(empty)).toPrecision(3),
        'to empty': median(empty) > 0 ? ratio(median(built), median(empty)) : '',
      })),
      notes: [
        `handler.zip has ${Math.ceil(zipped.length / 1000)} KB, index.mjs ${Math.ceil(code.length / 1000)} KB`,
        'goals: a first answer within 150 ms, a later one 5 ms after the empty handler, a zip below 400 KB',
      ],
    },
  ]
}
