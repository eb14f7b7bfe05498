import { describe, expect, it } from 'vitest'
import { DAY, HOUR } from '../../src/domain/time/instant.ts'
import { daysIn, weekStartOf } from '../../src/domain/time/local-days.ts'

const BERLIN = 'Europe/Berlin'

describe('the days of a zone', () => {
  it('follow each other from midnight to midnight, also where the clocks change', () => {
    const saturday = Date.parse('2026-10-23T22:00:00Z')
    const days = daysIn({ from: saturday + HOUR, until: saturday + 2 * DAY + 2 * HOUR }, BERLIN)
    expect(days.map(({ weekday, date, from, until }) => [weekday, date.day, (until - from) / HOUR])).toEqual([
      ['Sat', 24, 24],
      ['Sun', 25, 25],
      ['Mon', 26, 24],
    ])
    expect(days.map(({ from }) => from)).toEqual([saturday, ...days.slice(0, -1).map(({ until }) => until)])
    expect(days.map(({ clockChangesAt }) => clockChangesAt)).toEqual([
      undefined,
      Date.parse('2026-10-25T01:00:00Z'),
      undefined,
    ])
  })

  it('end before a midnight that the period does not hold', () => {
    const midnight = Date.parse('2026-11-23T00:00:00Z')
    expect(daysIn({ from: midnight, until: midnight + DAY }, 'UTC')).toHaveLength(1)
    expect(daysIn({ from: midnight, until: midnight }, 'UTC')).toHaveLength(1)
  })

  it('belong to a week that begins on Monday', () => {
    const monday = Date.parse('2026-10-18T22:00:00Z')
    expect(weekStartOf(monday, BERLIN)).toBe(monday)
    expect(weekStartOf(Date.parse('2026-10-25T22:59:00Z'), BERLIN)).toBe(monday)
  })
})
