import type { Warning } from '../domain/policies/policy.ts'
import { minuteText } from '../domain/time/local-text.ts'
import type { LocalWindow } from '../domain/time/time-window.ts'

const DAY_MINUTES = 24 * 60
const WEEK_MINUTES = 7 * DAY_MINUTES

/**
 * Warnings about windows that end one minute before the next one opens, or one minute before midnight. Other tools
 * include the last minute, so that their whole day is 00:00-23:59. Here a window ends at its last time.
 */
export const minuteGapWarnings = (list: string, windows: readonly LocalWindow[]): readonly Warning[] => {
  const isOpen = new Uint8Array(WEEK_MINUTES)
  for (const window of windows) {
    for (const { from, to } of spansOf(window)) {
      for (let minute = from; minute < to; minute++) isOpen[minute % WEEK_MINUTES] = 1
    }
  }
  const leavesMinute = (window: LocalWindow) =>
    spansOf(window).some(({ to }) => {
      const opensNext = isOpen[(to + 1) % WEEK_MINUTES] === 1 || window.toMinute === DAY_MINUTES - 1
      return isOpen[to % WEEK_MINUTES] === 0 && opensNext
    })
  return windows.flatMap((window, index) => {
    if (!leavesMinute(window)) return []
    const [end, instead] = [minuteText(window.toMinute), minuteText(window.toMinute + 1)]
    const message = `this window ends when the clock shows ${end}, so the minute until ${instead} lies outside: write ${instead} as its end`
    return [{ path: [list, index], message }]
  })
}

/** In minutes of the week. A window may end in the next week. */
const spansOf = ({ days, fromMinute, toMinute }: LocalWindow) =>
  days.map((day) => {
    const midnight = (day - 1) * DAY_MINUTES
    return { from: midnight + fromMinute, to: midnight + toMinute + (toMinute > fromMinute ? 0 : DAY_MINUTES) }
  })
