import { isDeepStrictEqual } from 'node:util'
import { bundled } from './support/bundle.ts'
import { told } from './support/child.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'

const OURSELVES = ['curfew', 'plain', 'hand'] as const
const ENGINES = ['json-rules-engine', 'cedar-wasm'] as const
/** The slow ones see no more than these, as often as this. */
const ENGINE_CONNECTIONS = 1000
const ENGINE_SNAPSHOTS = 4

type Who = (typeof OURSELVES)[number] | (typeof ENGINES)[number]

interface Took {
  readonly firstMs: number
  readonly takeInMs: number
  readonly nextMs: number
  readonly againMs: number
  readonly ended: readonly string[]
}

/** What deciding costs, per connection: the first time, on new snapshots of the same people, and again on the same snapshot. */
export const decide = async ({ quick, rounds }: Options): Promise<readonly Table[]> => {
  using contender = await bundled('bench/support/decide-contender.ts', ['@cedar-policy/*'])
  const tables: Table[] = []
  const engines = []
  for (const connections of quick ? [1000] : [1000, 10_000, 126_000]) {
    const rows = []
    for (const policies of [3, 20, 200]) {
      const snapshots = quick ? 2 : Math.max(8, 400_000 / connections)
      const measure = (who: Who) => {
        const seen = ENGINES.some((engine) => engine === who) ? Math.min(ENGINE_SNAPSHOTS, snapshots) : snapshots
        return told<Took>(contender.file, [who, connections, policies, seen].map(String))
      }
      const contenders: readonly Who[] = connections === ENGINE_CONNECTIONS ? [...OURSELVES, ...ENGINES] : OURSELVES
      const took = new Map<Who, Took[]>(contenders.map((who) => [who, []]))
      // Turn by turn, so that what else the machine does hits all of them.
      for (let round = 0; round < rounds; round++) for (const who of contenders) took.get(who)?.push(await measure(who))
      const ended = took.get('hand')?.[0]?.ended ?? []
      for (const [who, all] of took) {
        if (!all.every((one) => isDeepStrictEqual(one.ended, ended))) throw new Error(`${who} decides otherwise`)
      }
      const ns = (who: Who, pick: (took: Took) => number) =>
        rounded((median((took.get(who) ?? []).map(pick)) * 1e6) / connections)
      const next = ns('curfew', ({ nextMs }) => nextMs)
      const again = ns('curfew', ({ againMs }) => againMs)
      const handNext = ns('hand', ({ nextMs }) => nextMs)
      const handAgain = ns('hand', ({ againMs }) => againMs)
      rows.push({
        policies,
        first: ns('curfew', ({ firstMs }) => firstMs),
        'hand first': ns('hand', ({ firstMs }) => firstMs),
        'taken in': ns('curfew', ({ takeInMs }) => takeInMs),
        next,
        'nothing remembered': ns('plain', ({ nextMs }) => nextMs),
        'hand next': handNext,
        'next to hand': ratio(next, handNext),
        again,
        'hand again': handAgain,
        'again to hand': ratio(again, handAgain),
        ends: ended.length,
      })
      if (connections !== ENGINE_CONNECTIONS) continue
      engines.push({
        policies,
        'Curfew µs': rounded(next / 1000),
        ...Object.fromEntries(
          ENGINES.flatMap((who) => {
            const figure = ns(who, ({ nextMs }) => nextMs)
            return [
              [`${who} µs`, rounded(figure / 1000)],
              [`${who} to Curfew`, ratio(figure, next)],
            ]
          }),
        ),
      })
    }
    tables.push({ title: `decide: ${connections} connections, ns a connection`, rows })
  }
  tables.push({
    title: `decide: general engines, ${ENGINE_CONNECTIONS} connections, µs a connection`,
    rows: engines,
    notes: ['Every one of them ends the same connections, or the run fails.'],
  })
  return tables
}
