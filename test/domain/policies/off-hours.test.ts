import { describe, expect, it } from 'vitest'
import { NO_HISTORY } from '../../../src/domain/judge/memory.ts'
import { HOUR, MINUTE, NEVER } from '../../../src/domain/time/instant.ts'
import { connection, judged, NOON, policy } from '../build.ts'

const closing = policy('off-hours', { timeZone: 'UTC', denied: [{ hours: '11:30-13:00' }] })
const always = policy('off-hours', { timeZone: 'UTC', denied: [{}] })
const open = policy('off-hours', { timeZone: 'Europe/Berlin', allowed: [{ days: 'mon-fri', hours: '07:30-18:30' }] })

describe('off-hours', () => {
  it('is violated since the window closed, or since the connection came if that is later', () => {
    const since = (establishedAt: number | undefined) => judged(closing, connection({ establishedAt })).since
    expect(since(NOON - HOUR)).toBe(NOON - 30 * MINUTE)
    expect(since(NOON - MINUTE)).toBe(NOON - MINUTE)
    expect(since(NOON)).toBe(NOON)
    // Missing, or later than now, it says nothing.
    expect(since(NOON + 1)).toBe(NOON - 30 * MINUTE)
    expect(since(undefined)).toBe(NOON - 30 * MINUTE)
  })

  it('that was never otherwise is violated since the connection came, was first seen, or is asked about', () => {
    const since = (establishedAt: number | undefined, firstSeenAt?: number) =>
      judged(always, connection({ establishedAt }), NOON, { firstSeenAt: () => firstSeenAt }).since
    expect(since(NOON - HOUR, NOON - MINUTE)).toBe(NOON - HOUR)
    expect(since(undefined, NOON - MINUTE)).toBe(NOON - MINUTE)
    expect(since(NOON + 1, NOON - MINUTE)).toBe(NOON - MINUTE)
    expect(since(undefined)).toBe(NOON)
  })

  it('is told apart, connection by connection and instant by instant', () => {
    const evening = Date.parse('2026-11-23T18:30:00+01:00')
    const one = connection()
    const { standing } = judged(open, one)
    const at = (now: number) => standing.judge.find(one, NO_HISTORY, now).word
    expect([at(evening - 1), at(evening), at(evening - 1), at(evening)]).toEqual([
      'fine',
      'violated',
      'fine',
      'violated',
    ])
  })

  it('says since when and until when, on the wall clock of the zone', () => {
    const allowed = judged(open, connection()).why
    for (const part of ['07:30', '18:30', 'Europe/Berlin']) expect(allowed).toContain(part)
    const shut = judged(open, connection(), NOON + 8 * HOUR).why
    for (const part of ['18:30', '07:30', '2026-11-24']) expect(shut).toContain(part)
    expect(shut).not.toBe(allowed)
    const forGood = judged(always, connection())
    expect(forGood.nextAt).toBe(NEVER)
    expect(forGood.why).not.toMatch(/Invalid|NaN|undefined|Infinity/)
  })
})
