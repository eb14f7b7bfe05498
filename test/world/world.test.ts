import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IS_NIGHTLY } from '../nightly.ts'
import { names } from './oracle.ts'
import { BADGES, badgeOf, EVERY_USER, PATTERNS, PROTECTED, scenario, USERS, userOf } from './scenario.ts'
import { live } from './world.ts'

const WORLDS = IS_NIGHTLY ? 60 : 4

describe('a simulated account with faults of all sorts', () => {
  it('keeps every promise', async () => {
    let [cycles, ended, kills] = [0, 0, 0]
    await fc.assert(
      fc.asyncProperty(scenario, async (one) => {
        const life = await live(one)
        cycles += life.cycles
        ended += life.ended
        kills += life.kills
        if (life.broken !== undefined) throw life.broken
      }),
      { numRuns: WORLDS },
    )
    // Otherwise the test would also pass for a daemon that does nothing.
    expect([cycles > 500 * WORLDS, ended > 25 * WORLDS, kills > WORLDS / 2]).toEqual([true, true, true])
  })

  it('has a user or a badge for every pattern, so that no promise holds for want of a match', () => {
    const users = Array.from({ length: USERS }, (_, user) => ({ username: userOf(user), commonName: userOf(user) }))
    const badges = Array.from({ length: BADGES }, (_, at) => ({ username: undefined, commonName: badgeOf(at + 1) }))
    const named = (pattern: string) => [...users, ...badges].filter((one) => names(pattern, one, 'either'))
    expect([...PATTERNS, ...PROTECTED].filter((pattern) => named(pattern).length === 0)).toEqual([])
    expect(named(EVERY_USER)).toHaveLength(USERS)
  })

  it('has the same log, byte for byte, in every run of a scenario', async () => {
    for (const one of fc.sample(scenario, { numRuns: IS_NIGHTLY ? 2 : 1 })) {
      const [first, second] = [await live(one, true), await live(one, true)]
      expect(first.log.length).toBeGreaterThan(100)
      expect(second.log.join('\n')).toBe(first.log.join('\n'))
    }
  })
})
