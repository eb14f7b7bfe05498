import { Temporal } from 'temporal-polyfill'
import type { ClosedDates } from './calendar.ts'
import type { Instant } from './instant.ts'
import type { LocalWindow, Weekday } from './time-window.ts'

/** A window that a change of the clocks makes longer, shorter or impossible. */
export interface ClockChange {
  /** YYYY-MM-DD, the day on which the window begins. */
  readonly date: string
  readonly weekday: Weekday
  readonly window: LocalWindow
  readonly writtenMs: number
  /** 0 if nothing is left of it. */
  readonly lastsMs: number
}

const MINUTES_A_DAY = 24 * 60
const MINUTE_MS = 60_000

/**
 * The windows that begin at a time that the clocks of the zone skip or show twice, `from` up to `to`. One that merely
 * runs through a change opens and closes at the hours that were written, and is none of them.
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
    const before = next.subtract({ nanoseconds: 1 }).toPlainDate()
    const after = next.toPlainDate()
    for (const date of before.equals(after) ? [after] : [before, after]) {
      if (!closed.has(date)) changes.push(...changesOn(zone, windows, date))
    }
    at = next
  }
}

const changesOn = (zone: string, windows: readonly LocalWindow[], date: Temporal.PlainDate): ClockChange[] =>
  windows.flatMap((window) => {
    const weekday = date.dayOfWeek as Weekday
    if (!window.days.includes(weekday)) return []
    const { fromMinute, toMinute } = window
    const endMinute = toMinute + (toMinute > fromMinute ? 0 : MINUTES_A_DAY)
    const wall = (minutes: number) => date.toPlainDateTime().add({ minutes })
    const instantOf = (minutes: number, disambiguation: 'compatible' | 'earlier' | 'later' = 'compatible') =>
      wall(minutes).toZonedDateTime(zone, { disambiguation }).epochMilliseconds
    if (instantOf(fromMinute, 'earlier') === instantOf(fromMinute, 'later')) return []
    const writtenMs = (endMinute - fromMinute) * MINUTE_MS
    const lastsMs = Math.max(0, instantOf(endMinute) - instantOf(fromMinute))
    return lastsMs === writtenMs ? [] : [{ date: date.toString(), weekday, window, writtenMs, lastsMs }]
  })
