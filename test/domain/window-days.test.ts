import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DAY } from '../../src/domain/time/instant.ts'
import type { LocalDate, Parsed } from '../../src/domain/time/local-date.ts'
import {
  createDayTest,
  EVERY_DAY,
  neverFits,
  parseMonthDay,
  parseMonths,
  parseWeek,
  type Weekday,
  type WindowDays,
} from '../../src/domain/time/window-days.ts'
import { fuzzRuns } from '../fuzz-runs.ts'

const value = <T>(parsed: Parsed<T>): T => {
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed.value
}

const problem = (parsed: Parsed<unknown>) => ('problem' in parsed ? parsed.problem : '')

const dateOf = (at: number): LocalDate => {
  const [year = 0, month = 0, day = 0] = new Date(at).toISOString().slice(0, 10).split('-').map(Number)
  return { year, month, day }
}

const datesFrom = (first: string, days: number) =>
  Array.from({ length: days }, (_, index) => dateOf(Date.parse(first) + index * DAY))

/** The days of 2027 on which a window opens, as MM-DD. */
const days = (different: Partial<WindowDays>) => {
  const isOpenOn = createDayTest({ days: EVERY_DAY, ...different })
  return datesFrom('2027-01-01', 365)
    .filter(isOpenOn)
    .map(({ month, day }) => [month, day].map((part) => String(part).padStart(2, '0')).join('-'))
}

describe('the months of a window', () => {
  it.each([
    ['dec', [12]],
    ['jan-mar', [1, 2, 3]],
    ['nov-feb', [1, 2, 11, 12]],
    [
      ['jun', 'nov-jan'],
      [1, 6, 11, 12],
    ],
  ])('are read in the order of the year: %j', (written, expected) => {
    expect(parseMonths(written)).toEqual({ value: expected })
  })

  it.each(['', 'january', 'Jan', 'jan-', 'jan-feb-mar', '1', 'mon'])('are refused otherwise: %j', (written) => {
    expect(problem(parseMonths(written))).toContain('is not a month')
  })
})

describe('the days of the month', () => {
  it('count from the first day, or from the last', () => {
    expect(days({ months: value(parseMonths('feb-mar')), monthDays: [1, -1] })).toEqual([
      '02-01',
      '02-28',
      '03-01',
      '03-31',
    ])
    expect(days({ monthDays: [31] })).toHaveLength(7)
    expect(days({ monthDays: [-31] })).toHaveLength(7)
    expect(problem(parseMonthDay(0))).toContain('0 is not a day of the month')
  })

  it('know leap years', () => {
    const isOpenOn = createDayTest({ days: EVERY_DAY, months: [2], monthDays: [-1] })
    const found = [2000, 2023, 2024, 2100].map((year) => [28, 29].filter((day) => isOpenOn({ year, month: 2, day })))
    expect(found).toEqual([[29], [28], [29], [28]])
  })
})

describe('the weeks of a window', () => {
  const tuesday: readonly Weekday[] = [2]

  it('are those of the weekday in the month', () => {
    // The second Tuesday of each month.
    expect(days({ days: tuesday, weeks: [2], months: [1, 2, 6] })).toEqual(['01-12', '02-09', '06-08'])
    expect(days({ days: tuesday, weeks: [value(parseWeek('last'))], months: [2, 3] })).toEqual(['02-23', '03-30'])
    expect(days({ days: tuesday, weeks: [5] })).toEqual(['03-30', '06-29', '08-31', '11-30'])
  })

  it('are the first, second … seven days of the month if no days are given', () => {
    expect(days({ weeks: [1], months: [6] })).toEqual([1, 2, 3, 4, 5, 6, 7].map((day) => `06-0${day}`))
    expect(days({ weeks: [value(parseWeek('last'))], months: [2] })[0]).toBe('02-22')
  })

  it.each([0, 6, -1, 1.5, 'first', ''])('are refused otherwise: %j', (written) => {
    expect(problem(parseWeek(written))).toContain('is not a week of the month: write 1, 2, 3, 4, 5 or last')
  })
})

describe('a window that opens on no day of any year', () => {
  const fourCenturies = datesFrom('2001-01-01', 146_097)
  const few = <Value>(one: fc.Arbitrary<Value>) =>
    fc.option(fc.uniqueArray(one, { minLength: 1, maxLength: 2 }), { nil: undefined })

  it('is known, as a search through four centuries finds it', () => {
    const RARELY = 20
    const found = { never: 0, rarely: 0 }
    fc.assert(
      fc.property(
        fc.record({
          days: fc.uniqueArray(fc.constantFrom(...EVERY_DAY), { minLength: 1, maxLength: 2 }),
          months: few(fc.constantFrom(1, 2, 4)),
          monthDays: few(fc.constantFrom(1, 8, 28, 29, 30, 31, -1, -29, -31)),
          weeks: few(fc.constantFrom(1, 2, 4, 5, -1)),
        }),
        (window) => {
          const isOpenOn = createDayTest(window)
          // Most windows open soon: the search ends there.
          let count = 0
          for (const date of fourCenturies) {
            if (isOpenOn(date) && ++count === RARELY) break
          }
          if (count === 0) found.never++
          else if (count < RARELY) found.rarely++
          expect(neverFits(window)).toBe(count === 0)
        },
      ),
      { numRuns: fuzzRuns(40), examples: [[{ days: [7], months: [2], monthDays: [29], weeks: undefined }]] },
    )
    expect(Math.min(found.never, found.rarely)).toBeGreaterThan(0)
  })

  it('is known among its dates', () => {
    const thursday = { year: 2026, month: 12, day: 24 }
    const weekend = { from: { year: 2026, month: 12, day: 26 }, to: { year: 2026, month: 12, day: 27 } }
    const on = (different: Partial<WindowDays>) =>
      neverFits({ days: EVERY_DAY, dates: [{ from: thursday, to: thursday }, weekend], ...different })
    expect(on({})).toBe(false)
    expect(on({ days: [1, 2, 3, 5] })).toBe(true)
    expect(on({ days: [1, 7] })).toBe(false)
    expect(on({ months: [11] })).toBe(true)
    expect(on({ monthDays: [-5] })).toBe(false)
  })

  it('is not a window on a day that a century skips', () => {
    // Between 1880 and 1920 no 29 February is a Sunday.
    const sunday = { days: [7] as const, months: [2], monthDays: [29] }
    const from = { year: 1880, month: 3, day: 1 }
    expect(neverFits({ ...sunday, dates: [{ from, to: { year: 1930, month: 1, day: 1 } }] })).toBe(false)
    expect(neverFits({ ...sunday, dates: [{ from, to: { year: 1919, month: 12, day: 31 } }] })).toBe(true)
  })
})
