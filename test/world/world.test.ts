import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scenario } from './scenario.ts'
import { live } from './world.ts'

describe('a company in which everything goes wrong', () => {
  it('keeps every promise, whatever happens', async () => {
    let [cycles, ended, kills] = [0, 0, 0]
    await fc.assert(
      fc.asyncProperty(scenario, async (one) => {
        const life = await live(one)
        cycles += life.cycles
        ended += life.ended
        kills += life.kills
        if (life.broken !== undefined) throw life.broken
      }),
      { numRuns: 20, interruptAfterTimeLimit: 120_000, markInterruptAsFailure: true },
    )
    // Otherwise it would hold of a daemon that does nothing.
    expect([cycles > 10_000, ended > 500, kills > 10]).toEqual([true, true, true])
  }, 150_000)

  it('has the same log, byte for byte, whenever it is lived', async () => {
    for (const one of fc.sample(scenario, { numRuns: 2 })) {
      const [first, second] = [await live(one, true), await live(one, true)]
      expect(first.log.length).toBeGreaterThan(100)
      expect(second.log.join('\n')).toBe(first.log.join('\n'))
    }
  })
})
