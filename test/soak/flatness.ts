import type { Sample } from './measuring.ts'

export interface Flatness {
  readonly samples: number
  readonly minutes: number
  readonly first: Figures
  readonly last: Figures
  readonly grown: readonly string[]
}

type Measure = 'rssBytes' | 'heapBytes' | 'files' | 'stateBytes' | 'loopLagP99Ms'
type Figures = Readonly<Record<Measure, number>>

const MEASURES: readonly Measure[] = ['rssBytes', 'heapBytes', 'files', 'stateBytes', 'loopLagP99Ms']

/** The growth that is noise: of the garbage collector, and of sockets that happen to be open. */
const ALLOWED: Readonly<Partial<Record<Measure, { readonly share: number; readonly more: number }>>> = {
  rssBytes: { share: 0.1, more: 8 << 20 },
  heapBytes: { share: 0.1, more: 8 << 20 },
  files: { share: 0, more: 4 },
  stateBytes: { share: 0.25, more: 64 << 10 },
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** The heap grows and shrinks with each collection. Its minimum is what the collector leaves. */
const figureOf = (measure: Measure, samples: readonly Sample[]): number => {
  const values = samples.map((sample) => sample[measure])
  return measure === 'heapBytes' ? Math.min(...values) : median(values)
}

const figuresOf = (samples: readonly Sample[]): Figures =>
  Object.fromEntries(MEASURES.map((measure) => [measure, figureOf(measure, samples)])) as Record<Measure, number>

/** Fewer samples of one process prove nothing. */
const LEAST_SAMPLES = 80

/** Compares the first quarter after the warm-up with the last quarter, for the process that lived longest. */
export const flatnessOf = (samples: readonly Sample[]): Flatness | undefined => {
  const processes = new Map<number, Sample[]>()
  for (const sample of samples) processes.set(sample.generation, [...(processes.get(sample.generation) ?? []), sample])
  const longest = [...processes.values()].toSorted((a, b) => b.length - a.length)[0] ?? []
  const warm = longest.slice(Math.floor(longest.length / 4))
  if (warm.length < LEAST_SAMPLES) return undefined
  const quarter = Math.floor(warm.length / 4)
  const first = figuresOf(warm.slice(0, quarter))
  const last = figuresOf(warm.slice(-quarter))
  const grown = MEASURES.filter((measure) => {
    const allowed = ALLOWED[measure]
    return allowed !== undefined && last[measure] > first[measure] * (1 + allowed.share) + allowed.more
  })
  const minutes = ((warm.at(-1)?.atMs ?? 0) - (warm[0]?.atMs ?? 0)) / 60_000
  return { samples: warm.length, minutes, first, last, grown }
}
