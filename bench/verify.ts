import { bundled } from './support/bundle.ts'
import { messageOf, served } from './support/child.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'

interface Usage {
  readonly requests: number
  readonly cpuMs: number
}

/** The ways of `support/prove.ts`, as the table names them. */
const WAYS = [
  ['bare filter', 'floor: a bare request for each 200 ids'],
  ['SDK, filter', 'peer: the SDK, 200 ids a request'],
  ['SDK, whole list', 'peer: the SDK, the whole list'],
  ['whole list', 'Curfew before: the whole list, judged'],
  ['lookups', 'Curfew: lookups'],
] as const

/** The requests and the CPU time that it takes to prove terminations. */
export const verify = async ({ quick, rounds }: Options): Promise<readonly Table[]> => {
  using server = await bundled('bench/support/pages-server.ts')
  using prover = await bundled('bench/support/prove.ts')
  const tables: Table[] = []
  for (const connections of quick ? [2000] : [1000, 20_000, 126_000]) {
    using serving = await served(server.file, [String(connections)])
    const rows: Table['rows'][number][] = []
    for (const terminations of quick ? [199] : [8, 199, 800]) {
      const args = [serving.url, String(terminations), String(rounds)]
      const used = await messageOf<Readonly<Record<string, readonly Usage[]>>>(prover.file, args)
      const cpuOf = (way: string) => median((used[way] ?? []).map(({ cpuMs }) => cpuMs))
      for (const [way, who] of WAYS)
        rows.push({
          terminations,
          who,
          requests: used[way]?.[0]?.requests ?? 0,
          'CPU ms': rounded(cpuOf(way)),
          'CPU µs per termination': rounded((cpuOf(way) * 1000) / terminations),
          'to lookups': ratio(cpuOf(way), cpuOf('lookups')),
          'to the floor': ratio(cpuOf(way), cpuOf('bare filter')),
        })
    }
    tables.push({ title: `verify: proving terminations on an endpoint of ${connections} connections`, rows })
  }
  return tables
}
