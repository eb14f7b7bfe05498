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
