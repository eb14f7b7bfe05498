import { describe, expect, it } from 'vitest'
import { createLease } from '../../../src/adapters/postgres/lease.ts'
import { elapsedAt } from '../../../src/domain/time/elapsed.ts'

const movable = () => {
  let [at, monotonicMs] = [1_000_000, 0]
  return {
    now: () => at,
    elapsed: () => elapsedAt(monotonicMs),
    pass(ms: number, ofWall = ms) {
      monotonicMs += ms
      at += ofWall
    },
  }
}

describe('the lease of a session', () => {
  it('lasts half a second less than the server waits', () => {
    const clock = movable()
    const lease = createLease(clock, 6000)
    clock.pass(5499)
    expect(lease.holds()).toBe(true)
    clock.pass(1)
    expect(lease.holds()).toBe(false)
  })

  it('counts from the moment at which an answered statement was sent, not from its answer', () => {
    const clock = movable()
    const lease = createLease(clock, 6000)
    clock.pass(5000)
    const sent = lease.moment()
    clock.pass(3000)
    expect(lease.holds()).toBe(false)
    lease.answered(sent)
    expect(lease.holds()).toBe(true)
    clock.pass(2500)
    expect(lease.holds()).toBe(false)
  })

  it('is not shortened by the answer to an earlier statement', () => {
    const clock = movable()
    const lease = createLease(clock, 6000)
    const early = lease.moment()
    clock.pass(1000)
    lease.answered(lease.moment())
    lease.answered(early)
    clock.pass(5499)
    expect(lease.holds()).toBe(true)
  })

  it('has passed after a suspension, in which the monotonic clock stood still', () => {
    const clock = movable()
    const lease = createLease(clock, 6000)
    clock.pass(0, 6000)
    expect(lease.holds()).toBe(false)
  })

  it('is not prolonged by a clock that is set back', () => {
    const clock = movable()
    const lease = createLease(clock, 6000)
    clock.pass(5500, -60_000)
    expect(lease.holds()).toBe(false)
  })
})
