import fc from 'fast-check'
import { expect, it } from 'vitest'
import { NEVER } from '../../src/domain/time/instant.ts'
import { createTimeWindows, type LocalWindow } from '../../src/domain/time/time-window.ts'
import type { Weekday } from '../../src/domain/time/window-days.ts'
import { fuzzRuns } from '../fuzz-runs.ts'

const ZONES = ['Europe/Berlin', 'Australia/Lord_Howe', 'America/Santiago', 'Africa/Casablanca', 'UTC']
const NOW = Date.parse('2026-11-29T12:00:00Z')
const DAYS = [
  [1, 2, 3, 4, 5, 6, 7],
  [1, 2, 3, 4, 5],
  [6, 7],
] as const satisfies readonly (readonly Weekday[])[]

/** Windows that follow each other round the day, of which some end a little later, and some are on some days only. */
const windows = fc
  .record({
    opens: fc.uniqueArray(fc.nat(1439), { minLength: 2, maxLength: 5 }),
    overlaps: fc.array(fc.constantFrom(0, 0, 0, 0, 7), { minLength: 5, maxLength: 5 }),
    isSplit: fc.boolean(),
    lacks: fc.constantFrom(undefined, undefined, 0),
  })
  .map(({ opens, overlaps, isSplit, lacks }): readonly LocalWindow[] => {
    const ordered = opens.toSorted((a, b) => a - b)
    return ordered.flatMap((fromMinute, index) => {
      const next = ordered[(index + 1) % ordered.length] ?? 0
      const toMinute = ((next + (overlaps[index] ?? 0) + 1439) % 1440) + 1
      const days: readonly (readonly Weekday[])[] = isSplit ? DAYS.slice(1) : DAYS.slice(0, 1)
      return days.filter((_, at) => index > 0 || at !== lacks).map((each) => ({ days: each, fromMinute, toMinute }))
    })
  })

it('windows that never close are known without a search, and their state is what a search finds', () => {
  let known = 0
  let changing = 0
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), windows, (zone, each) => {
      let asked = 0
      const has = () => {
        asked++
        return false
      }
      const searched = createTimeWindows(zone, each, { has, isEmpty: false }).at(NOW)
      asked = 0
      expect(createTimeWindows(zone, each, { has, isEmpty: true }).at(NOW)).toEqual(searched)
      if (asked === 0) known++
      if (searched.until !== NEVER) changing++
    }),
    { numRuns: fuzzRuns(100) },
  )
  expect(Math.min(known, changing)).toBeGreaterThan(5)
})

it('windows that only overlap close where the clocks skip the hour in which they do', () => {
  const days = DAYS[0]
  const overlapping = [
    { days, fromMinute: 0, toMinute: 190 },
    { days, fromMinute: 135, toMinute: 1440 },
  ]
  const isEmpty = { has: () => false, isEmpty: true }
  expect(createTimeWindows('Europe/Berlin', overlapping, isEmpty).at(NOW).until).toBe(
    Date.parse('2027-03-28T01:10:00Z'),
  )
})
