import { Temporal } from 'temporal-polyfill'

/** What became of a text that an operator wrote: its meaning, or in plain words what is wrong and what to write. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string }

/** A day on the wall calendar, in no zone. */
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

/** The same day every year; 02-29 in leap years only. */
export type YearlyDate = Pick<LocalDate, 'month' | 'day'>

/** One entry of `calendars:`; a single date is a range of one day. */
export interface Calendar {
  readonly dates: readonly DateRange[]
  readonly yearly: readonly YearlyDate[]
}

/** The dates on which no window opens. */
export interface ClosedDates {
  has(date: LocalDate): boolean
}

/** `2026-12-25`, a date that exists. */
export const parseDate = (text: string): Parsed<LocalDate> => {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? []
  if (day === undefined) {
    const yearly = isYearly(text) ? ', or put it under "yearly" if it holds every year' : ''
    return { problem: `${JSON.stringify(text)} is not a date: write YYYY-MM-DD, such as 2026-12-25${yearly}` }
  }
  const date = { year: Number(year), month: Number(month), day: Number(day) }
  return exists(date) ? { value: date } : { problem: notThere(text) }
}

/** `{ from: 2026-12-31, to: 2027-01-01 }`, both ends included. */
export const parseDateRange = (range: { readonly from: string; readonly to: string }): Parsed<DateRange> => {
  const from = parseDate(range.from)
  if ('problem' in from) return from
  const to = parseDate(range.to)
  if ('problem' in to) return to
  if (ordinal(to.value) < ordinal(from.value)) {
    return { problem: `the range ends on ${range.to}, before it begins on ${range.from}: swap "from" and "to"` }
  }
  return { value: { from: from.value, to: to.value } }
}

/** `05-01`: month and day. */
export const parseYearly = (text: string): Parsed<YearlyDate> => {
  if (!isYearly(text)) {
    const dated = 'value' in parseDate(text) ? ', or put it under "dates" if it holds in one year' : ''
    return { problem: `${JSON.stringify(text)} is not a yearly date: write MM-DD, such as 05-01${dated}` }
  }
  const date = { month: Number(text.slice(0, 2)), day: Number(text.slice(3)) }
  return exists({ ...date, year: LEAP_YEAR }) ? { value: date } : { problem: notThere(text) }
}

/** All dates of the calendars together; of none, no date. */
export const closedDates = (calendars: readonly Calendar[]): ClosedDates => {
  const yearly = new Set(calendars.flatMap((calendar) => calendar.yearly.map(monthAndDay)))
  const dates = calendars.flatMap((calendar) => calendar.dates)
  const ranges = dates.map(({ from, to }) => ({ from: ordinal(from), to: ordinal(to) }))
  // Holidays are mostly single days: those need no search.
  const single = new Set(ranges.filter(({ from, to }) => from === to).map(({ from }) => from))
  const longer = ranges.filter(({ from, to }) => from < to)

  return {
    has(date) {
      const asked = ordinal(date)
      return (
        single.has(asked) ||
        yearly.has(monthAndDay(date)) ||
        longer.some(({ from, to }) => from <= asked && asked <= to)
      )
    },
  }
}

const isYearly = (text: string) => /^\d\d-\d\d$/.test(text)

const monthAndDay = ({ month, day }: YearlyDate) => month * 100 + day

/** In the order of the calendar, though not without gaps. */
const ordinal = (date: LocalDate) => date.year * 10_000 + monthAndDay(date)

const LEAP_YEAR = 2000

const exists = ({ year, month, day }: LocalDate): boolean => {
  try {
    new Temporal.PlainDate(year, month, day)
    return true
  } catch {
    return false
  }
}

const notThere = (text: string) => `${text} is not in the calendar: no such month, or no such day in it`
