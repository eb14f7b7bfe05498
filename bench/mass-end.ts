import { bundled } from './support/bundle.ts'
import { messageOf } from './support/child.ts'
import { imageStart } from './support/image-start.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'

interface Figures {
  readonly longestMs: number
  readonly cpuSeconds: number
  readonly residentMb: number
  readonly due: number
}

const CONTENDERS = [
  ['hand', 'floor: the hand loop, once'],
  ['json-rules-engine', 'peer: json-rules-engine, once'],
  ['curfew', 'Curfew, with its log, metrics and trail'],
] as const

/** What Node takes for its heap where a container has 1 GiB, as the manifests limit it. */
const HEAP_MB = 524

/** The longest turn of the event loop, and the memory, while all connections of one endpoint are due at once. */
export const massEnd = async ({ quick, rounds }: Options): Promise<readonly Table[]> => {
  using contender = await bundled('bench/support/mass-end-contender.ts')
  const [connections, seconds] = quick ? [2000, 2] : [126_000, 60]
  const options = [...imageStart().options, `--max-old-space-size=${HEAP_MB}`]
  const all = new Map<string, Figures[]>(CONTENDERS.map(([name]) => [name, []]))
  for (let round = 0; round < rounds; round++)
    for (const [name] of CONTENDERS) {
      const figures = await messageOf<Figures>(contender.file, [name, connections, seconds].map(String), options)
      if (figures.due < connections) throw new Error(`${name} found ${figures.due} of ${connections} connections due`)
      all.get(name)?.push(figures)
    }
  const of = (name: string, pick: (figures: Figures) => number) => median((all.get(name) ?? []).map(pick))
  return [
    {
      title: `mass-end: ${connections} connections due at once, ${seconds} s`,
      rows: CONTENDERS.map(([name, what]) => ({
        what,
        'longest turn ms': rounded(of(name, ({ longestMs }) => longestMs)),
        'to the floor': ratio(
          of(name, ({ longestMs }) => longestMs),
          of('hand', ({ longestMs }) => longestMs),
        ),
        'CPU s': rounded(of(name, ({ cpuSeconds }) => cpuSeconds)),
        'RSS MB': Math.round(of(name, ({ residentMb }) => residentMb)),
        'RSS to the floor': ratio(
          of(name, ({ residentMb }) => residentMb),
          of('hand', ({ residentMb }) => residentMb),
        ),
      })),
    },
  ]
}
