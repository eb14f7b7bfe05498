import type { Warning } from '../domain/policies/policy.ts'
import { closedDates, lastDay } from '../domain/time/calendar.ts'
import { formatDuration } from '../domain/time/duration.ts'
import type { Hours } from '../domain/time/hours.ts'
import { DAY, type Instant, NEVER } from '../domain/time/instant.ts'
import { dayNumber } from '../domain/time/local-date.ts'
import { minuteText } from '../domain/time/local-text.ts'
import { dateIn } from '../domain/time/local-time.ts'
import { createTimeWindows, HORIZON_MS, type LocalWindow } from '../domain/time/time-window.ts'
import { outerDays } from '../domain/time/window-days.ts'
import { type ClockChange, clockChanges } from './clock-change.ts'
import { minuteGapWarnings } from './minute-gaps.ts'
import { limitsOf } from './window-limits.ts'
import { zoneWarning } from './zone-warning.ts'

const YEAR_MS = 366 * DAY

/**
 * Warnings about zones that are an offset, windows that leave out a minute, windows and calendars whose last date has
 * passed, windows that never open or never close within a year of `now`, and days on which a change of the clocks
 * distorts a window.
 * `until` is the end of the policy: of one that ends within a year, as a freeze of two days does, windows may be open or
 * closed all the time.
 */
export const windowWarnings = (hours: Hours, now: Instant, until: Instant = NEVER): readonly Warning[] => {
  const list = hours.open === 'fine' ? 'allowed' : 'denied'
  return [
    ...zoneWarnings(list, hours),
    ...minuteGapWarnings(list, hours.windows),
    ...pastWarnings(list, hours, now),
    ...pastCalendarWarnings(hours, now),
    ...datedWarnings(list, hours, now, until),
  ]
}

const zoneWarnings = (list: string, { zone, windows }: Hours): readonly Warning[] => {
  const isUsed = windows.some((window) => window.zone === undefined)
  return [
    ...(isUsed ? zoneWarning(zone, ['timeZone']) : []),
    ...windows.flatMap((window, index) =>
      window.zone === undefined ? [] : zoneWarning(window.zone, [list, index, 'timeZone']),
    ),
  ]
}

const pastWarnings = (list: string, { zone, windows }: Hours, now: Instant): readonly Warning[] =>
  windows.flatMap((window, index) => {
    if (!isPast(window, zone, now)) return []
    return [
      { path: [list, index, 'dates'], message: 'the last date has passed: remove the window, or write a later date' },
    ]
  })

/** Whether the last date of a window has passed. Its last hours may still run. */
const isPast = (window: LocalWindow, zone: string, now: Instant): boolean =>
  outerDays(window).last < dayNumber(dateIn(now, window.zone ?? zone))

/** A last date has passed once it is over in the zone of each window. */
const pastCalendarWarnings = ({ zone, open, windows, calendars }: Hours, now: Instant): readonly Warning[] => {
  const today = Math.min(...windows.map((window) => dayNumber(dateIn(now, window.zone ?? zone))))
  const key = open === 'fine' ? 'closed' : 'except'
  const message = 'the last date of this calendar has passed: write later dates, or remove the calendar'
  return calendars.flatMap((calendar, index) => (lastDay(calendar) < today ? [{ path: [key, index], message }] : []))
}

const datedWarnings = (list: 'allowed' | 'denied', hours: Hours, now: Instant, until: Instant): readonly Warning[] => {
  const { zone, windows, calendars } = hours
  const closed = closedDates(calendars)
  const stateOf = (some: readonly LocalWindow[]) => createTimeWindows(zone, some, closed).at(now)
  const all = stateOf(windows)
  // A date in more than a year was written on purpose.
  const isAwaited = list === 'denied' && !all.open && all.until < NEVER
  const endsSoon = until <= now + YEAR_MS
  if (all.until > now + YEAR_MS && !isAwaited) {
    return endsSoon ? [] : [{ path: [list], message: CONSTANT_STATE[list][all.open ? 'open' : 'shut'] }]
  }
  const isShut = (window: LocalWindow) => {
    if (isPast(window, zone, now)) return false
    const { open, until } = stateOf([window])
    return !open && until > now + (window.dates === undefined ? YEAR_MS : HORIZON_MS)
  }
  const shut = endsSoon || windows.length < 2 ? [] : windows.flatMap((window, index) => (isShut(window) ? [index] : []))
  const zones = [...new Set(windows.map((window) => window.zone ?? zone))]
  const distortions = zones.map((each) => {
    const inZone = windows.filter((window) => (window.zone ?? zone) === each)
    return { zone: each, changes: clockChanges(each, inZone, closed, now, Math.min(until, now + YEAR_MS)) }
  })
  return [
    ...shut.map((index) => ({
      path: [list, index],
      message: `this window does not open within the next year: ${CORRECT}, or remove the window`,
    })),
    ...distortions.flatMap(({ zone: each, changes }) =>
      changes.length === 0 ? [] : [{ path: [list], message: changesText(changes, each) }],
    ),
  ]
}

const CORRECT = 'correct its days and hours, or the calendars under "closed" or "except"'

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
  if (createTimeWindows(hours.zone, hours.windows, closedDates(hours.calendars)).at(0).until === NEVER)
    return () => false
  return (other) => {
    if (hours.zone !== other.zone || hours.open !== other.open) return false
    const [fewer, more] = hours.open === 'violated' ? [other, hours] : [hours, other]
    return (
      areAmong(fewer.windows, more.windows) && more.calendars.every((calendar) => fewer.calendars.includes(calendar))
    )
  }
}

/**
 * Whether the other windows contain each of these windows, with equal hours. On a change of the clocks 02:15-02:45 may
 * lie outside of 02:00-03:00.
 */
const areAmong = (some: readonly LocalWindow[], windows: readonly LocalWindow[]): boolean =>
  some.every((window) => {
    const { days, fromMinute, toMinute, zone } = window
    const wider = windows.filter(
      (one) =>
        one.fromMinute === fromMinute &&
        one.toMinute === toMinute &&
        one.zone === zone &&
        ['', limitsOf(window)].includes(limitsOf(one)),
    )
    return days.every((day) => wider.some((one) => one.days.includes(day)))
  })
