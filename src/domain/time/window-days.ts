import { type DateRange, dateOf, dayNumber, type LocalDate, type Parsed } from './local-date.ts'

/** As in ISO 8601: Monday is 1, Sunday is 7. */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7

export const EVERY_DAY: readonly Weekday[] = [1, 2, 3, 4, 5, 6, 7]

/** The days on which a window opens: those that fit everything given. */
export interface WindowDays {
  readonly days: readonly Weekday[]
  readonly dates?: readonly DateRange[] | undefined
  /** 1 to 12. */
  readonly months?: readonly number[] | undefined
  /** 1 to 31; from -1, the last day of the month, to -31. */
  readonly monthDays?: readonly number[] | undefined
  /** 1 to 5: the first to fifth such weekday of the month. From -1, the last one, to -5. */
  readonly weeks?: readonly number[] | undefined
}

/** Whether a window opens on a date. */
export const createDayTest = (written: WindowDays): ((date: LocalDate) => boolean) => {
  const tests = testsOf(written)
  return (date) => tests.every((test) => test(date))
}

const testsOf = ({ days, dates, months, monthDays, weeks }: WindowDays): readonly ((date: LocalDate) => boolean)[] => [
  // Most days fail the first test that is given, and the cheapest comes first.
  ...(months === undefined ? [] : [({ month }: LocalDate) => months.includes(month)]),
  ...(dates === undefined ? [] : [isWithin(dates)]),
  ...(days.length === EVERY_DAY.length ? [] : [(date: LocalDate) => days.includes(weekdayOf(date))]),
  ...(monthDays === undefined
    ? []
    : [(date: LocalDate) => monthDays.includes(date.day) || monthDays.includes(date.day - lengthOfMonth(date) - 1)]),
  ...(weeks === undefined
    ? []
    : [
        (date: LocalDate) =>
          weeks.includes(Math.ceil(date.day / 7)) ||
          weeks.includes(-Math.ceil((lengthOfMonth(date) - date.day + 1) / 7)),
      ]),
]

const isWithin = (ranges: readonly DateRange[]) => {
  const days = ranges.map(({ from, to }) => [dayNumber(from), dayNumber(to)] as const)
  return (date: LocalDate) => {
    const day = dayNumber(date)
    return days.some(([from, to]) => from <= day && day <= to)
  }
}

/** The first and last day on which a window may open, as numbers of days since 1970-01-01. */
export const outerDays = ({ dates }: WindowDays): { readonly first: number; readonly last: number } =>
  dates === undefined
    ? { first: Number.NEGATIVE_INFINITY, last: Number.POSITIVE_INFINITY }
    : {
        first: dates.reduce((first, { from }) => Math.min(first, dayNumber(from)), Number.POSITIVE_INFINITY),
        last: dates.reduce((last, { to }) => Math.max(last, dayNumber(to)), Number.NEGATIVE_INFINITY),
      }

/** 1970-01-01 was a Thursday. */
const weekdayOf = (date: LocalDate): Weekday => (((((dayNumber(date) + 3) % 7) + 7) % 7) + 1) as Weekday

const lengthOfMonth = ({ year, month }: LocalDate): number => dateOf(dayNumber({ year, month: month + 1, day: 0 })).day

/** In 41 years, a leap year begins on each day of the week, even where a century skips one. */
const EVERY_SORT_OF_YEAR = 41 * 366

/** Whether no day in any year fits everything that is given. */
export const neverFits = (written: WindowDays): boolean => {
  const isOpenOn = createDayTest(written)
  const always: DateRange = { from: { year: 2001, month: 1, day: 1 }, to: { year: 9999, month: 12, day: 31 } }
  return !(written.dates ?? [always]).some(({ from, to }) => {
    const last = Math.min(dayNumber(to), dayNumber(from) + EVERY_SORT_OF_YEAR)
    for (let day = dayNumber(from); day <= last; day++) if (isOpenOn(dateOf(day))) return true
    return false
  })
}

interface Cycle {
  readonly key: string
  readonly word: string
  readonly every: string
  readonly names: readonly string[]
  readonly example: string
}

const WEEK: Cycle = {
  key: 'days',
  word: 'day',
  every: 'every day',
  names: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
  example: 'mon-fri',
}

const YEAR: Cycle = {
  key: 'months',
  word: 'month',
  every: 'every month',
  names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  example: 'jan-mar',
}

/** Reads `mon-fri`, `sat`, `fri-mon` (over the weekend) or a list of these. The result is in the order of the week. */
export const parseDays = (written: string | readonly string[]): Parsed<readonly Weekday[]> => {
  const parsed = parseCycle(written, WEEK)
  return 'problem' in parsed ? parsed : { value: EVERY_DAY.filter((day) => parsed.value.includes(day)) }
}

/** Reads `jan-mar`, `dec`, `nov-feb` (over the new year) or a list of these. The result is in the order of the year. */
export const parseMonths = (written: string | readonly string[]): Parsed<readonly number[]> => parseCycle(written, YEAR)

/** The numbers of the chosen names, counted from 1. */
const parseCycle = (
  written: string | readonly string[],
  { key, word, every, names, example }: Cycle,
): Parsed<readonly number[]> => {
  const items = typeof written === 'string' ? [written] : written
  if (items.length === 0) return { problem: `the list of ${key} is empty: leave "${key}" out for ${every}` }
  const chosen = new Set<number>()
  for (const item of items) {
    const [first = -1, last = first, ...more] = item.split('-').map((name) => names.indexOf(name))
    if (first < 0 || last < 0 || more.length > 0) {
      const list = names.join(', ')
      return {
        problem: `${JSON.stringify(item)} is not a ${word}: write one of ${list}, or a range such as ${example}`,
      }
    }
    if (first === last && item.includes('-')) {
      return {
        problem: `"${item}" could mean one ${word} or ${every}: write ${names[first]}, or leave "${key}" out for ${every}`,
      }
    }
    for (let place = first; place !== last; place = (place + 1) % names.length) chosen.add(place)
    chosen.add(last)
  }
  return { value: names.flatMap((_, place) => (chosen.has(place) ? [place + 1] : [])) }
}

/** Reads one entry of `monthDays`: 1 is the first day of the month, -1 the last. */
export const parseMonthDay = (written: number): Parsed<number> =>
  written === 0
    ? { problem: '0 is not a day of the month: write 1 for the first day, or -1 for the last' }
    : { value: written }

/** Reads one entry of `weeks`: 1 to 5, or `last`. */
export const parseWeek = (written: number | string): Parsed<number> => {
  if (written === 'last') return { value: -1 }
  if (typeof written === 'number' && Number.isInteger(written) && 1 <= written && written <= 5) {
    return { value: written }
  }
  return { problem: `${JSON.stringify(written)} is not a week of the month: write 1, 2, 3, 4, 5 or last` }
}
