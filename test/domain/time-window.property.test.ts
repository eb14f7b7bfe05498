import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { closedDates } from '../../src/domain/time/calendar.ts'
import { DAY, HOUR, type Instant, MINUTE, NEVER, toIso } from '../../src/domain/time/instant.ts'
import type { LocalDate } from '../../src/domain/time/local-date.ts'
import { createTimeWindows, HORIZON_MS, knownTimeZones, type LocalWindow } from '../../src/domain/time/time-window.ts'
import type { Weekday } from '../../src/domain/time/window-days.ts'
import { fuzzRuns, slowRuns } from '../fuzz-runs.ts'
import { IS_NIGHTLY } from '../nightly.ts'

// The second implementation knows a zone only by the offsets that Intl prints. For each instant it checks every window
// of the days around.

const FIRST = Date.parse('2016-01-01T00:00:00Z')
const LAST = Date.parse('2026-01-01T00:00:00Z')
/** Offsets are read for this long before and after, since windows may reach beyond both ends. */
const MARGIN_MS = 120 * DAY
const RUNS = Math.max(1, fuzzRuns(1))

interface ClockChange {
  readonly at: Instant
  readonly beforeMs: number
  readonly afterMs: number
}

interface Zone {
  readonly name: string
  readonly firstOffsetMs: number
  /** Every offset that the zone uses at some time. */
  readonly offsetsMs: readonly number[]
  readonly changes: readonly ClockChange[]
}

const offsetReader = (name: string) => {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  return (at: Instant): number => {
    const [, sign, hours = 0, minutes = 0] = /GMT(?:([+-])(\d\d):(\d\d))?$/.exec(format.format(at)) ?? []
    return (sign === '-' ? -1 : 1) * (Number(hours) * HOUR + Number(minutes) * MINUTE)
  }
}

const readZone = (name: string): Zone => {
  const offsetAt = offsetReader(name)
  const changes: ClockChange[] = []
  // Two changes of a zone are at least four weeks apart (Morocco's Ramadan), so a step never contains two of them.
  const stepMs = 21 * DAY
  let from = FIRST - MARGIN_MS
  const firstOffsetMs = offsetAt(from)
  let beforeMs = firstOffsetMs
  for (; from < LAST + MARGIN_MS; from += stepMs) {
    const afterMs = offsetAt(from + stepMs)
    if (afterMs === beforeMs) continue
    let low = from
    let high = from + stepMs
    while (high - low > MINUTE) {
      const middle = Math.floor((low + high) / 2 / MINUTE) * MINUTE
      if (offsetAt(middle) === beforeMs) low = middle
      else high = middle
    }
    changes.push({ at: high, beforeMs, afterMs })
    beforeMs = afterMs
  }
  const offsetsMs = [...new Set([firstOffsetMs, ...changes.map(({ afterMs }) => afterMs)])]
  return { name, firstOffsetMs, offsetsMs, changes }
}

const offsetAt = ({ firstOffsetMs, changes }: Zone, at: Instant): number => {
  let offsetMs = firstOffsetMs
  for (const change of changes) {
    if (change.at > at) break
    offsetMs = change.afterMs
  }
  return offsetMs
}

/** The first instant at which the clocks of the zone show `wallMs`, milliseconds since 1970-01-01T00:00 on the wall. */
const instantOf = (zone: Zone, wallMs: number): Instant => {
  let first = NEVER
  for (const offsetMs of zone.offsetsMs) {
    const at = wallMs - offsetMs
    if (at < first && offsetAt(zone, at) === offsetMs) first = at
  }
  if (first !== NEVER) return first
  const skipping = zone.changes.find(({ at, beforeMs, afterMs }) => at + beforeMs <= wallMs && wallMs < at + afterMs)
  if (skipping === undefined) throw new Error(`${zone.name} never shows ${wallMs}`)
  return wallMs - skipping.beforeMs
}

interface Written {
  readonly windows: readonly LocalWindow[]
  /** In days since 1970-01-01. */
  readonly closed: ReadonlySet<number>
}

/** The function with its results kept: the properties ask for some days thousands of times. */
const remembered = <Result>(find: (day: number) => Result) => {
  const found = new Map<number, Result>()
  return (day: number): Result => {
    const known = found.get(day)
    if (known !== undefined) return known
    const result = find(day)
    found.set(day, result)
    return result
  }
}

const dayOf = (zone: Zone, at: Instant) => Math.floor((at + offsetAt(zone, at)) / DAY)

const textOf = remembered((day) => (toIso(day * DAY) ?? '').slice(0, 10))
const dateText = ({ year, month, day }: LocalDate) =>
  [String(year).padStart(4, '0'), String(month).padStart(2, '0'), String(day).padStart(2, '0')].join('-')

/** 1970-01-01 was a Thursday. */
const weekdayOf = (day: number) => ((((day + 3) % 7) + 7) % 7) + 1

const daysOfMonthOf = remembered((day) =>
  Array.from({ length: 61 }, (_, index) => day - 30 + index).filter(
    (other) => textOf(other).slice(0, 7) === textOf(day).slice(0, 7),
  ),
)

const alikeInMonthOf = remembered((day) => daysOfMonthOf(day).filter((other) => weekdayOf(other) === weekdayOf(day)))

/** Whether a window opens on a day, by the list of all days of its month. */
const opensOn = ({ days, dates, months, monthDays, weeks }: LocalWindow, day: number): boolean => {
  if (!days.some((each) => each === weekdayOf(day))) return false
  if ((dates ?? months ?? monthDays ?? weeks) === undefined) return true
  const text = textOf(day)
  if (dates?.some(({ from, to }) => dateText(from) <= text && text <= dateText(to)) === false) return false
  if (months?.includes(Number(text.slice(5, 7))) === false) return false
  const ofMonth = daysOfMonthOf(day)
  if (monthDays?.some((each) => ofMonth.at(each > 0 ? each - 1 : each) === day) === false) return false
  const alike = alikeInMonthOf(day)
  return weeks?.some((each) => alike.at(each > 0 ? each - 1 : each) === day) !== false
}

/** The windows that open on the days from `firstDay` to `lastDay`, not merged. */
const periodsOf = (zone: Zone, { windows, closed }: Written, firstDay: number, lastDay: number) => {
  const periods: (readonly [openAt: Instant, closeAt: Instant])[] = []
  for (let day = firstDay; day <= lastDay; day++) {
    if (closed.has(day)) continue
    for (const window of windows) {
      if (!opensOn(window, day)) continue
      const { fromMinute, toMinute } = window
      const own = window.zone === undefined ? zone : zoneNamed(window.zone)
      const endDay = toMinute <= fromMinute ? day + 1 : day
      periods.push([instantOf(own, day * DAY + fromMinute * MINUTE), instantOf(own, endDay * DAY + toMinute * MINUTE)])
    }
  }
  return periods
}

/** In another zone it may be two days earlier or later. */
const isOpen = (zone: Zone, written: Written, at: Instant) => {
  const day = dayOf(zone, at)
  return periodsOf(zone, written, day - 4, day + 4).some(([openAt, closeAt]) => openAt <= at && at < closeAt)
}

const closedDatesOf = (closed: ReadonlySet<number>) => {
  const dates = [...closed].map((day) => {
    const date = dateOf(day)
    return { from: date, to: date }
  })
  return closedDates([{ dates, yearly: [] }])
}

const dateOf = (day: number): LocalDate => {
  const [year = 0, month = 0, dayOfMonth = 0] = textOf(day).split('-').map(Number)
  return { year, month, day: dayOfMonth }
}

const subject = (zone: Zone, written: Written) =>
  createTimeWindows(zone.name, written.windows, closedDatesOf(written.closed))

const zones = knownTimeZones().map(readZone)
/** Many zones have the same clocks: the zones of Europe, or a name and its older ones. A push tries one of each. */
const tried = IS_NIGHTLY
  ? zones
  : [...new Map(zones.map((zone) => [JSON.stringify([zone.firstOffsetMs, zone.changes]), zone])).values()]
const byName = new Map(zones.map((zone) => [zone.name, zone]))
const zoneNamed = (name: string): Zone => byName.get(name) ?? readZone(name)

// Half of the times lie in the hours in which clocks change.
const minute = fc.oneof(
  fc.integer({ min: 0, max: 239 }),
  fc.integer({ min: 0, max: 1439 }),
  fc.constantFrom(0, 30, 60, 90, 120, 135, 150, 165, 180, 1380, 1410, 1439),
)

const anyWindow: fc.Arbitrary<LocalWindow> = fc
  .record({
    days: fc.subarray<Weekday>([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }),
    fromMinute: minute,
    toMinute: fc.oneof({ weight: 4, arbitrary: minute }, { weight: 1, arbitrary: fc.constant(1440) }),
  })
  // An end of 00:00 is represented as 1440.
  .map((window) => ({ ...window, toMinute: window.toMinute === 0 ? 1440 : window.toMinute }))

const anyWindows = fc.array(anyWindow, { minLength: 1, maxLength: 3 })

const wholeNumber = (min: number, max: number) => fc.integer({ min, max }).filter((each) => each !== 0)
const few = <Value>(one: fc.Arbitrary<Value>) =>
  fc.option(fc.array(one, { minLength: 1, maxLength: 4 }), { nil: undefined })

/** A window with limits beside its days, in its own zone or not. Its dates are around the given instant. */
const limitedWindow = (at: Instant, daysAround: number) =>
  fc
    .record({
      window: anyWindow,
      dates: few(
        fc.record({ from: fc.integer({ min: -daysAround, max: daysAround }), length: fc.integer({ min: 0, max: 40 }) }),
      ),
      months: few(fc.integer({ min: 1, max: 12 })),
      monthDays: few(wholeNumber(-31, 31)),
      weeks: few(fc.constantFrom(1, 2, 3, 4, 5, -1)),
      zone: fc.option(fc.constantFrom(...zones.map(({ name }) => name)), { nil: undefined }),
    })
    .map(({ window, dates, ...limits }): LocalWindow => {
      const today = Math.floor(at / DAY)
      const ranges = dates?.map(({ from, length }) => ({
        from: dateOf(today + from),
        to: dateOf(today + from + length),
      }))
      return { ...window, ...limits, dates: ranges }
    })

const closedAround = (at: Instant) =>
  fc
    .array(fc.integer({ min: -4, max: 4 }), { maxLength: 3 })
    .map((days) => new Set(days.map((day) => Math.floor(at / DAY) + day)))

const anyInstant = fc.integer({ min: FIRST, max: LAST })

/** An instant around a clock change, or any instant in a zone that has none. */
const instantIn = (zone: Zone) => {
  if (zone.changes.length === 0) return anyInstant
  const change = fc.constantFrom(
    ...zone.changes.filter(({ at }) => FIRST <= at && at < LAST),
    ...zone.changes.slice(0, 1),
  )
  const near = fc.oneof(
    fc.integer({ min: -30 * HOUR, max: 30 * HOUR }),
    fc.constantFrom(-DAY, -HOUR, -1, 0, 1, HOUR, DAY),
  )
  return fc.oneof(
    anyInstant,
    fc.tuple(change, near).map(([{ at }, ms]) => at + ms),
  )
}

const anyCase = fc
  .constantFrom(...zones)
  .chain((zone) =>
    instantIn(zone).chain((at) =>
      fc.record({
        zone: fc.constant(zone),
        at: fc.constant(at),
        windows: fc.oneof(anyWindows, fc.array(limitedWindow(at, 40), { minLength: 1, maxLength: 3 })),
        closed: closedAround(at),
      }),
    ),
  )
  .map(({ zone, at, windows, closed }) => ({ zone, at, written: { windows, closed } }))

const inWords = (zone: Zone, { windows, closed }: Written, at: Instant) =>
  `${zone.name} at ${toIso(at)}, windows ${JSON.stringify(windows)}, closed ${JSON.stringify([...closed].map((day) => toIso(day * DAY)))}`

// These tests take three seconds. A busy machine may need many times that.
describe('time windows, compared with a second implementation on the offsets of Intl', {
  timeout: 120_000 * RUNS,
}, () => {
  it('cover more than 400 zones, of which more than 100 change their clocks often', () => {
    expect(zones.length).toBeGreaterThan(400)
    expect(zones.filter(({ changes }) => changes.length > 10).length).toBeGreaterThan(100)
    // What a push tries has all that is hard: the zones that are left out have the same clocks.
    expect(tried.filter(({ changes }) => changes.length > 10).length).toBeGreaterThan(20)
  })

  it('are open at the same instants around every clock change of every zone in ten years', () => {
    const perZone = fc.sample(
      fc.tuple(anyWindows, fc.array(anyInstant, { minLength: 4, maxLength: 4 })),
      tried.length * RUNS,
    )
    const differences: string[] = []
    for (const [index, [windows, instants]] of perZone.entries()) {
      const zone = tried[index % tried.length] as Zone
      const written = { windows, closed: new Set(instants.map((at) => Math.floor(at / DAY))) }
      const timeWindows = subject(zone, written)
      const ends = zone.changes.flatMap(({ at }) => {
        const day = dayOf(zone, at)
        return periodsOf(zone, written, day - 1, day + 1)
          .flatMap(([openAt, closeAt]) => [openAt - 1, openAt, closeAt - 1, closeAt])
          .filter((end) => Math.abs(end - at) < 5 * HOUR)
      })
      for (const at of [...instants, ...zone.changes.map((change) => change.at), ...ends]) {
        if (timeWindows.at(at).open !== isOpen(zone, written, at)) differences.push(inWords(zone, written, at))
      }
    }
    expect(differences).toEqual([])
  })

  it('do not change between `since` and `until`, and change at both', () => {
    fc.assert(
      fc.property(anyCase, ({ zone, at, written }) => {
        const { open, since, until } = subject(zone, written).at(at)
        expect(open).toBe(isOpen(zone, written, at))
        expect(since).toBeLessThanOrEqual(at)
        expect(until).toBeGreaterThan(at)
        const isKnown = (t: Instant) => FIRST - 100 * DAY < t && t < LAST + 100 * DAY
        if (isKnown(since)) expect(isOpen(zone, written, since - 1)).toBe(!open)
        if (isKnown(until)) expect(isOpen(zone, written, until)).toBe(!open)
        // The state can change only where a window begins or ends. At most a month before and after `at` is checked.
        const checkFrom = Math.max(since, at - 31 * DAY, FIRST - 100 * DAY)
        const checkTo = Math.min(until, at + 31 * DAY, LAST + 100 * DAY)
        const ends = periodsOf(zone, written, dayOf(zone, checkFrom) - 2, dayOf(zone, checkTo) + 2).flat()
        for (const end of [checkFrom, checkTo - 1, ...ends]) {
          if (checkFrom <= end && end < checkTo) expect(isOpen(zone, written, end)).toBe(open)
        }
      }),
      { numRuns: slowRuns(300) },
    )
  })

  it('do not change where the hours that the clocks skip contain a whole window', () => {
    const skips = zones.flatMap((zone) =>
      zone.changes
        .filter(({ at, beforeMs, afterMs }) => FIRST < at && at < LAST && beforeMs < afterMs)
        .map((change) => ({ zone, change })),
    )
    const quarters = fc.integer({ min: -4, max: 8 })
    fc.assert(
      fc.property(fc.constantFrom(...skips), quarters, quarters, ({ zone, change }, from, to) => {
        const minuteAt = (quarter: number) => ((change.at + change.beforeMs) % DAY) / MINUTE + quarter * 15
        fc.pre(0 <= minuteAt(from) && minuteAt(from) < minuteAt(to) && minuteAt(to) <= 1440)
        const days: readonly Weekday[] = [1, 2, 3, 4, 5, 6, 7]
        const written = {
          windows: [{ days, fromMinute: minuteAt(from), toMinute: minuteAt(to) }],
          closed: new Set<number>(),
        }
        const timeWindows = subject(zone, written)
        for (let at = change.at - HOUR; at <= change.at + 2 * HOUR; at += 15 * MINUTE) {
          const { open, since, until } = timeWindows.at(at)
          expect([since - 1, since, at, until - 1, until].map((t) => isOpen(zone, written, t))).toEqual([
            !open,
            open,
            open,
            open,
            !open,
          ])
        }
      }),
      { numRuns: slowRuns(100) },
    )
  })

  it('report the same state at all its instants, and the next state begins where it ends', () => {
    fc.assert(
      fc.property(anyCase, fc.integer({ min: 0, max: 1000 }), ({ zone, at, written }, permille) => {
        const timeWindows = subject(zone, written)
        const state = timeWindows.at(at)
        fc.pre(state.until - state.since <= HORIZON_MS)
        const within = state.since + Math.floor(((state.until - 1 - state.since) * permille) / 1000)
        expect(timeWindows.at(within)).toEqual(state)
        expect(timeWindows.at(state.until)).toMatchObject({ open: !state.open, since: state.until })
        expect(timeWindows.at(state.since - 1)).toMatchObject({ open: !state.open, until: state.since })
      }),
      { numRuns: slowRuns(150) },
    )
  })

  it('find the next change years ahead, as a search of every day does', () => {
    const sparse = fc.constantFrom(...zones).chain((zone) =>
      fc.integer({ min: FIRST, max: FIRST + 365 * DAY }).chain((at) =>
        fc.record({
          zone: fc.constant(zone),
          at: fc.constant(at),
          windows: fc.array(limitedWindow(at, 3300), { minLength: 1, maxLength: 2 }),
        }),
      ),
    )
    let inYears = 0
    fc.assert(
      fc.property(sparse, ({ zone, at, windows }) => {
        const written = { windows, closed: new Set<number>() }
        const { open, until } = subject(zone, written).at(at)
        const changes = periodsOf(zone, written, dayOf(zone, at) - 4, dayOf(zone, LAST) + 4)
          .flat()
          .filter((change) => change > at)
          .sort((a, b) => a - b)
        const next = changes.find((change) => isOpen(zone, written, change) !== open) ?? NEVER
        if (next - at > 365 * DAY && next < LAST) inYears++
        expect(until > LAST ? NEVER : until).toBe(next > LAST ? NEVER : next)
      }),
      { numRuns: fuzzRuns(75) },
    )
    expect(inYears).toBeGreaterThan(2 * RUNS)
  })

  it('report the same state whatever was asked before', () => {
    fc.assert(
      fc.property(anyCase, fc.array(anyInstant, { maxLength: 8 }), ({ zone, at, written }, earlier) => {
        const asked = subject(zone, written)
        for (const t of earlier) asked.at(t)
        expect(asked.at(at)).toEqual(subject(zone, written).at(at))
      }),
      { numRuns: slowRuns(200) },
    )
  })
})
