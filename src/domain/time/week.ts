import { Temporal } from 'temporal-polyfill'
import { closedDates } from './calendar.ts'
import type { Hours } from './hours.ts'
import { type Instant, MINUTE, NEVER } from './instant.ts'
import type { LocalDate } from './local-date.ts'
import { clockChangeIn, WEEKDAYS } from './local-days.ts'
import { minuteText } from './local-text.ts'
import { intersection, type Period, type Periods } from './period.ts'
import { createTimeWindows } from './time-window.ts'

/** What a policy of hours says at some time: whether a connection may be up. */
type HoursState = 'allowed' | 'ends' | 'not-in-force'

/** A part of a day. The texts are wall-clock times of the zone: `07:30`, and `24:00` for the end of the day. */
export interface WeekSpan extends Period {
  readonly state: HoursState
  readonly fromText: string
  readonly untilText: string
}

/** One day on the wall clock of a zone. */
export interface WeekDay extends Period {
  readonly date: LocalDate
  /** `Mon` to `Sun`. */
  readonly weekday: string
  /** Whether it is a date of a calendar, on which no window opens. */
  readonly isClosed: boolean
  /** When the clocks change on this day. */
  readonly clockChangesAt: Instant | undefined
  /** 06:00, 12:00 and 18:00 on the wall clock. */
  readonly quarters: readonly Instant[]
  /** The whole day, in order. */
  readonly spans: readonly WeekSpan[]
}

/** The day of an instant and the six days after it, as the hours of a policy say. `inForce`: when the policy is in force. */
export const weekOf = (hours: Hours, inForce: Period, firstAt: Instant): readonly WeekDay[] => {
  const { zone, windows, calendars, open } = hours
  const closed = closedDates(calendars)
  const first = Temporal.Instant.fromEpochMilliseconds(firstAt).toZonedDateTimeISO(zone).toPlainDate()
  const startOf = (date: Temporal.PlainDate): Instant => date.toZonedDateTime(zone).epochMilliseconds
  const week = { from: startOf(first), until: startOf(first.add({ days: WEEKDAYS.length })) }
  const openInWeek = createTimeWindows(zone, windows, closed).openIn(week)
  return WEEKDAYS.map((_, ahead) => {
    const date = first.add({ days: ahead })
    const day = { from: startOf(date), until: startOf(date.add({ days: 1 })) }
    const windowsOpen = intersection(openInWeek, [day])
    const between = complement(windowsOpen, day)
    const [allowed, ends] = open === 'fine' ? [windowsOpen, between] : [between, windowsOpen]
    const { year, month, day: dayOfMonth } = date
    const localDate = { year, month, day: dayOfMonth }
    const clockChangesAt = clockChangeIn(day, zone)
    // Temporal takes a hundred times as long as a subtraction.
    const clockText = (at: Instant) =>
      clockChangesAt === undefined ? minuteText(Math.floor((at - day.from) / MINUTE)) : clockTextIn(at, zone)
    return {
      ...day,
      date: localDate,
      weekday: WEEKDAYS[date.dayOfWeek - 1] ?? '',
      isClosed: closed.has(localDate),
      clockChangesAt,
      quarters: [6, 12, 18].map(
        (hour) => date.toZonedDateTime({ timeZone: zone, plainTime: { hour } }).epochMilliseconds,
      ),
      spans: [
        ...spansOf('allowed', intersection(allowed, [inForce])),
        ...spansOf('ends', intersection(ends, [inForce])),
        ...spansOf('not-in-force', complement([inForce], day)),
      ]
        .map((span) => ({
          ...span,
          fromText: clockText(span.from),
          untilText: span.until === day.until ? '24:00' : clockText(span.until),
        }))
        .sort((a, b) => a.from - b.from),
    }
  })
}

const spansOf = (state: HoursState, periods: Periods) => periods.map((period) => ({ ...period, state }))

/** The parts of a period that none of some others contains. */
const complement = (others: Periods, within: Period): Periods => {
  const edges = [-NEVER, ...others.flatMap(({ from, until }) => [from, until]), NEVER]
  const gaps = edges.flatMap((from, index) => (index % 2 === 0 ? [{ from, until: edges[index + 1] ?? NEVER }] : []))
  return intersection(gaps, [within])
}

const clockTextIn = (at: Instant, zone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainTime().toString({ smallestUnit: 'minute' })
