import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTokenBucket } from '../../src/domain/token-bucket.ts'

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
})
