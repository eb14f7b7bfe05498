/** The result of parsing what an operator wrote: its value, or a sentence that says what is wrong and what to write. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string }

/** A calendar day without a time zone. `month` is 1 to 12, `day` 1 to 31. */
export interface LocalDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** Both ends are included. */
export interface DateRange {
  readonly from: LocalDate
  readonly to: LocalDate
}

const DAY_MS = 86_400_000

/** The number of the day, counted from 1970-01-01. */
export const dayNumber = ({ year, month, day }: LocalDate): number => {
  const at = new Date(0)
  // Date.UTC reads the years 0 to 99 as those of the 20th century.
  return at.setUTCFullYear(year, month - 1, day) / DAY_MS
}

/** The date of a day, counted from 1970-01-01. */
export const dateOf = (day: number): LocalDate => {
  const at = new Date(day * DAY_MS)
  return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() }
}
