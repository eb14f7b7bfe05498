/** What one benchmark shows; figures as they are, text where there is none. */
export interface Table {
  readonly title: string
  readonly rows: ReadonlyArray<Readonly<Record<string, string | number>>>
  readonly notes?: readonly string[]
}

export interface Options {
  /** A run that shows that it works, in seconds. */
  readonly quick: boolean
  readonly rounds: number
}

export const median = (figures: readonly number[]): number =>
  figures.toSorted((a, b) => a - b)[figures.length >> 1] ?? Number.NaN

/** To three figures. */
export const rounded = (figure: number): number => Number(figure.toPrecision(3))

export const ratio = (figure: number, to: number): number => rounded(figure / to)
