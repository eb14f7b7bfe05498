/** The result of a benchmark. A cell is a number, or text if there is no figure. */
export interface Table {
  readonly title: string
  readonly rows: ReadonlyArray<Readonly<Record<string, string | number>>>
  readonly notes?: readonly string[]
}

export interface Options {
  /** Run for seconds, only to prove that the benchmark works. */
  readonly quick: boolean
  readonly rounds: number
}

export const median = (figures: readonly number[]): number =>
  figures.toSorted((a, b) => a - b)[figures.length >> 1] ?? Number.NaN

/** Rounds to three significant digits. */
export const rounded = (figure: number): number => Number(figure.toPrecision(3))

export const ratio = (figure: number, to: number): number => rounded(figure / to)
