import { describe, expect, it } from 'vitest'
import { busiestDayOf } from '../../../src/domain/backtest/busiest-day.ts'
import type { Cut } from '../../../src/domain/backtest/outcome.ts'
import type { Recording } from '../../../src/domain/recording/recorded-session.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/domain/time/instant.ts'
import { daysIn } from '../../../src/domain/time/local-days.ts'
import { NOON, policy } from '../build.ts'
import { cut, session } from './recorded.ts'

const ban = policy('banned-users', { users: ['mallory'] })
const PERIOD = { from: NOON, until: NOON + 3 * DAY }
const DAYS = daysIn(PERIOD, 'Europe/Berlin')

const busiest = (cuts: readonly Cut[], room = { lanes: 10, periods: 100 }, more: Recording['sessions'] = []) => {
  const sessions = [...more, ...cuts.map(({ session: one }) => one)]
  return busiestDayOf(
    { from: PERIOD.from, to: PERIOD.until, sessions },
    { cuts: cuts.toSorted((a, b) => a.at - b.at), outside: [] },
    DAYS,
    room,
  )
}

const ended = (username: string, establishedAt: number, keptMs: number): Cut => {
  const one = session({ username, establishedAt, endedAt: establishedAt + HOUR })
  return cut(one, establishedAt + keptMs, ban)
}

describe('the busiest day', () => {
  it('is none where no session ends', () => {
    expect(busiest([])).toBeUndefined()
  })

  it('is a day of the zone, not of UTC', () => {
    const midnightInBerlin = Date.parse('2026-11-23T23:00:00Z')
    const found = busiest([
      ended('alice', midnightInBerlin - HOUR, MINUTE),
      ended('bob', midnightInBerlin, MINUTE),
      ended('carol', midnightInBerlin, 30 * MINUTE),
    ])
    expect(found).toMatchObject({ day: { weekday: 'Tue', from: midnightInBerlin }, cuts: 2, people: 2 })
    expect(found?.lanes.map(({ name }) => name)).toEqual(['bob', 'carol'])
  })

  it('has the person with most ends first, with all sessions of the day, whole or ended', () => {
    const whole = session({ username: 'bob', establishedAt: NOON, endedAt: NOON + HOUR })
    const found = busiest(
      [ended('alice', NOON, 0), ended('bob', NOON + 2 * HOUR, 20 * MINUTE), ended('BOB', NOON + 4 * HOUR, 20 * MINUTE)],
      undefined,
      [whole],
    )
    expect(found?.lanes).toMatchObject([
      {
        name: 'BOB',
        sessions: 3,
        up: [0, 2 * HOUR, 4 * HOUR].map((ms, index) => ({
          from: NOON + ms,
          until: NOON + ms + (index === 0 ? HOUR : 20 * MINUTE),
        })),
        saved: [2 * HOUR, 4 * HOUR].map((ms) => ({ from: NOON + ms + 20 * MINUTE, until: NOON + ms + HOUR })),
      },
      { name: 'alice', sessions: 1, up: [], saved: [{ from: NOON, until: NOON + HOUR }] },
    ])
  })

  it('stays bounded: gaps that nobody sees close, and people who do not fit are left out but counted', () => {
    const everyMinute = Array.from({ length: 300 }, (_, minute) =>
      ended('mallory', NOON + minute * MINUTE, 30 * SECOND),
    )
    const others = Array.from({ length: 20 }, (_, index) => ended(`person-${index}`, NOON, MINUTE))
    const found = busiest([...everyMinute, ...others], { lanes: 10, periods: 9 })
    expect(found).toMatchObject({ cuts: 320, people: 21 })
    expect(found?.lanes.map(({ name, up, saved }) => [name, up.length + saved.length])).toEqual([
      ['mallory', 2],
      ['person-0', 2],
      ['person-1', 2],
      ['person-10', 2],
    ])
  })
})
