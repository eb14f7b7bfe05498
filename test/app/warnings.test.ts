import { describe, expect, it } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, NOON, policy } from '../domain/build.ts'
import { assignment, startWorld } from './world.ts'

const daily = policy('max-session-age', { maxAge: '8h' }, { warn: [15 * MINUTE, 5 * MINUTE] })
/** A connection that becomes due twenty minutes after noon. */
const ending = () => connection({ establishedAt: NOON + 20 * MINUTE - 8 * HOUR })

describe('a warning', () => {
  it('is emitted once at each lead, also between polls', async () => {
    await using world = startWorld({ assignment: assignment([daily]), connections: [ending(), connection()] })
    await world.clock.advance(19 * MINUTE)
    expect(world.of('warning').map(({ at, leadMs, endsAt }) => [at - NOON, leadMs, endsAt - NOON])).toEqual([
      [5 * MINUTE, 15 * MINUTE, 20 * MINUTE],
      [15 * MINUTE, 5 * MINUTE, 20 * MINUTE],
    ])
    expect(world.of('warning').map(({ violation }) => [violation.policy, violation.reason])).toEqual([
      ['max-session-age', 'session-age'],
      ['max-session-age', 'session-age'],
    ])
  })

  it('is not repeated by a restart', async () => {
    const one = ending()
    await using before = startWorld({ assignment: assignment([daily]), connections: [one] })
    await before.clock.advance(6 * MINUTE)
    expect(before.of('warning')).toHaveLength(1)
    before.stop.abort()
    await before.clock.advance(10 * SECOND)
    await using after = startWorld({ assignment: assignment([daily]), connections: [one], state: before.saved() })
    await after.clock.advance(16 * MINUTE)
    expect(after.of('warning').map(({ leadMs }) => leadMs)).toEqual([5 * MINUTE])
  })

  it('is not emitted while the endpoint is blind', async () => {
    await using world = startWorld({ assignment: assignment([daily]), connections: [ending()] })
    await world.clock.advance(SECOND)
    world.aws.behaviour.failSnapshot = () => 'unreachable'
    await world.clock.advance(6 * MINUTE)
    expect(world.of('warning').map(({ leadMs }) => leadMs)).toEqual([15 * MINUTE])
    await world.clock.advance(12 * MINUTE)
    expect(world.of('warning').map(({ leadMs }) => leadMs)).toEqual([15 * MINUTE])
  })
})
