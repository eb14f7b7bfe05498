import type { Warning } from '../domain/policies/policy.ts'
import { minuteText } from '../domain/time/local-text.ts'
import type { LocalWindow } from '../domain/time/time-window.ts'
import { limitsOf } from './window-limits.ts'

const DAY_MINUTES = 24 * 60
const WEEK_MINUTES = 7 * DAY_MINUTES

/**
 * Warnings about windows that end one minute before the next one opens, or one minute before midnight. Other tools
 * include the last minute, so that their whole day is 00:00-23:59. Here a window ends at its last time. A window is
 * compared with those that open in the same weeks.
 */
export const minuteGapWarnings = (list: string, windows: readonly LocalWindow[]): readonly Warning[] => {
  const limits = new Map(windows.map((window) => [window, limitsOf(window)]))
  const opened = new Map<string, Uint8Array>()
  const openBeside = (window: LocalWindow): Uint8Array => {
    const key = `${window.zone} ${limits.get(window)}`
    const known = opened.get(key)
    if (known !== undefined) return known
    const beside = windows.filter(
      (one) => one.zone === window.zone && ['', limits.get(window)].includes(limits.get(one)),
    )
    const isOpen = openMinutes(beside)
    opened.set(key, isOpen)
    return isOpen
  }
  return windows.flatMap((window, index) => {
    if (!leavesMinute(window, openBeside(window))) return []
    const [end, instead] = [minuteText(window.toMinute), minuteText(window.toMinute + 1)]
    const message = `this window ends when the clock shows ${end}, so the minute until ${instead} lies outside: write ${instead} as its end`
    return [{ path: [list, index], message }]
  })
}

/** For each minute of the week, whether one of the windows is open. */
const openMinutes = (windows: readonly LocalWindow[]): Uint8Array => {
  const isOpen = new Uint8Array(WEEK_MINUTES)
  for (const window of windows) {
    for (const { from, to } of spansOf(window)) {
      for (let minute = from; minute < to; minute++) isOpen[minute % WEEK_MINUTES] = 1
    }
  }
  return isOpen
}

const leavesMinute = (window: LocalWindow, isOpen: Uint8Array): boolean =>
  spansOf(window).some(({ to }) => {
    const opensNext = isOpen[(to + 1) % WEEK_MINUTES] === 1 || window.toMinute === DAY_MINUTES - 1
    return isOpen[to % WEEK_MINUTES] === 0 && opensNext
  })

/** In minutes of the week. A window may end in the next week. */
const spansOf = ({ days, fromMinute, toMinute }: LocalWindow) =>
  days.map((day) => {
    const midnight = (day - 1) * DAY_MINUTES
    return { from: midnight + fromMinute, to: midnight + toMinute + (toMinute > fromMinute ? 0 : DAY_MINUTES) }
  })
