import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IS_NIGHTLY } from '../nightly.ts'
import { fleetScenario } from './fleet-scenario.ts'
import { liveAsFleet } from './fleet-world.ts'

const WORLDS = IS_NIGHTLY ? 60 : 2

describe('replicas that share accounts, among faults of all sorts', () => {
  it('keep every promise, and have the same log, byte for byte, in every run of a scenario', async () => {
    let [cycles, ended, kills] = [0, 0, 0]
    const logs: string[] = []
    const worlds = fc.sample(fleetScenario, { numRuns: WORLDS })
    for (const one of [...worlds, ...worlds.slice(0, 1)]) {
      const life = await liveAsFleet(one, one === worlds[0])
      if (life.broken !== undefined) throw life.broken
      cycles += life.cycles
      ended += life.ended
      kills += life.kills
      logs.push(life.log.join('\n'))
    }
    // Otherwise the test would also pass for replicas that do nothing.
    expect([cycles > 300 * WORLDS, ended > 5 * WORLDS, kills > WORLDS / 2]).toEqual([true, true, true])
    expect(logs[0]?.length).toBeGreaterThan(10_000)
    expect(logs.at(-1)).toBe(logs[0])
  })
})
