import { dateOf, dayNumber, type LocalDate } from './local-date.ts'
import { createDayTest, type Weekday, type WindowDays } from './window-days.ts'

/** An event of a calendar that recurs, with the words of iCalendar (RFC 5545). It lasts whole days. */
export interface Recurrence {
  /** The first day of its first occurrence. */
  readonly from: LocalDate
  /** The last day on which an occurrence may begin; undefined if it never ends. */
  readonly until: LocalDate | undefined
  readonly every: 'day' | 'week' | 'month' | 'year'
  /** 2 is every second day, week, month or year, counted from the one that contains `from`. */
  readonly interval: number
  /** The first day of a week, which matters for every second week. */
  readonly weekStart: Weekday
  /** An occurrence begins on each day that fits one of these. */
  readonly on: readonly WindowDays[]
  /** Days on which no occurrence begins. */
  readonly except: readonly LocalDate[]
  readonly lengthDays: number
}

/** Whether a date lies in an occurrence. */
export const createOccurrenceTest = (recurrence: Recurrence): ((date: LocalDate) => boolean) => {
  const begins = createBeginTest(recurrence)
  const offsets = Array.from({ length: recurrence.lengthDays }, (_, index) => index)
  return (date) => {
    const day = dayNumber(date)
    return offsets.some((offset) => begins(day - offset))
  }
}

/** Whether an occurrence begins on a day, counted from 1970-01-01. */
const createBeginTest = (recurrence: Recurrence): ((day: number) => boolean) => {
  const { from, until, interval, on, except } = recurrence
  const first = dayNumber(from)
  const last = until === undefined ? Number.POSITIVE_INFINITY : dayNumber(until)
  const excepted = new Set(except.map(dayNumber))
  const tests = on.map(createDayTest)
  const period = periodOf(recurrence)
  const firstPeriod = period(from, first)
  return (day) => {
    if (day < first || day > last || excepted.has(day)) return false
    const date = dateOf(day)
    return (period(date, day) - firstPeriod) % interval === 0 && tests.some((test) => test(date))
  }
}

/** The number of the day, week, month or year that contains a day. */
const periodOf = ({ every, weekStart }: Recurrence): ((date: LocalDate, day: number) => number) => {
  if (every === 'year') return ({ year }) => year
  if (every === 'month') return ({ year, month }) => year * 12 + month
  // 1970-01-01 was a Thursday, the fourth day of the week.
  if (every === 'week') return (_, day) => Math.floor((day + 4 - weekStart) / 7)
  return (_, day) => day
}

/** No calendar is asked about a later day: windows are searched ten years ahead. */
const LONGEST_DAYS = 100 * 366

/** The same recurrence, ended after so many occurrences. Excepted days count as occurrences. */
export const endedAfter = (recurrence: Recurrence, occurrences: number): Recurrence => {
  const begins = createBeginTest({ ...recurrence, except: [] })
  const first = dayNumber(recurrence.from)
  let day = first
  for (let left = occurrences; day < first + LONGEST_DAYS; day++) {
    if (begins(day) && --left === 0) break
  }
  return { ...recurrence, until: dateOf(day) }
}
