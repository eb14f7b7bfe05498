import { Temporal } from 'temporal-polyfill'
import type { Instant } from './instant.ts'
import type { LocalDate } from './local-date.ts'
import type { Period } from './period.ts'

/** A day from midnight to midnight on the wall clock of a zone. */
export interface LocalDay extends Period {
  readonly date: LocalDate
  /** `Mon` to `Sun`. */
  readonly weekday: string
  /** When the clocks change on this day. */
  readonly clockChangesAt: Instant | undefined
}

export const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** Every day of a zone of which a period holds a part, in order. An empty period has the day of its begin. */
export const daysIn = ({ from, until }: Period, zone: string): readonly LocalDay[] => {
  const days: LocalDay[] = []
  let date = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone).toPlainDate()
  let start = date.toZonedDateTime(zone).epochMilliseconds
  do {
    const { year, month, day, dayOfWeek } = date
    date = date.add({ days: 1 })
    const next = date.toZonedDateTime(zone).epochMilliseconds
    days.push({
      from: start,
      until: next,
      date: { year, month, day },
      weekday: WEEKDAYS[dayOfWeek - 1] ?? '',
      clockChangesAt: clockChangeIn({ from: start, until: next }, zone),
    })
    start = next
  } while (start < until)
  return days
}

/** An offset that differs between the ends of the day proves a change, and only then is it searched for. */
export const clockChangeIn = ({ from, until }: Period, zone: string): Instant | undefined => {
  const start = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone)
  const end = Temporal.Instant.fromEpochMilliseconds(until).toZonedDateTimeISO(zone)
  return start.offsetNanoseconds === end.offsetNanoseconds
    ? undefined
    : start.getTimeZoneTransition('next')?.epochMilliseconds
}

/** Monday 00:00 of the week in which a zone has an instant. */
export const weekStartOf = (at: Instant, zone: string): Instant => {
  const date = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate()
  return date.subtract({ days: date.dayOfWeek - 1 }).toZonedDateTime(zone).epochMilliseconds
}
