import type { Warning } from '../domain/policies/policy.ts'
import { closedDates } from '../domain/time/calendar.ts'
import type { Hours } from '../domain/time/hours.ts'
import { DAY } from '../domain/time/instant.ts'
import type { Period } from '../domain/time/period.ts'
import { createTimeWindows } from '../domain/time/time-window.ts'

/** The warnings about windows that stay open or shut for a year are for longer policies. */
const LONGEST_MS = 366 * DAY

/** A warning about a policy of hours that ends before a window opens, or before the time that it allows ends. */
export const idleHoursWarnings = (
  { zone, windows, calendars, open: whenOpen }: Hours,
  { from, until }: Period,
): readonly Warning[] => {
  if (until > from + LONGEST_MS) return []
  const begin = createTimeWindows(zone, windows, closedDates(calendars)).at(from)
  const isFine = begin.open === (whenOpen === 'fine')
  if (!isFine || begin.until < until) return []
  const list = whenOpen === 'fine' ? 'allowed' : 'denied'
  const found = begin.open ? 'a window is open all the time' : 'no window opens'
  const message = `${found} between "from" and "until", so the policy never acts: correct the days and hours, or "from" and "until"`
  return [{ path: [list], message }]
}
