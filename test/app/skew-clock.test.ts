import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSkewClock } from '../../src/app/skew-clock.ts'
import { plusMs } from '../../src/domain/time/elapsed.ts'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { NOON } from '../domain/build.ts'
import { createManualClock } from './manual-clock.ts'

/** A host whose clock is ahead of AWS's by `aheadMs`, and AWS, whose answers have dates of whole seconds. */
const between = (aheadMs: number) => {
  const host = createManualClock(NOON + aheadMs)
  const reports: Array<{ readonly skewMs: number; readonly warned: boolean; readonly apart: boolean }> = []
  const clock = createSkewClock(host, (skew) => reports.push(skew))
  const aws = () => NOON + host.elapsed().monotonicMs
  return {
    host,
    clock,
    reports,
    aws,
    errorMs: () => clock.now() - aws(),
    /** An answer of AWS that was on its way for `delayMs`. Its date may be wrong. */
    answer(wrongByMs = 0, delayMs = 0) {
      const endedAt = host.elapsed()
      const date = Math.floor((aws() - delayMs / 2 + wrongByMs) / SECOND) * SECOND
      clock.hear({ startedAt: plusMs(endedAt, -delayMs), endedAt, date })
    },
  }
}

describe('a start', () => {
  it.each([0, 900, -900])('is confirmed by the first answer if the host is %i ms ahead', (ahead) => {
    const { clock, answer, errorMs } = between(ahead)
    expect(clock.trust()).toBe('unconfirmed')
    answer()
    expect(clock.trust()).toBe('confirmed')
    expect(errorMs()).toBe(ahead)
  })

  it.each([177 * SECOND, -177 * SECOND, 4 * SECOND])(
    'on a host that is %i ms ahead decides nothing until three answers agree, and is right then',
    async (ahead) => {
      const { clock, host, answer, errorMs } = between(ahead)
      for (let answers = 0; answers < 2; answers++) {
        answer()
        expect(clock.trust()).toBe('unconfirmed')
        await host.advance(300)
      }
      answer()
      expect(clock.trust()).toBe('confirmed')
      expect(Math.abs(errorMs())).toBeLessThanOrEqual(2 * SECOND)
    },
  )

  it('is not confirmed by answers that contradict each other', () => {
    const { clock, answer } = between(MINUTE)
    for (const wrong of [0, 10, 20, 30, 40, 50, 0, 10]) {
      answer(wrong * SECOND)
      expect(clock.trust()).toBe('unconfirmed')
    }
  })
})

describe('a confirmed clock', () => {
  it.each([4 * MINUTE, -4 * MINUTE, 138 * SECOND, HOUR])('is not moved by one answer that is %i ms wrong', (wrong) => {
    for (const before of [1, 2, 5]) {
      const { clock, answer, errorMs } = between(0)
      for (let answers = 0; answers < before; answers++) answer()
      answer(wrong)
      expect([errorMs(), clock.trust()]).toEqual([0, 'confirmed'])
      answer()
      answer(wrong)
      expect([errorMs(), clock.trust()]).toEqual([0, 'confirmed'])
    }
  })

  it('is not moved by a slow answer', () => {
    const { answer, errorMs } = between(0)
    for (let answers = 0; answers < 4; answers++) answer()
    answer(0, 20 * SECOND)
    expect(errorMs()).toBe(0)
  })

  it('is not moved by a host that is set back', async () => {
    const { clock, host, answer, errorMs } = between(0)
    answer()
    host.jump(-4 * MINUTE)
    expect([errorMs(), clock.trust()]).toEqual([0, 'confirmed'])
    await host.advance(30 * SECOND)
    answer()
    expect([errorMs(), clock.trust()]).toEqual([0, 'confirmed'])
  })

  it('is not moved by a host that jumps ahead between two polls, and waits for an answer', async () => {
    const { clock, host, answer, errorMs } = between(0)
    for (let answers = 0; answers < 5; answers++) answer()
    host.jump(152 * SECOND)
    expect([errorMs(), clock.trust()]).toEqual([0, 'unconfirmed'])
    await host.advance(10 * SECOND)
    expect([errorMs(), clock.trust()]).toEqual([0, 'unconfirmed'])
    answer()
    expect([errorMs(), clock.trust()]).toEqual([0, 'confirmed'])
  })

  it('goes on from the host’s time after the machine slept, once an answer agrees', () => {
    const { clock, host, answer, errorMs } = between(0)
    for (let answers = 0; answers < 5; answers++) answer()
    // Elapsed time stood still, so that AWS is an hour ahead of it now.
    host.jump(HOUR)
    const began = host.elapsed()
    answer(HOUR)
    expect([errorMs(), clock.trust()]).toEqual([HOUR, 'confirmed'])
    expect(began).toEqual(host.elapsed())
  })

  it('does not believe an answer that was on its way while the machine slept', async () => {
    const { clock, host, answer } = between(0)
    answer()
    await host.advance(SECOND)
    host.jump(HOUR)
    clock.now()
    await host.advance(200)
    answer(0, 500)
    expect(clock.trust()).toBe('unconfirmed')
  })

  it('follows a majority, and never goes back at once', async () => {
    const { clock, host, answer, errorMs } = between(0)
    for (let answers = 0; answers < 5; answers++) answer()
    for (let answers = 0; answers < 3; answers++) answer(-MINUTE)
    let before = clock.now()
    expect([errorMs(), clock.trust()]).toEqual([0, 'wrong'])
    for (let seconds = 0; seconds < 120; seconds++) {
      await host.advance(SECOND)
      expect(clock.now()).toBeGreaterThan(before)
      before = clock.now()
    }
    expect(clock.trust()).toBe('confirmed')
    expect(Math.abs(errorMs() + MINUTE)).toBeLessThanOrEqual(2 * SECOND)
  })

  it('is wrong while the clocks differ by more than five minutes, and says so', () => {
    const { clock, host, answer, reports } = between(6 * MINUTE)
    for (let answers = 0; answers < 3; answers++) answer()
    expect([clock.trust(), reports.at(-1)?.apart]).toEqual(['wrong', true])
    host.jump(-6 * MINUTE)
    answer()
    expect([clock.trust(), reports.at(-1)?.apart]).toEqual(['confirmed', false])
    host.jump(-HOUR)
    expect(clock.trust()).toBe('wrong')
  })

  it('reports a difference of more than five seconds', () => {
    const { answer, reports } = between(30 * SECOND)
    for (let answers = 0; answers < 3; answers++) answer()
    expect(reports).toMatchObject([{ warned: true, apart: false }])
  })
})

type Step =
  | { readonly what: 'passes' | 'jumps' | 'lies'; readonly ms: number }
  | { readonly what: 'answers'; readonly delayMs: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ what: fc.constant('passes' as const), ms: fc.integer({ min: 1, max: 30_000 }) }),
  fc.record({ what: fc.constant('jumps' as const), ms: fc.integer({ min: -400_000, max: 400_000 }) }),
  fc.record({ what: fc.constant('lies' as const), ms: fc.integer({ min: -400_000, max: 400_000 }) }),
  fc.record({ what: fc.constant('answers' as const), delayMs: fc.integer({ min: 0, max: 3000 }) }),
)

describe('whatever the host’s clock does, and whatever every second answer says', () => {
  it('a confirmed clock is at most five seconds wrong, and never goes back', async () => {
    const ahead = fc.integer({ min: -400_000, max: 400_000 })
    await fc.assert(
      fc.asyncProperty(ahead, fc.array(step, { maxLength: 60 }), async (aheadMs, steps) => {
        const { clock, host, answer, errorMs } = between(aheadMs)
        let before = -Infinity
        let mayLie = false
        for (const one of steps) {
          if (one.what === 'passes') await host.advance(one.ms)
          if (one.what === 'jumps') host.jump(one.ms)
          // Two honest answers come between two wrong ones.
          if (one.what === 'lies' && mayLie) answer(one.ms)
          if (one.what === 'lies') mayLie = false
          if (one.what === 'answers') {
            answer(0, one.delayMs)
            answer(0, one.delayMs)
            mayLie = true
          }
          if (clock.trust() !== 'confirmed') continue
          expect(Math.abs(errorMs())).toBeLessThanOrEqual(5 * SECOND)
          expect(clock.now()).toBeGreaterThanOrEqual(before)
          before = clock.now()
        }
      }),
    )
  })
})
