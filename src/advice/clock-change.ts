import { Temporal } from 'temporal-polyfill'
import type { ClosedDates } from '../domain/time/calendar.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { LocalWindow } from '../domain/time/time-window.ts'
import { createDayTest, type Weekday } from '../domain/time/window-days.ts'

/** A window that a change of the clocks makes longer or shorter than written, or removes. */
export interface ClockChange {
  /** YYYY-MM-DD, the day on which the window begins. */
  readonly date: string
  readonly weekday: Weekday
  readonly window: LocalWindow
  readonly writtenMs: number
  /** 0 if the window does not exist on that day. */
  readonly actualMs: number
}

const MINUTES_A_DAY = 24 * 60
const MINUTE_MS = 60_000

/**
 * The windows between `from` and `to` that a change of the zone's clocks makes longer or shorter than written. A window
 * of a whole day is never reported: its length is that of the day.
 */
export const clockChanges = (
  zone: string,
  windows: readonly LocalWindow[],
  closed: ClosedDates,
  from: Instant,
  to: Instant,
): readonly ClockChange[] => {
  const changes: ClockChange[] = []
  let at = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone)
  for (;;) {
    const next = at.getTimeZoneTransition('next')
    if (next === null || next.epochMilliseconds >= to) return changes
    const last = next.toPlainDate()
    // Windows of the day before may run past midnight. If the zone skips a day, its calendar skips that date too.
    let date = next.subtract({ nanoseconds: 1 }).toPlainDate().subtract({ days: 1 })
    for (; Temporal.PlainDate.compare(date, last) <= 0; date = date.add({ days: 1 })) {
      if (!closed.has(date)) changes.push(...changesOn(zone, windows, date))
    }
    at = next
  }
}

const changesOn = (zone: string, windows: readonly LocalWindow[], date: Temporal.PlainDate): ClockChange[] =>
  windows.flatMap((window) => {
    if (!createDayTest(window)(date)) return []
    const { fromMinute, toMinute } = window
    const endMinute = toMinute + (toMinute > fromMinute ? 0 : MINUTES_A_DAY)
    const wall = (minutes: number) => date.toPlainDateTime().add({ minutes })
    const instantOf = (minutes: number) => wall(minutes).toZonedDateTime(zone).epochMilliseconds
    if (fromMinute === 0 && endMinute === MINUTES_A_DAY) return []
    const writtenMs = (endMinute - fromMinute) * MINUTE_MS
    const actualMs = Math.max(0, instantOf(endMinute) - instantOf(fromMinute))
    return actualMs === writtenMs
      ? []
      : [{ date: date.toString(), weekday: date.dayOfWeek as Weekday, window, writtenMs, actualMs }]
  })
