import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cronSchedule } from '../../../src/adapters/cron/cron-schedule.ts'
import { DAY, MINUTE, SECOND } from '../../../src/domain/time/instant.ts'

const FROM = Date.UTC(1971, 0, 1)
const UNTIL = Date.UTC(2200, 0, 1)
const instants = fc.integer({ min: FROM, max: UNTIL })
const some = (max: number) => fc.uniqueArray(fc.integer({ min: 0, max }), { minLength: 1, maxLength: 5 })

/** The first second after `now` that the lists hold, found by checking one second after the other. */
const naiveNext = (now: number, seconds: readonly number[], minutes: readonly number[]) => {
  let at = (Math.floor(now / SECOND) + 1) * SECOND
  const isDue = () => {
    const date = new Date(at)
    return seconds.includes(date.getUTCSeconds()) && minutes.includes(date.getUTCMinutes())
  }
  while (!isDue()) at += SECOND
  return at
}

describe('a schedule', () => {
  it('is due next after the given instant, whatever the time of the host is', () => {
    fc.assert(
      fc.property(instants, some(59), some(59), (now, seconds, minutes) => {
        const schedule = cronSchedule(`${seconds.join()} ${minutes.join()} * * * *`)
        expect(schedule.next(now)).toBe(naiveNext(now, seconds, minutes))
      }),
    )
  })

  it('with five fields is due at full minutes, in UTC', () => {
    fc.assert(
      fc.property(instants, (now) => {
        expect(cronSchedule('* * * * *').next(now)).toBe((Math.floor(now / MINUTE) + 1) * MINUTE)
        expect(cronSchedule('0 0 * * *').next(now)).toBe((Math.floor(now / DAY) + 1) * DAY)
      }),
    )
  })

  it('is never due at the given instant itself', () => {
    const noon = Date.UTC(2026, 10, 23, 12)
    const schedule = cronSchedule('*/15 * * * * *')
    expect([noon - 1, noon, noon + 1].map((now) => schedule.next(now) - noon)).toEqual([0, 15 * SECOND, 15 * SECOND])
  })
})
