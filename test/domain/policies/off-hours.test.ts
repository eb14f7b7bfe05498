import { describe, expect, it } from 'vitest'
import { NO_HISTORY } from '../../../src/domain/judge/memory.ts'
import { HOUR, MINUTE, NEVER } from '../../../src/domain/time/instant.ts'
import { connection, judged, NOON, policy } from '../build.ts'

const closing = policy('off-hours', { timeZone: 'UTC', denied: [{ hours: '11:30-13:00' }] })
const always = policy('off-hours', { timeZone: 'UTC', denied: [{}] })
const open = policy('off-hours', { timeZone: 'Europe/Berlin', allowed: [{ days: 'mon-fri', hours: '07:30-18:30' }] })

describe('off-hours', () => {
  it('is violated since the window closed, or since the connection was established if that is later', () => {
    const since = (establishedAt: number | undefined) => judged(closing, connection({ establishedAt })).since
    expect(since(NOON - HOUR)).toBe(NOON - 30 * MINUTE)
    expect(since(NOON - MINUTE)).toBe(NOON - MINUTE)
    expect(since(NOON)).toBe(NOON)
    // An established time that is missing or in the future proves nothing.
    expect(since(NOON + 1)).toBe(NOON - 30 * MINUTE)
    expect(since(undefined)).toBe(NOON - 30 * MINUTE)
  })

  it('that never changes is violated since the connection was established, else first seen, else now', () => {
    const since = (establishedAt: number | undefined, firstSeenAt?: number) =>
      judged(always, connection({ establishedAt }), NOON, { firstSeenAt: () => firstSeenAt }).since
    expect(since(NOON - HOUR, NOON - MINUTE)).toBe(NOON - HOUR)
    expect(since(undefined, NOON - MINUTE)).toBe(NOON - MINUTE)
    expect(since(NOON + 1, NOON - MINUTE)).toBe(NOON - MINUTE)
    expect(since(undefined)).toBe(NOON)
  })

  it('follows the instant of each question, in any order', () => {
    const evening = Date.parse('2026-11-23T18:30:00+01:00')
    const one = connection()
    const { applicability } = judged(open, one)
    const at = (now: number) => applicability.judge.find(one, NO_HISTORY, now).word
    expect([at(evening - 1), at(evening), at(evening - 1), at(evening)]).toEqual([
      'fine',
      'violated',
      'fine',
      'violated',
    ])
  })

  it.each([
    ['a date', { denied: [{ dates: ['2026-12-24'] }] }, '2026-12-24T00:00:00+01:00', '2026-12-25T00:00:00+01:00'],
    [
      'a range of dates, by both its days',
      { denied: [{ dates: [{ from: '2026-12-24', to: '2026-12-31' }] }] },
      '2026-12-24T00:00:00+01:00',
      '2027-01-01T00:00:00+01:00',
    ],
    [
      'a date whose window runs into the next day',
      { denied: [{ dates: ['2026-12-31'], hours: '22:00-02:00' }] },
      '2026-12-31T22:00:00+01:00',
      '2027-01-01T02:00:00+01:00',
    ],
    [
      'months over the new year',
      { denied: [{ months: 'dec-jan' }] },
      '2026-12-01T00:00:00+01:00',
      '2027-02-01T00:00:00+01:00',
    ],
    [
      'the last day of the month, on which the clocks change',
      { denied: [{ months: 'oct', monthDays: [-1], hours: '02:00-03:00' }] },
      '2027-10-31T02:00:00+02:00',
      '2027-10-31T03:00:00+01:00',
    ],
    [
      'the second Tuesday of the month',
      { denied: [{ days: 'tue', weeks: [2], hours: '20:00-23:00' }] },
      '2026-12-08T20:00:00+01:00',
      '2026-12-08T23:00:00+01:00',
    ],
    [
      'the last Sunday of the month, in the zone of the window',
      { denied: [{ days: 'sun', weeks: ['last'], timeZone: 'America/New_York', hours: '20:00-23:00' }] },
      '2026-11-29T20:00:00-05:00',
      '2026-11-29T23:00:00-05:00',
    ],
  ])('begins and ends to the millisecond: %s', (_what, keys, from, to) => {
    const denied = policy('off-hours', { timeZone: 'Europe/Berlin', ...keys })
    const [openAt, closeAt] = [Date.parse(from), Date.parse(to)]
    const one = connection({ establishedAt: NOON - HOUR })
    const { applicability } = judged(denied, one)
    const find = (now: number) => applicability.judge.find(one, NO_HISTORY, now)
    expect(find(NOON)).toEqual({ word: 'fine', until: openAt })
    expect(find(openAt - 1)).toEqual({ word: 'fine', until: openAt })
    expect(find(openAt)).toEqual({ word: 'violated', since: openAt, until: closeAt })
    expect(find(closeAt - 1)).toEqual({ word: 'violated', since: openAt, until: closeAt })
    expect(find(closeAt).word).toBe('fine')
  })

  it('needs no zone of its own if each window has one', () => {
    const shifts = policy('off-hours', {
      allowed: [
        { days: 'mon', hours: '09:00-17:00', timeZone: 'Asia/Tokyo' },
        { days: 'mon', hours: '09:00-17:00', timeZone: 'America/New_York' },
      ],
    })
    const one = connection()
    const { applicability } = judged(shifts, one)
    const words = [
      '2026-11-23T08:59+09:00',
      '2026-11-23T09:00+09:00',
      '2026-11-23T17:00+09:00',
      '2026-11-23T09:00-05:00',
    ]
    expect(words.map((text) => applicability.judge.find(one, NO_HISTORY, Date.parse(text)).word)).toEqual([
      'violated',
      'fine',
      'violated',
      'fine',
    ])
    expect(judged(shifts, one).why).toBe(
      'outside the allowed hours since Mon 2026-11-23 17:00 until Mon 2026-11-23 23:00 (Asia/Tokyo)',
    )
  })

  it('explains since when and until when, on the wall clock of the zone', () => {
    expect(judged(open, connection()).why).toBe(
      'within the allowed hours since Mon 2026-11-23 07:30 until Mon 2026-11-23 18:30 (Europe/Berlin)',
    )
    expect(judged(open, connection(), NOON + 8 * HOUR).why).toBe(
      'outside the allowed hours since Mon 2026-11-23 18:30 until Tue 2026-11-24 07:30 (Europe/Berlin)',
    )
    const endless = judged(always, connection())
    expect(endless.nextAt).toBe(NEVER)
    expect(endless.why).toBe('outside the allowed hours, with no end within ten years (UTC)')
  })
})
