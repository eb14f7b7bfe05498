import { Temporal } from 'temporal-polyfill'
import { closedDates } from './calendar.ts'
import type { Hours } from './hours.ts'
import { dateText, hoursText, zonesOf } from './hours-text.ts'
import { type Instant, NEVER } from './instant.ts'
import { dateOf, dayNumber, type LocalDate } from './local-date.ts'
import { createTimeWindows, type LocalWindow } from './time-window.ts'
import { createDayTest } from './window-days.ts'

/** What hours say about their closure at an instant, to a person who does not know calendars and other policies. */
export interface ToldHours {
  /** `open Mon–Fri 07:30–18:30 Europe/Berlin, but does not open on 2026-12-25`. Undefined: no short words are true. */
  readonly words: string | undefined
  /** Whether the hours alone, as they are told, let the reader expect the opening. */
  readonly expected: boolean
}

/** The hours that are closed at `now`, and the opening at `openingAt`: NEVER if none is known. */
export const toldHours = (hours: Hours, now: Instant, openingAt: Instant): ToldHours => {
  const { open, zone, windows, calendars } = hours
  const closed = closedDates(calendars)
  const ownOpeningAt = createTimeWindows(zone, windows, closed).at(now).until
  const isOwn = openingAt === ownOpeningAt
  const list = hoursText(hours)
  if (list === undefined || (openingAt === NEVER && !isOwn)) return { words: undefined, expected: isOwn }

  const isOff = (date: LocalDate) => closed.has(date)
  const overNow = datesOver(hours, now)
  const overOpening = openingAt === NEVER ? [] : datesOver(hours, openingAt)
  if (open === 'fine') {
    // The wall clock alone would have the reader think that it is open: where the clocks show a time twice.
    if (!overNow.every(isOff)) return { words: undefined, expected: isOwn }
    const skipped = skippedDates(hours, isOff, now, ownOpeningAt)
    const but = skipped.length === 0 ? '' : `, but does not open ${skipped.map(rangeText).join(' and ')}`
    return { words: `open ${list}${but}`, expected: isOwn && !overOpening.every(isOff) }
  }
  if (overNow.every(isOff)) return { words: undefined, expected: isOwn }
  const excepted = overOpening.filter(isOff).map(dateText)
  const but = excepted.length === 0 ? '' : `, but not on ${[...new Set(excepted)].join(' and ')}`
  return { words: `closed ${list}${but}`, expected: isOwn && overOpening.every(isOff) }
}

/** The day, counted from 1970-01-01, and the minute that the wall clocks of some zones show at an instant. */
const wallClocks = (hours: Hours, at: Instant) => {
  const instant = Temporal.Instant.fromEpochMilliseconds(at)
  const clocks = new Map(
    zonesOf(hours).map((zone) => {
      const { year, month, day, hour, minute } = instant.toZonedDateTimeISO(zone)
      return [zone, { day: dayNumber({ year, month, day }), minute: hour * 60 + minute }]
    }),
  )
  return ({ zone = hours.zone }: LocalWindow) => clocks.get(zone) ?? { day: 0, minute: 0 }
}

const runsPastMidnight = ({ fromMinute, toMinute }: LocalWindow) => toMinute <= fromMinute

/** The dates on which windows open that hold an instant, as somebody finds who has only the words and a clock on the wall. */
const datesOver = (hours: Hours, at: Instant): readonly LocalDate[] => {
  const clockOf = wallClocks(hours, at)
  return hours.windows.flatMap((window) => {
    const { day, minute } = clockOf(window)
    const isPast = runsPastMidnight(window)
    const today = minute >= window.fromMinute && (isPast || minute < window.toMinute) ? [dateOf(day)] : []
    const yesterday = isPast && minute < window.toMinute ? [dateOf(day - 1)] : []
    return [...yesterday, ...today].filter(createDayTest(window))
  })
}

/** How many days ahead dates are searched on which nothing opens. */
const MOST_DAYS = 366

interface DayRun {
  readonly first: number
  readonly last: number
}

/** The closed dates that keep windows closed from `now` to their opening, as runs of days on which nothing opens. */
const skippedDates = (
  hours: Hours,
  isOff: (date: LocalDate) => boolean,
  now: Instant,
  openingAt: Instant,
): readonly DayRun[] => {
  if (hours.calendars.length === 0) return []
  const clockOf = wallClocks(hours, now)
  const openingOf = openingAt === NEVER ? undefined : wallClocks(hours, openingAt)
  const windows = hours.windows.map((window) => {
    const { day, minute } = clockOf(window)
    const isPast = runsPastMidnight(window)
    return {
      opensOn: createDayTest(window),
      first: isPast && minute < window.toMinute ? day - 1 : isPast || minute < window.toMinute ? day : day + 1,
      last: Math.min(openingOf?.(window).day ?? NEVER, day + MOST_DAYS),
    }
  })
  const runs: DayRun[] = []
  let isBroken = true
  const last = Math.max(...windows.map((window) => window.last))
  for (let day = Math.min(...windows.map(({ first }) => first)); day <= last; day++) {
    const date = dateOf(day)
    const opening = windows.filter(({ opensOn }) => opensOn(date))
    if (opening.length === 0) continue
    if (!isOff(date)) isBroken = true
    else if (opening.some((window) => window.first <= day && day <= window.last)) {
      const run = isBroken ? undefined : runs.pop()
      runs.push({ first: run?.first ?? day, last: day })
      isBroken = false
    }
  }
  return runs
}

const rangeText = ({ first, last }: DayRun): string => {
  const [from, to] = [dateText(dateOf(first)), dateText(dateOf(last))]
  return from === to ? `on ${from}` : `from ${from} to ${to}`
}
