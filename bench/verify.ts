import { bundled } from './support/bundle.ts'
import { messageOf, served } from './support/child.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'

interface Usage {
  readonly requests: number
  readonly cpuMs: number
}

/** The requests and the CPU time that it takes to prove terminations: by a whole list, and by lookups. */
export const verify = async ({ quick, rounds }: Options): Promise<readonly Table[]> => {
  using server = await bundled('bench/support/pages-server.ts')
  using prover = await bundled('bench/support/prove.ts')
  const tables: Table[] = []
  for (const connections of quick ? [2000] : [1000, 20_000, 126_000]) {
    using serving = await served(server.file, [String(connections)])
    const rows: Table['rows'][number][] = []
    for (const terminations of [8, 199, 800]) {
      const args = [serving.url, String(terminations), String(rounds)]
      const { lists, lookups } = await messageOf<Record<'lists' | 'lookups', readonly Usage[]>>(prover.file, args)
      const cpuOf = (all: readonly Usage[]) => median(all.map(({ cpuMs }) => cpuMs))
      for (const [who, all] of [
        ['a whole list', lists],
        ['lookups', lookups],
      ] as const)
        rows.push({
          who,
          terminations,
          requests: all[0]?.requests ?? 0,
          'CPU ms': rounded(cpuOf(all)),
          'CPU ms per termination': rounded(cpuOf(all) / terminations),
          'to lookups': ratio(cpuOf(all), cpuOf(lookups)),
        })
    }
    tables.push({ title: `verify: proving terminations on an endpoint of ${connections} connections`, rows })
  }
  return tables
}
