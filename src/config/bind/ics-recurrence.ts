import type { Rule } from '#ical'
import { parseDate } from '../../domain/time/calendar.ts'
import { parseInstant } from '../../domain/time/instant-text.ts'
import type { LocalDate, Parsed } from '../../domain/time/local-date.ts'
import { dateIn } from '../../domain/time/local-time.ts'
import { endedAfter, type Recurrence } from '../../domain/time/recurrence.ts'
import { parseTimeZone } from '../../domain/time/time-window.ts'
import { EVERY_DAY, type Weekday, type WindowDays } from '../../domain/time/window-days.ts'

/** The first occurrence of the event, to which the rule applies. */
interface First {
  readonly from: LocalDate
  readonly lengthDays: number
  readonly except: readonly LocalDate[]
}

const FREQUENCIES: Readonly<Record<string, Recurrence['every']>> = {
  DAILY: 'day',
  WEEKLY: 'week',
  MONTHLY: 'month',
  YEARLY: 'year',
}

const PARTS = ['freq', 'interval', 'until', 'count', 'wkst', 'bymonth', 'bymonthday', 'byday']

const INSTEAD = 'write the dates with RDATE, or under "dates" of the calendar'

/** Each day of an occurrence is asked for by itself. */
const LONGEST_DAYS = 31

/** Counting the occurrences takes a step for each day. */
const MOST_OCCURRENCES = 10_000

/**
 * Reads the rule of an event that lasts whole days, with the meaning of RFC 5545. `zone` is that of a DTSTART with a
 * time, as the calendar names it.
 */
export const parseRecurrence = (rule: Rule, first: First, zone: string | undefined): Parsed<Recurrence> => {
  const every = FREQUENCIES[String(rule.freq)]
  if (every === undefined) {
    return { problem: `an event of whole days cannot recur with FREQ=${String(rule.freq ?? '')}: ${INSTEAD}` }
  }
  // A semicolon at the end makes a part without a name and a value.
  const unread = Object.keys(rule).find((part) => rule[part] !== undefined && !PARTS.includes(part))
  if (unread !== undefined) return { problem: `${unread.toUpperCase()} is not supported: ${INSTEAD}` }
  if (first.lengthDays > LONGEST_DAYS) {
    return { problem: `a recurring event of ${first.lengthDays} days is too long, at most ${LONGEST_DAYS}: ${INSTEAD}` }
  }
  const until = rule.until === undefined ? undefined : lastDateOf(String(rule.until), zone)
  if (until !== undefined && 'problem' in until) return until
  const on = daysOf(rule, every, first.from)
  if ('problem' in on) return on
  const recurrence: Recurrence = {
    ...first,
    until: until?.value,
    every,
    interval: typeof rule.interval === 'number' ? Math.max(1, rule.interval) : 1,
    // The parser counts from Sunday, which is 1.
    weekStart: typeof rule.wkst === 'number' ? ((((rule.wkst + 5) % 7) + 1) as Weekday) : 1,
    on: on.value,
  }
  if (typeof rule.count !== 'number') return { value: recurrence }
  if (rule.count < 1) return { problem: `COUNT=${rule.count} is no number of occurrences: leave it out` }
  if (rule.count <= MOST_OCCURRENCES) return { value: endedAfter(recurrence, rule.count) }
  return { problem: `COUNT=${rule.count} is too large, at most ${MOST_OCCURRENCES}: leave it out` }
}

const WRITE_UNTIL = 'write the last date, such as UNTIL=20271231'

/** The last date on which an occurrence may begin. A time in UTC may lie on another date in the zone of the event. */
const lastDateOf = (until: string, zone: string | undefined): Parsed<LocalDate> => {
  const written = `UNTIL=${until.replaceAll(/[:-]/g, '')}`
  const [, date, isUtc] = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d:\d\d(Z)?)?$/.exec(until) ?? []
  if (date === undefined) return { problem: `${written} is not a date: ${WRITE_UNTIL}` }
  // Some products write a date as its midnight in UTC.
  if (isUtc === undefined || (zone === undefined && until.endsWith('T00:00:00Z'))) return parseDate(date)
  if (zone === undefined) return { problem: `${written} is in UTC, and DTSTART has no zone: ${WRITE_UNTIL}` }
  const known = parseTimeZone(zone)
  if ('problem' in known) {
    return { problem: `${written} is in UTC, and the zone ${zone} of DTSTART is not an IANA name: ${WRITE_UNTIL}` }
  }
  const instant = parseInstant(until)
  if ('problem' in instant) return { problem: `${written} does not exist: ${WRITE_UNTIL}` }
  return { value: dateIn(instant.at, known.value) }
}

/** The first occurrence decides what a rule leaves open. */
const daysOf = (rule: Rule, every: Recurrence['every'], from: LocalDate): Parsed<readonly WindowDays[]> => {
  const [months, monthDays] = [rule.bymonth, rule.bymonthday].map((part) => listOf(part)?.map(Number))
  const weekdays = listOf(rule.byday)?.map(String)
  if (every === 'week' && monthDays !== undefined)
    return { problem: `BYMONTHDAY does not go with FREQ=WEEKLY: ${INSTEAD}` }
  const isDated = every === 'year' || every === 'month'
  const isOpen = monthDays === undefined && weekdays === undefined
  const limits = {
    months: months ?? (every === 'year' && isOpen ? [from.month] : undefined),
    monthDays: monthDays ?? (isDated && isOpen ? [from.day] : undefined),
  }
  if (weekdays === undefined) {
    return { value: [{ days: every === 'week' ? [weekdayOf(from)] : EVERY_DAY, ...limits }] }
  }
  const parsed = weekdays.map((each) => parseWeekday(each, every === 'month' || months !== undefined))
  const wrong = parsed.find((one) => 'problem' in one)
  if (wrong !== undefined) return wrong
  return { value: parsed.flatMap((one) => ('value' in one ? [{ ...one.value, ...limits }] : [])) }
}

const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']

/** Reads `MO`, `4TH` or `-1MO`. */
const parseWeekday = (written: string, isInMonth: boolean): Parsed<WindowDays> => {
  const [, week, name = ''] = /^([+-]?\d+)?([A-Z]{2})$/.exec(written) ?? []
  const weekday = (WEEKDAYS.indexOf(name) + 1) as Weekday
  if (week === undefined) return { value: { days: [weekday] } }
  if (isInMonth && Math.abs(Number(week)) <= 5) return { value: { days: [weekday], weeks: [Number(week)] } }
  return { problem: `BYDAY=${written} counts the weeks of a year: ${INSTEAD}` }
}

const weekdayOf = ({ year, month, day }: LocalDate): Weekday =>
  (new Date(Date.UTC(year, month - 1, day)).getUTCDay() || 7) as Weekday

const listOf = (value: Rule[string]): readonly (string | number)[] | undefined =>
  value === undefined || typeof value === 'object' ? value : [value]
