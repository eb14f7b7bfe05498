import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { zoneOf } from '../../src/domain/time/row-zone.ts'

const NOW = Date.UTC(2026, 10, 23, 12)

const age = fc.integer({ min: 0, max: DAY })
/** How late AWS may write a row. */
const late = fc.integer({ min: 0, max: 20 * MINUTE })

describe('the zone of times without a zone', () => {
  it('is UTC where no time is in the future, however late rows are written', () => {
    fc.assert(
      fc.property(fc.array(age), late, (ages, lateMs) => {
        const establishedAt = ages.map((ms) => NOW - ms)
        expect(zoneOf({ rowAt: NOW - lateMs, establishedAt }, NOW)).toEqual({ state: 'utc' })
      }),
    )
  })

  it('is the offset by which the latest row is away, of every zone an hour or more away', () => {
    const quarters = fc.integer({ min: 4, max: 56 })
    fc.assert(
      fc.property(quarters, fc.boolean(), fc.integer({ min: 0, max: 5 * MINUTE }), (count, isAhead, lateMs) => {
        const offsetMs = (isAhead ? 1 : -1) * count * 15 * MINUTE
        const rowAt = NOW + offsetMs - lateMs
        expect(zoneOf({ rowAt, establishedAt: [] }, NOW)).toEqual({ state: 'offset', awayMs: rowAt - NOW, offsetMs })
      }),
    )
  })

  it('is ahead where connections were established in the future, and rows have no time', () => {
    const establishedAt = [NOW - HOUR, NOW + 50 * MINUTE, NOW + 20 * MINUTE]
    expect(zoneOf({ rowAt: undefined, establishedAt }, NOW)).toEqual({
      state: 'ahead',
      ahead: 2,
      awayMs: 50 * MINUTE,
      offsetMs: HOUR,
    })
  })

  it("tolerates servers whose clocks are a little ahead of each other's", () => {
    const at = NOW + 30 * SECOND
    expect(zoneOf({ rowAt: at, establishedAt: [at] }, NOW)).toEqual({ state: 'utc' })
  })

  it('is not known without a time', () => {
    expect(zoneOf({ rowAt: undefined, establishedAt: [] }, NOW)).toEqual({ state: 'not-known' })
  })
})
