import { Temporal } from 'temporal-polyfill'
import { type DateRange, dayNumber, type LocalDate, type Parsed } from './local-date.ts'
import { createOccurrenceTest, type Recurrence } from './recurrence.ts'

/** A day of every year. 02-29 exists in leap years only. */
type YearlyDate = Pick<LocalDate, 'month' | 'day'>

/** One entry of `calendars:`. A single date is kept as a range of one day. */
export interface Calendar {
  readonly dates: readonly DateRange[]
  readonly yearly: readonly YearlyDate[]
  /** The recurring events of its file, if it has one. */
  readonly recurring?: readonly Recurrence[] | undefined
}

/** Dates on which no window opens. */
export interface ClosedDates {
  has(date: LocalDate): boolean
  /** Whether it has no date at all. */
  readonly isEmpty: boolean
}

/** Reads `2026-12-25`. The date must exist. */
export const parseDate = (text: string): Parsed<LocalDate> => {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? []
  if (day === undefined) {
    const yearly = isYearly(text) ? ', or put it under "yearly" of a calendar if it repeats every year' : ''
    return { problem: `${JSON.stringify(text)} is not a date: write YYYY-MM-DD, such as 2026-12-25${yearly}` }
  }
  const date = { year: Number(year), month: Number(month), day: Number(day) }
  return exists(date) ? { value: date } : { problem: notInCalendar(text) }
}

/** Reads `{ from: 2026-12-31, to: 2027-01-01 }`. Both ends are included. */
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

/** Reads an entry of `dates`, a date or a range. */
export const parseDates = (written: string | { readonly from: string; readonly to: string }): Parsed<DateRange> => {
  if (typeof written !== 'string') return parseDateRange(written)
  const date = parseDate(written)
  return 'problem' in date ? date : { value: { from: date.value, to: date.value } }
}

/** Reads `05-01`, a month and a day. */
export const parseYearly = (text: string): Parsed<YearlyDate> => {
  if (!isYearly(text)) {
    const dated = 'value' in parseDate(text) ? ', or put it under "dates" if it is a date of one year only' : ''
    return { problem: `${JSON.stringify(text)} is not a yearly date: write MM-DD, such as 05-01${dated}` }
  }
  const date = { month: Number(text.slice(0, 2)), day: Number(text.slice(3)) }
  return exists({ ...date, year: LEAP_YEAR }) ? { value: date } : { problem: notInCalendar(text) }
}

/** The dates of all calendars together. */
export const closedDates = (calendars: readonly Calendar[]): ClosedDates => {
  const yearly = new Set(calendars.flatMap((calendar) => calendar.yearly.map(monthAndDay)))
  const dates = calendars.flatMap((calendar) => calendar.dates)
  const ranges = dates.map(({ from, to }) => ({ from: ordinal(from), to: ordinal(to) }))
  // Most holidays are single days. A set finds them without a search through the ranges.
  const singleDays = new Set(ranges.filter(({ from, to }) => from === to).map(({ from }) => from))
  const longerRanges = ranges.filter(({ from, to }) => from < to)
  const recurs = calendars.flatMap(({ recurring = [] }) => recurring.map(createOccurrenceTest))

  return {
    isEmpty: yearly.size === 0 && dates.length === 0 && recurs.length === 0,
    has(date) {
      const day = ordinal(date)
      return (
        singleDays.has(day) ||
        yearly.has(monthAndDay(date)) ||
        longerRanges.some(({ from, to }) => from <= day && day <= to) ||
        recurs.some((isWithin) => isWithin(date))
      )
    },
  }
}

/** The last day of a calendar, counted from 1970-01-01; infinite if it never ends. */
export const lastDay = ({ dates, yearly, recurring = [] }: Calendar): number => {
  if (yearly.length > 0) return Number.POSITIVE_INFINITY
  const ends = recurring.map(({ until, lengthDays }) =>
    until === undefined ? Number.POSITIVE_INFINITY : dayNumber(until) + lengthDays - 1,
  )
  return [...dates.map(({ to }) => dayNumber(to)), ...ends].reduce(
    (last, day) => Math.max(last, day),
    Number.NEGATIVE_INFINITY,
  )
}

const isYearly = (text: string) => /^\d\d-\d\d$/.test(text)

const monthAndDay = ({ month, day }: YearlyDate) => month * 100 + day

/** A number that orders dates as the calendar does. It has gaps, so it does not count days. */
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

const notInCalendar = (text: string) => `${text} is not in the calendar: correct the month or the day`
