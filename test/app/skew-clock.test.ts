import { describe, expect, it } from 'vitest'
import { createSkewClock } from '../../src/app/skew-clock.ts'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { NOON } from '../domain/build.ts'
import { createManualClock } from './manual-clock.ts'

/** A host, and AWS whose clock is ahead of it by `aheadMs`. */
const between = (aheadMs: number) => {
  const host = createManualClock(NOON)
  const reports: Array<{ readonly skewMs: number; readonly warned: boolean; readonly apart: boolean }> = []
  const clock = createSkewClock(host, (skew) => reports.push(skew))
  let ahead = aheadMs
  return {
    host,
    clock,
    reports,
    setAhead: (ms: number) => {
      ahead = ms
    },
    /** An answer of AWS. Its `Date` header has whole seconds. */
    answer(delayMs = 0) {
      const at = clock.now()
      const date = Math.floor((host.now() + ahead) / SECOND) * SECOND
      clock.hear({ startedAt: at - delayMs, endedAt: at, date })
    },
  }
}

describe('the corrected clock', () => {
  it('equals the host’s while the clocks differ by less than two seconds', () => {
    const { clock, host, answer } = between(1400)
    for (let times = 0; times < 9; times++) answer()
    expect(clock.now()).toBe(host.now())
    expect(clock.trusted()).toBe(true)
  })

  it.each([30 * SECOND, -30 * SECOND])('follows AWS when the clocks differ by %i ms', async (ahead) => {
    const { clock, host, answer, reports } = between(ahead)
    for (let times = 0; times < 9; times++) {
      answer()
      await host.advance(10 * SECOND)
    }
    expect(Math.abs(clock.now() - (host.now() + ahead))).toBeLessThanOrEqual(500)
    expect(reports.at(-1)).toMatchObject({ warned: true, apart: false })
  })

  it('is not changed by one slow answer', () => {
    const { clock, host, answer } = between(0)
    for (let times = 0; times < 4; times++) answer()
    answer(20 * SECOND)
    expect(clock.now()).toBe(host.now())
  })

  it('never goes back because of a correction', async () => {
    const world = between(60 * SECOND)
    for (let times = 0; times < 5; times++) world.answer()
    let before = world.clock.now()
    world.setAhead(0)
    for (let times = 0; times < 12; times++) {
      world.answer()
      expect(world.clock.now()).toBeGreaterThanOrEqual(before)
      before = world.clock.now()
      await world.host.advance(10 * SECOND)
    }
    expect(world.clock.now()).toBe(world.host.now())
  })

  it('is not trusted while the clocks differ by more than five minutes, and is trusted again when they agree', () => {
    const world = between(6 * MINUTE)
    for (let times = 0; times < 5; times++) world.answer()
    expect(world.clock.trusted()).toBe(false)
    expect(world.reports.at(-1)?.apart).toBe(true)
    world.setAhead(0)
    for (let times = 0; times < 5; times++) world.answer()
    expect(world.clock.trusted()).toBe(true)
  })

  it('is not trusted from the first answer after the host jumped ahead', async () => {
    const world = between(0)
    for (let times = 0; times < 5; times++) world.answer()
    world.host.jump(HOUR)
    world.setAhead(-HOUR)
    world.answer()
    expect(world.clock.trusted()).toBe(false)
  })

  it('continues when the host is set back by some minutes, and finds the right time again', async () => {
    const world = between(0)
    for (let times = 0; times < 5; times++) world.answer()
    const before = world.clock.now()
    world.host.jump(-4 * MINUTE)
    world.clock.now()
    world.setAhead(4 * MINUTE)
    await world.host.advance(30 * SECOND)
    expect(world.clock.now() - before).toBeGreaterThanOrEqual(15 * SECOND)
    for (let times = 0; times < 5; times++) world.answer()
    expect(Math.abs(world.clock.now() - (before + 30 * SECOND))).toBeLessThanOrEqual(SECOND)
  })

  it('goes back with a host that was set back by an hour', () => {
    const { clock, host } = between(0)
    const before = clock.now()
    host.jump(-HOUR)
    expect(clock.now()).toBe(before - HOUR)
  })
})
