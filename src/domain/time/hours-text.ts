import type { Hours } from './hours.ts'
import type { DateRange, LocalDate } from './local-date.ts'
import { WEEKDAYS } from './local-days.ts'
import { minuteText } from './local-text.ts'
import { type LocalWindow, WHOLE_DAY } from './time-window.ts'
import type { Weekday } from './window-days.ts'

/** The zones of the windows, each once. */
export const zonesOf = ({ zone, windows }: Hours): readonly string[] => [
  ...new Set(windows.map((window) => window.zone ?? zone)),
]

/**
 * The windows in a few words: `Mon–Fri 07:30–18:30 Europe/Berlin`. Undefined if a few words do not tell on which days they
 * open.
 */
export const hoursText = (hours: Hours): string | undefined => {
  const [zone, ...otherZones] = zonesOf(hours)
  const each = hours.windows.map((window) => {
    const text = windowText(window)
    return text === undefined || otherZones.length === 0 ? text : `${text} ${window.zone ?? hours.zone}`
  })
  if (each.includes(undefined)) return undefined
  return otherZones.length === 0 ? `${each.join(', ')} ${zone}` : each.join(', ')
}

const windowText = ({
  days,
  dates,
  months,
  monthDays,
  weeks,
  fromMinute,
  toMinute,
}: LocalWindow): string | undefined => {
  if (months !== undefined || monthDays !== undefined || weeks !== undefined) return undefined
  const onDates = dates?.map(rangeText).join(', ')
  const isWholeDay = fromMinute === WHOLE_DAY.fromMinute && toMinute === WHOLE_DAY.toMinute
  const hours = isWholeDay ? '' : `${minuteText(fromMinute)}–${minuteText(toMinute)}`
  const everyDay = isWholeDay ? 'every day' : 'daily'
  const onDays = days.length < WEEKDAYS.length ? daysText(days) : onDates === undefined ? everyDay : ''
  return [onDates, onDays, hours].filter((part) => part !== undefined && part !== '').join(' ')
}

/** Days in the order of the week: `Mon–Fri`, `Tue, Thu`. Days over the weekend are a range too: `Sat–Mon`. */
const daysText = (days: readonly Weekday[]): string => {
  const has = (day: number) => days.some((one) => one === ((day + 6) % 7) + 1)
  const runs = days.flatMap((first): readonly (readonly [Weekday, number])[] => {
    if (has(first - 1)) return []
    let last: number = first
    while (has(last + 1)) last++
    return [[first, last]]
  })
  return runs
    .map(([first, last]) => {
      if (last === first) return dayText(first)
      return `${dayText(first)}${last === first + 1 ? ', ' : '–'}${dayText(last)}`
    })
    .join(', ')
}

const dayText = (day: number): string => WEEKDAYS[(day - 1) % 7] ?? ''

const rangeText = ({ from, to }: DateRange): string => {
  const [first, last] = [dateText(from), dateText(to)]
  return first === last ? first : `${first}–${last}`
}

export const dateText = ({ year, month, day }: LocalDate): string =>
  `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
