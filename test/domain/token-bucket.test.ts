import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTokenBucket } from '../../src/domain/terminate/token-bucket.ts'

const rates = fc.record({ burst: fc.integer({ min: 1, max: 50 }), perSecond: fc.integer({ min: 1, max: 20 }) })

describe('a token bucket', () => {
  it('never lets more leave in any stretch than burst and refill allow, and is never idle for nothing', () => {
    fc.assert(
      fc.property(rates, fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 120 }), (rate, gaps) => {
        const bucket = createTokenBucket(rate, 0)
        const left: number[] = []
        let now = 0
        for (const gap of gaps) {
          now += gap
          const expected = bucket.availableAt(now) <= now
          expect(bucket.tryTake(now)).toBe(expected)
          if (expected) left.push(now)
        }
        left.forEach((from, first) => {
          for (let last = first; last < left.length; last++) {
            const seconds = ((left[last] ?? 0) - from) / 1000
            expect(last - first + 1).toBeLessThanOrEqual(rate.burst + seconds * rate.perSecond + 1e-6)
          }
        })
      }),
    )
  })

  it('has a token exactly when it said it would', () => {
    const bucket = createTokenBucket({ burst: 1, perSecond: 4 }, 0)
    expect(bucket.tryTake(0)).toBe(true)
    expect(bucket.availableAt(0)).toBe(250)
    expect(bucket.tryTake(249)).toBe(false)
    expect(bucket.tryTake(250)).toBe(true)
  })

  it('neither gains nor loses when the clock goes back', () => {
    const bucket = createTokenBucket({ burst: 2, perSecond: 1 }, 10_000)
    expect(bucket.tryTake(10_000)).toBe(true)
    expect(bucket.tryTake(0)).toBe(true)
    expect(bucket.tryTake(0)).toBe(false)
    expect(bucket.availableAt(0)).toBe(1000)
  })

  it('says when as many as are asked for will be there: at once, where they are', () => {
    const bucket = createTokenBucket({ burst: 5, perSecond: 2 }, 0)
    expect([1, 5].map((count) => bucket.availableAt(100, count))).toEqual([100, 100])
    expect(bucket.availableAt(100, 6)).toBe(600)
    for (let taken = 0; taken < 5; taken++) expect(bucket.tryTake(100)).toBe(true)
    expect([1, 2, 5].map((count) => bucket.availableAt(100, count))).toEqual([600, 1100, 2600])
    expect(bucket.availableAt(350)).toBe(600)
  })

  it('never holds more than its burst, and none once it is drained', () => {
    const bucket = createTokenBucket({ burst: 2, perSecond: 10 }, 0)
    const takenAt = (at: number) => [1, 2, 3].map(() => bucket.tryTake(at))
    expect(takenAt(60_000)).toEqual([true, true, false])
    bucket.drain(120_000)
    expect(takenAt(120_000)).toEqual([false, false, false])
    expect(bucket.availableAt(120_000)).toBe(120_100)
    expect(takenAt(120_100)).toEqual([true, false, false])
  })
})
