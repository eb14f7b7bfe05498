import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Calendar, closedDates, parseDate, parseDateRange, parseYearly } from '../../src/domain/time/calendar.ts'
import type { DateRange, LocalDate, Parsed } from '../../src/domain/time/local-date.ts'

const value = <T>(parsed: Parsed<T>): T => {
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed.value
}

const isRefused = (parsed: Parsed<unknown>) => 'problem' in parsed && parsed.problem.length > 0

const calendar = (written: {
  dates?: readonly (string | { from: string; to: string })[]
  yearly?: readonly string[]
}) => ({
  dates: (written.dates ?? []).map((entry) =>
    value(parseDateRange(typeof entry === 'string' ? { from: entry, to: entry } : entry)),
  ),
  yearly: (written.yearly ?? []).map((text) => value(parseYearly(text))),
})

const isClosed = (calendars: readonly Calendar[], date: string) => closedDates(calendars).has(value(parseDate(date)))

describe('a date', () => {
  it('is written as year, month and day', () => {
    expect(parseDate('2026-12-25')).toEqual({ value: { year: 2026, month: 12, day: 25 } })
    expect(parseDate('2028-02-29')).toEqual({ value: { year: 2028, month: 2, day: 29 } })
  })

  it.each([
    '2026-02-29',
    '2100-02-29',
    '2026-02-30',
    '2026-04-31',
    '2026-13-01',
    '2026-00-10',
    '2026-01-00',
    '2026-01-32',
  ])('is refused if it does not exist: %s', (text) => expect(parseDate(text)).toSatisfy(isRefused))

  it.each([
    '',
    '20261225',
    '2026-12-25T10:00',
    '2026-12-5',
    '26-12-25',
    '2026/12/25',
    '25.12.2026',
    ' 2026-12-25',
    '2026-12-25\n',
  ])('is refused in any other notation: %j', (text) => expect(parseDate(text)).toSatisfy(isRefused))

  it('without a year gets a hint about "yearly", and a yearly date with a year one about "dates"', () => {
    expect(parseDate('05-01')).toMatchObject({ problem: expect.stringContaining('yearly') })
    expect(parseYearly('2026-05-01')).toMatchObject({ problem: expect.stringContaining('dates') })
  })
})

describe('a range of dates', () => {
  it('may be a single day', () => {
    const day = { year: 2026, month: 12, day: 31 }
    expect(parseDateRange({ from: '2026-12-31', to: '2026-12-31' })).toEqual({ value: { from: day, to: day } })
  })

  it('is refused if it ends before it begins', () => {
    expect(parseDateRange({ from: '2027-01-01', to: '2026-12-31' })).toSatisfy(isRefused)
  })

  it('is refused if one of its dates does not exist', () => {
    expect(parseDateRange({ from: '2026-02-30', to: '2026-03-01' })).toSatisfy(isRefused)
    expect(parseDateRange({ from: '2026-02-01', to: '2026-02-30' })).toSatisfy(isRefused)
  })
})

describe('a yearly date', () => {
  it('is written as month and day', () => {
    expect(parseYearly('05-01')).toEqual({ value: { month: 5, day: 1 } })
    expect(parseYearly('02-29')).toEqual({ value: { month: 2, day: 29 } })
  })

  it.each(['02-30', '04-31', '13-01', '00-10', '5-1', '0501', '', '05-01\n'])(
    'is refused if it does not exist or has another notation: %j',
    (text) => {
      expect(parseYearly(text)).toSatisfy(isRefused)
    },
  )
})

describe('closed dates', () => {
  it('are empty without a calendar', () => {
    expect(isClosed([], '2026-12-25')).toBe(false)
  })

  it('include both ends of a range, also of one across the turn of the year', () => {
    const turn = [calendar({ dates: [{ from: '2026-12-31', to: '2027-01-02' }] })]
    expect(
      ['2026-12-30', '2026-12-31', '2027-01-01', '2027-01-02', '2027-01-03'].map((date) => isClosed(turn, date)),
    ).toEqual([false, true, true, true, false])
  })

  it('repeat every year if they are yearly, 02-29 in leap years only', () => {
    const yearly = [calendar({ yearly: ['05-01', '02-29'] })]
    expect(
      ['1999-05-01', '2026-05-01', '2032-05-01', '2028-02-29'].map((date) => isClosed(yearly, date)),
    ).not.toContain(false)
    expect(
      ['2026-02-28', '2026-03-01', '2026-05-02', '2026-01-05'].map((date) => isClosed(yearly, date)),
    ).not.toContain(true)
  })

  it('are the dates of all calendars together', () => {
    const both = [calendar({ dates: ['2026-12-25'] }), calendar({ yearly: ['01-01'] })]
    expect(isClosed(both, '2026-12-25')).toBe(true)
    expect(isClosed(both, '2027-01-01')).toBe(true)
    expect(isClosed(both, '2027-12-25')).toBe(false)
  })

  it('are exactly the listed dates, whatever overlaps', () => {
    const day = fc.record({
      year: fc.integer({ min: 2025, max: 2027 }),
      month: fc.integer({ min: 1, max: 12 }),
      day: fc.integer({ min: 1, max: 28 }),
    })
    const text = ({ year, month, day }: LocalDate) =>
      `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
    const range = fc
      .tuple(day, day)
      .map(([a, b]): DateRange => (text(a) <= text(b) ? { from: a, to: b } : { from: b, to: a }))
    const anyCalendar = fc.record({ dates: fc.array(range, { maxLength: 5 }), yearly: fc.array(day, { maxLength: 2 }) })
    fc.assert(
      fc.property(
        fc.array(anyCalendar, { maxLength: 3 }),
        fc.array(day, { minLength: 1, maxLength: 20 }),
        (calendars, asked) => {
          const closed = closedDates(calendars)
          for (const date of [
            ...asked,
            ...calendars.flatMap(({ dates }) => dates.flatMap(({ from, to }) => [from, to])),
          ]) {
            const listed = calendars.some(
              ({ dates, yearly }) =>
                dates.some(({ from, to }) => text(from) <= text(date) && text(date) <= text(to)) ||
                yearly.some((every) => text(every).slice(5) === text(date).slice(5)),
            )
            expect(closed.has(date)).toBe(listed)
          }
        },
      ),
    )
  })
})
