import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTokenBucket } from '../../src/domain/terminate/token-bucket.ts'
import { elapsedAt, isBefore } from '../../src/domain/time/elapsed.ts'

const rates = fc.record({ burst: fc.integer({ min: 1, max: 50 }), perSecond: fc.integer({ min: 1, max: 20 }) })

describe('a token bucket', () => {
  it('gives in no period more tokens than burst and refill allow, and gives a token whenever it has one', () => {
    fc.assert(
      fc.property(rates, fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 120 }), (rate, gaps) => {
        const bucket = createTokenBucket(rate, elapsedAt(0))
        const takenAtMs: number[] = []
        let nowMs = 0
        for (const gap of gaps) {
          nowMs += gap
          const now = elapsedAt(nowMs)
          const expected = !isBefore(now, bucket.availableAt(now))
          expect(bucket.tryTake(now)).toBe(expected)
          if (expected) takenAtMs.push(nowMs)
        }
        takenAtMs.forEach((from, first) => {
          for (let last = first; last < takenAtMs.length; last++) {
            const seconds = ((takenAtMs[last] ?? 0) - from) / 1000
            expect(last - first + 1).toBeLessThanOrEqual(rate.burst + seconds * rate.perSecond + 1e-6)
          }
        })
      }),
    )
  })

  it('has a token exactly when availableAt announces one', () => {
    const bucket = createTokenBucket({ burst: 1, perSecond: 4 }, elapsedAt(0))
    expect(bucket.tryTake(elapsedAt(0))).toBe(true)
    expect(bucket.availableAt(elapsedAt(0))).toEqual(elapsedAt(250))
    expect(bucket.tryTake(elapsedAt(249))).toBe(false)
    expect(bucket.tryTake(elapsedAt(250))).toBe(true)
  })

  it('neither gains nor loses tokens when it is asked about an earlier reading', () => {
    const bucket = createTokenBucket({ burst: 2, perSecond: 1 }, elapsedAt(10_000))
    expect(bucket.tryTake(elapsedAt(10_000))).toBe(true)
    expect(bucket.tryTake(elapsedAt(0))).toBe(true)
    expect(bucket.tryTake(elapsedAt(0))).toBe(false)
    expect(bucket.availableAt(elapsedAt(0))).toEqual(elapsedAt(1000))
  })

  it('announces when it will hold a number of tokens: now, if it holds them already', () => {
    const bucket = createTokenBucket({ burst: 5, perSecond: 2 }, elapsedAt(0))
    const availableAtMs = (nowMs: number, count: number) => bucket.availableAt(elapsedAt(nowMs), count).monotonicMs
    expect([1, 5].map((count) => availableAtMs(100, count))).toEqual([100, 100])
    expect(availableAtMs(100, 6)).toBe(600)
    for (let taken = 0; taken < 5; taken++) expect(bucket.tryTake(elapsedAt(100))).toBe(true)
    expect([1, 2, 5].map((count) => availableAtMs(100, count))).toEqual([600, 1100, 2600])
    expect(bucket.availableAt(elapsedAt(350))).toEqual(elapsedAt(600))
  })

  it('never holds more than its burst, and holds nothing after drain', () => {
    const bucket = createTokenBucket({ burst: 2, perSecond: 10 }, elapsedAt(0))
    const takenAt = (nowMs: number) => [1, 2, 3].map(() => bucket.tryTake(elapsedAt(nowMs)))
    expect(takenAt(60_000)).toEqual([true, true, false])
    bucket.drain(elapsedAt(120_000))
    expect(takenAt(120_000)).toEqual([false, false, false])
    expect(bucket.availableAt(elapsedAt(120_000))).toEqual(elapsedAt(120_100))
    expect(takenAt(120_100)).toEqual([true, false, false])
  })
})
