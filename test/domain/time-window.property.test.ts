import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { closedDates } from '../../src/domain/time/calendar.ts'
import { DAY, HOUR, type Instant, MINUTE, NEVER, toIso } from '../../src/domain/time/instant.ts'
import { createTimeWindows, knownTimeZones, type LocalWindow, type Weekday } from '../../src/domain/time/time-window.ts'
import { fuzzRuns } from '../fuzz-runs.ts'

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

const dayOf = (zone: Zone, at: Instant) => Math.floor((at + offsetAt(zone, at)) / DAY)

/** The windows that open on the days from `firstDay` to `lastDay`, not merged. */
const periodsOf = (zone: Zone, { windows, closed }: Written, firstDay: number, lastDay: number) => {
  const periods: (readonly [openAt: Instant, closeAt: Instant])[] = []
  for (let day = firstDay; day <= lastDay; day++) {
    if (closed.has(day)) continue
    // 1970-01-01 was a Thursday.
    const weekday = ((((day + 3) % 7) + 7) % 7) + 1
    for (const { days, fromMinute, toMinute } of windows) {
      if (!days.some((each) => each === weekday)) continue
      const endDay = toMinute <= fromMinute ? day + 1 : day
      periods.push([
        instantOf(zone, day * DAY + fromMinute * MINUTE),
        instantOf(zone, endDay * DAY + toMinute * MINUTE),
      ])
    }
  }
  return periods
}

const isOpen = (zone: Zone, written: Written, at: Instant) => {
  const day = dayOf(zone, at)
  return periodsOf(zone, written, day - 2, day + 2).some(([openAt, closeAt]) => openAt <= at && at < closeAt)
}

const closedDatesOf = (closed: ReadonlySet<number>) => {
  const dates = [...closed].map((day) => {
    const [year = 0, month = 0, dayOfMonth = 0] = (toIso(day * DAY) ?? '').slice(0, 10).split('-').map(Number)
    const date = { year, month, day: dayOfMonth }
    return { from: date, to: date }
  })
  return closedDates([{ dates, yearly: [] }])
}

const subject = (zone: Zone, written: Written) =>
  createTimeWindows(zone.name, written.windows, closedDatesOf(written.closed))

const zones = knownTimeZones().map(readZone)

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
      fc.record({ zone: fc.constant(zone), at: fc.constant(at), windows: anyWindows, closed: closedAround(at) }),
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
  })

  it('are open at the same instants around every clock change of every zone in ten years', () => {
    const perZone = fc.sample(
      fc.tuple(anyWindows, fc.array(anyInstant, { minLength: 4, maxLength: 4 })),
      zones.length * RUNS,
    )
    const differences: string[] = []
    for (const [index, [windows, instants]] of perZone.entries()) {
      const zone = zones[index % zones.length] as Zone
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
      { numRuns: 800 * RUNS },
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
      { numRuns: 200 * RUNS },
    )
  })

  it('report the same state at all its instants, and the next state begins where it ends', () => {
    fc.assert(
      fc.property(anyCase, fc.integer({ min: 0, max: 1000 }), ({ zone, at, written }, permille) => {
        const timeWindows = subject(zone, written)
        const state = timeWindows.at(at)
        fc.pre(state.until !== NEVER && state.since !== -NEVER)
        const within = state.since + Math.floor(((state.until - 1 - state.since) * permille) / 1000)
        expect(timeWindows.at(within)).toEqual(state)
        expect(timeWindows.at(state.until)).toMatchObject({ open: !state.open, since: state.until })
        expect(timeWindows.at(state.since - 1)).toMatchObject({ open: !state.open, until: state.since })
      }),
      { numRuns: 300 * RUNS },
    )
  })

  it('report the same state whatever was asked before', () => {
    fc.assert(
      fc.property(anyCase, fc.array(anyInstant, { maxLength: 8 }), ({ zone, at, written }, earlier) => {
        const asked = subject(zone, written)
        for (const t of earlier) asked.at(t)
        expect(asked.at(at)).toEqual(subject(zone, written).at(at))
      }),
      { numRuns: 200 * RUNS },
    )
  })
})
