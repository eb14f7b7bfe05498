import { isDeepStrictEqual } from 'node:util'
import { bundled } from './support/bundle.ts'
import { messageOf } from './support/child.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'

const FAST = ['curfew', 'plain', 'hand'] as const
const ENGINES = ['json-rules-engine', 'cedar-wasm'] as const
/** The general engines are slow: they decide only on the smallest endpoint, and on this many snapshots. */
const ENGINE_SNAPSHOTS = 4

type ContenderName = (typeof FAST)[number] | (typeof ENGINES)[number]

interface Timings {
  readonly firstMs: number
  readonly takeInMs: number
  /** Of a contender without a memory. */
  readonly mapMs: number
  readonly nextMs: number
  readonly againMs: number
  readonly ended: readonly string[]
}

/**
 * The time of a decision per connection: the first one, on each new snapshot of the same principals, and again on the same
 * snapshot.
 */
export const decide = async ({ quick, rounds }: Options): Promise<readonly Table[]> => {
  using contender = await bundled('bench/support/decide-contender.ts', ['@cedar-policy/*'])
  const tables: Table[] = []
  const engines = []
  const sizes = quick ? [100] : [1000, 10_000, 126_000]
  const [engineConnections = 0] = sizes
  for (const connections of sizes) {
    const rows = []
    for (const policies of quick ? [3, 20] : [3, 20, 200]) {
      const snapshots = quick ? 2 : Math.max(8, 400_000 / connections)
      const measure = (name: ContenderName) => {
        const count = ENGINES.some((engine) => engine === name) ? Math.min(ENGINE_SNAPSHOTS, snapshots) : snapshots
        return messageOf<Timings>(contender.file, [name, connections, policies, count].map(String))
      }
      const contenders: readonly ContenderName[] = connections === engineConnections ? [...FAST, ...ENGINES] : FAST
      const timings = new Map<ContenderName, Timings[]>(contenders.map((name) => [name, []]))
      // The contenders take turns, so that other work on the machine affects all of them.
      for (let round = 0; round < rounds; round++)
        for (const name of contenders) timings.get(name)?.push(await measure(name))
      const ended = timings.get('hand')?.[0]?.ended ?? []
      for (const [name, all] of timings) {
        if (!all.every((one) => isDeepStrictEqual(one.ended, ended)))
          throw new Error(`${name} ends other connections than the hand loop`)
      }
      const ns = (name: ContenderName, pick: (timings: Timings) => number) =>
        rounded((median((timings.get(name) ?? []).map(pick)) * 1e6) / connections)
      const next = ns('curfew', ({ nextMs }) => nextMs)
      const takenIn = ns('curfew', ({ takeInMs }) => takeInMs)
      const map = ns('hand', ({ mapMs }) => mapMs)
      const first = ns('curfew', ({ firstMs }) => firstMs)
      const handFirst = ns('hand', ({ firstMs }) => firstMs)
      const again = ns('curfew', ({ againMs }) => againMs)
      const handNext = ns('hand', ({ nextMs }) => nextMs)
      const handAgain = ns('hand', ({ againMs }) => againMs)
      rows.push({
        policies,
        first,
        'hand first': handFirst,
        'first to hand': ratio(first, handFirst),
        'taken in': takenIn,
        'a map by id': map,
        'taken in to map': ratio(takenIn, map),
        next,
        'without memory': ns('plain', ({ nextMs }) => nextMs),
        'hand next': handNext,
        'next to hand': ratio(next, handNext),
        again,
        'hand again': handAgain,
        'again to hand': ratio(again, handAgain),
        ends: ended.length,
      })
      if (connections !== engineConnections) continue
      engines.push({
        policies,
        'Curfew µs': rounded(next / 1000),
        'Curfew first µs': rounded(first / 1000),
        ...Object.fromEntries(
          ENGINES.flatMap((name) => {
            const figure = ns(name, ({ nextMs }) => nextMs)
            return [
              [`${name} µs`, rounded(figure / 1000)],
              [`${name} to Curfew`, ratio(figure, next)],
              [`${name} first µs`, rounded(ns(name, ({ firstMs }) => firstMs) / 1000)],
            ]
          }),
        ),
      })
    }
    tables.push({ title: `decide: ${connections} connections, ns per connection`, rows })
  }
  tables.push({
    title: `decide: general engines, ${engineConnections} connections, µs per connection`,
    rows: engines,
    notes: ['All of them end the same connections; otherwise the run fails.'],
  })
  return tables
}
