import type { Hours } from './hours.ts'
import type { DateRange, LocalDate } from './local-date.ts'
import { WEEKDAYS } from './local-days.ts'
import { minuteText } from './local-text.ts'
import { type LocalWindow, WHOLE_DAY } from './time-window.ts'

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
    const text = windowText(window, hours.windows.length > 1)
    return text === undefined || otherZones.length === 0 ? text : `${text} ${window.zone ?? hours.zone}`
  })
  if (each.includes(undefined)) return undefined
  return otherZones.length === 0 ? `${each.join(', ')} ${zone}` : each.join(', ')
}

/** In a list, the words of each window end with its hours: `Tue, Thu 08:00–12:00` would be one window otherwise. */
const windowText = (
  { days, dates, months, monthDays, weeks, fromMinute, toMinute }: LocalWindow,
  isInList: boolean,
): string | undefined => {
  if (monthDays !== undefined || weeks !== undefined) return undefined
  const onDates = dates?.map(rangeText).join(', ')
  const isWholeDay = fromMinute === WHOLE_DAY.fromMinute && toMinute === WHOLE_DAY.toMinute
  const wholeDay = isInList ? 'all day' : ''
  const hours = isWholeDay ? wholeDay : `${minuteText(fromMinute)}–${minuteText(toMinute)}`
  const wholeWeek = isInList ? '' : 'every day'
  const everyDay = isWholeDay ? wholeWeek : 'daily'
  const onDays = days.length < WEEKDAYS.length ? cycleText(days, WEEKDAYS) : onDates === undefined ? everyDay : ''
  const inMonths = months === undefined || months.length === MONTHS.length ? '' : `in ${cycleText(months, MONTHS)}`
  return [onDates, onDays, hours, inMonths].filter((part) => part !== undefined && part !== '').join(' ')
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Some of the names, but not all, as ranges: `Mon–Fri`, `Tue, Thu`. A range may run over the end: `Sat–Mon`. */
const cycleText = (chosen: readonly number[], names: readonly string[]): string => {
  const has = (at: number) => chosen.includes(((at + names.length - 1) % names.length) + 1)
  const nameOf = (at: number) => names[(at - 1) % names.length] ?? ''
  const firsts = chosen.filter((at) => !has(at - 1))
  const runs = firsts.map((first) => {
    let last = first
    while (has(last + 1)) last++
    if (last === first) return nameOf(first)
    return `${nameOf(first)}${last === first + 1 ? ', ' : '–'}${nameOf(last)}`
  })
  return runs.join(', ')
}

const rangeText = ({ from, to }: DateRange): string => {
  const [first, last] = [dateText(from), dateText(to)]
  return first === last ? first : `${first}–${last}`
}

export const dateText = ({ year, month, day }: LocalDate): string =>
  `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
