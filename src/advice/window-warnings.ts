import type { Warning } from '../domain/policies/policy.ts'
import { formatDuration } from '../domain/time/duration.ts'
import type { Hours } from '../domain/time/hours.ts'
import { DAY, type Instant, NEVER } from '../domain/time/instant.ts'
import { createTimeWindows, type LocalWindow } from '../domain/time/time-window.ts'
import { type ClockChange, clockChanges } from './clock-change.ts'

const YEAR_MS = 366 * DAY

/** Windows that never open or never close within a year of `now`, and days on which the clocks change one of them. */
export const windowWarnings = (hours: Hours, now: Instant): readonly Warning[] => {
  const { zone, open, windows, closed } = hours
  const list = open === 'fine' ? 'allowed' : 'denied'
  const stateOf = (some: readonly LocalWindow[]) => createTimeWindows(zone, some, closed).at(now)
  const all = stateOf(windows)
  if (all.until > now + YEAR_MS) return [{ path: [list], message: LASTING[list][all.open ? 'open' : 'shut'] }]

  const shut =
    windows.length < 2 ? [] : windows.flatMap((window, index) => (opens(stateOf([window]), now) ? [] : [index]))
  const changes = clockChanges(zone, windows, closed, now, now + YEAR_MS)
  return [
    ...shut.map((index) => ({
      path: [list, index],
      message: `this window does not open within the next year: ${CORRECT}, or remove it`,
    })),
    ...(changes.length === 0 ? [] : [{ path: [list], message: changesText(changes, zone) }]),
  ]
}

const opens = ({ open, until }: { readonly open: boolean; readonly until: Instant }, now: Instant) =>
  open || until <= now + YEAR_MS

const CORRECT = 'correct its days and hours, or the calendars under "closed"'

const LASTING = {
  allowed: {
    open: 'it is always allowed, for the next year at least: the policy never acts; narrow the hours, or remove it',
    shut: `no window opens within the next year: nobody whom the policy matches may be connected at all; ${CORRECT}`,
  },
  denied: {
    open: 'it is always denied, for the next year at least: nobody whom the policy matches may be connected at all; narrow the hours, or ban them with a policy of kind banned-users',
    shut: 'no window opens within the next year: the policy never acts; correct its days and hours, or remove it',
  },
} as const

const changesText = (changes: readonly ClockChange[], zone: string): string =>
  `the clocks change in ${zone}: ${changes.map(changeText).join('; ')}; nothing to do if that is meant`

const DAY_NAMES = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

const changeText = ({ date, weekday, window, lastsMs, writtenMs }: ClockChange): string => {
  const which = `on ${DAY_NAMES[weekday - 1]} ${date} the window ${timeText(window.fromMinute)}-${timeText(window.toMinute)}`
  if (lastsMs === 0) return `${which} does not exist`
  return `${which} lasts ${formatDuration(lastsMs)} instead of ${formatDuration(writtenMs)}`
}

const timeText = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

/** Whether whoever is outside the allowed hours of `other` is outside those of `hours`, at every instant. */
export const coversHours = (hours: Hours): ((other: Hours) => boolean) => {
  // What was always so began at no instant from which a grace could count.
  if (createTimeWindows(hours.zone, hours.windows, hours.closed).at(0).until === NEVER) return () => false
  return (other) => {
    if (hours.zone !== other.zone || hours.open !== other.open) return false
    if (hours.open === 'violated') return areAmong(other.windows, hours.windows)
    return (
      areAmong(hours.windows, other.windows) && other.calendars.every((calendar) => hours.calendars.includes(calendar))
    )
  }
}

/** By hours that are spelled alike: where the clocks change, 02:15-02:45 need not lie within 02:00-03:00. */
const areAmong = (some: readonly LocalWindow[], windows: readonly LocalWindow[]): boolean =>
  some.every(({ days, fromMinute, toMinute }) =>
    days.every((day) =>
      windows.some((one) => one.days.includes(day) && one.fromMinute === fromMinute && one.toMinute === toMinute),
    ),
  )
