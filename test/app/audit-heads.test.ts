import { expect, it } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, NOON, policy } from '../domain/build.ts'
import { assignment, startWorld } from './world.ts'

it('the head of the trail is told each hour, with the last durable line', async () => {
  await using world = startWorld({
    assignment: assignment([policy('banned-users', { users: ['alice'] })]),
    connections: [connection()],
    scheduleOf: () => ({ next: (now) => now + MINUTE }),
  })
  await world.clock.advance(HOUR - MINUTE)
  expect(world.of('audit-head')).toEqual([])
  await world.clock.advance(2 * HOUR)
  const told = world.of('audit-head')
  expect(told.map(({ occasion }) => occasion)).toEqual(['hour', 'hour'])
  expect(told[0]?.at).toBeGreaterThanOrEqual(NOON + HOUR)
  expect(told[0]?.at).toBeLessThan(NOON + HOUR + 2 * SECOND)
  expect(told[0]?.seq).toBe(world.audit.records.length)
  expect(told[0]?.seq).toBeGreaterThan(0)
})

it('an hour is elapsed time: a clock that is set does not bring a head, and does not delay it', async () => {
  await using world = startWorld({ assignment: assignment([]), connections: [] })
  await world.clock.advance(MINUTE)
  world.clock.jump(3 * HOUR)
  await world.clock.advance(MINUTE)
  expect(world.of('audit-head')).toEqual([])
  world.clock.jump(-6 * HOUR)
  await world.clock.advance(HOUR)
  expect(world.of('audit-head')).toHaveLength(1)
})
