import type { Warning } from '../domain/policies/policy.ts'
import { formatDuration } from '../domain/time/duration.ts'
import type { Hours } from '../domain/time/hours.ts'
import { DAY, type Instant, NEVER } from '../domain/time/instant.ts'
import { minuteText } from '../domain/time/local-text.ts'
import { createTimeWindows, type LocalWindow } from '../domain/time/time-window.ts'
import { type ClockChange, clockChanges } from './clock-change.ts'
import { minuteGapWarnings } from './minute-gaps.ts'
import { zoneWarning } from './zone-warning.ts'

const YEAR_MS = 366 * DAY

/**
 * Warnings about a zone that is an offset, windows that leave out a minute, windows that never open or never close
 * within a year of `now`, and days on which a change of the clocks distorts a window.
 */
export const windowWarnings = (hours: Hours, now: Instant): readonly Warning[] => {
  const list = hours.open === 'fine' ? 'allowed' : 'denied'
  const ofZone = zoneWarning(hours.zone)
  return [
    ...(ofZone === undefined ? [] : [ofZone]),
    ...minuteGapWarnings(list, hours.windows),
    ...datedWarnings(list, hours, now),
  ]
}

const datedWarnings = (list: 'allowed' | 'denied', hours: Hours, now: Instant): readonly Warning[] => {
  const { zone, windows, closed } = hours
  const stateOf = (some: readonly LocalWindow[]) => createTimeWindows(zone, some, closed).at(now)
  const all = stateOf(windows)
  if (all.until > now + YEAR_MS) return [{ path: [list], message: CONSTANT_STATE[list][all.open ? 'open' : 'shut'] }]

  const shut =
    windows.length < 2 ? [] : windows.flatMap((window, index) => (opens(stateOf([window]), now) ? [] : [index]))
  const changes = clockChanges(zone, windows, closed, now, now + YEAR_MS)
  return [
    ...shut.map((index) => ({
      path: [list, index],
      message: `this window does not open within the next year: ${CORRECT}, or remove the window`,
    })),
    ...(changes.length === 0 ? [] : [{ path: [list], message: changesText(changes, zone) }]),
  ]
}

const opens = ({ open, until }: { readonly open: boolean; readonly until: Instant }, now: Instant) =>
  open || until <= now + YEAR_MS

const CORRECT = 'correct its days and hours, or the calendars under "closed"'

const CONSTANT_STATE = {
  allowed: {
    open: 'these hours are always allowed for at least a year, so the policy never acts: narrow the hours, or remove the policy',
    shut: `no window opens within the next year, so the policy allows no connection that it matches: ${CORRECT}`,
  },
  denied: {
    open: 'these hours are always denied for at least a year, so the policy allows no connection that it matches: narrow the hours, or ban the users with a policy of kind banned-users',
    shut: 'no window opens within the next year, so the policy never acts: correct its days and hours, or remove the policy',
  },
} as const

const changesText = (changes: readonly ClockChange[], zone: string): string =>
  `the clocks change in ${zone}: ${changes.map(changeText).join('; ')}; change the hours unless this is intended`

const DAY_NAMES = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

const changeText = ({ date, weekday, window, actualMs, writtenMs }: ClockChange): string => {
  const occurrence = `on ${DAY_NAMES[weekday - 1]} ${date} the window ${minuteText(window.fromMinute)}-${minuteText(window.toMinute)}`
  if (actualMs === 0) return `${occurrence} does not exist`
  return `${occurrence} lasts ${formatDuration(actualMs)} instead of ${formatDuration(writtenMs)}`
}

/** Whether `hours` are violated at every instant at which `other` are violated. */
export const coversHours = (hours: Hours): ((other: Hours) => boolean) => {
  // A state that never changes has no beginning from which a grace could count.
  if (createTimeWindows(hours.zone, hours.windows, hours.closed).at(0).until === NEVER) return () => false
  return (other) => {
    if (hours.zone !== other.zone || hours.open !== other.open) return false
    if (hours.open === 'violated') return areAmong(other.windows, hours.windows)
    return (
      areAmong(hours.windows, other.windows) && other.calendars.every((calendar) => hours.calendars.includes(calendar))
    )
  }
}

/**
 * Whether the other windows contain each of these windows, with equal hours. On a change of the clocks 02:15-02:45 may
 * lie outside of 02:00-03:00.
 */
const areAmong = (some: readonly LocalWindow[], windows: readonly LocalWindow[]): boolean =>
  some.every(({ days, fromMinute, toMinute }) =>
    days.every((day) =>
      windows.some((one) => one.days.includes(day) && one.fromMinute === fromMinute && one.toMinute === toMinute),
    ),
  )
