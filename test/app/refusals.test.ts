import { describe, expect, it } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, NOON, policy } from '../domain/build.ts'
import { assignment, SITE, startWorld } from './world.ts'

const OTHER = 'cvpn-endpoint-0123456789abcdef1'
const ban = policy('banned-users', { users: ['person-*', 'mallory'] }, { name: 'ban', guard: 'off' })
const people = (count: number) => Array.from({ length: count }, (_, nth) => connection({ username: `person-${nth}` }))
const mallory = connection({ username: 'mallory', endpointId: OTHER })

/** An account in which terminations on the first of two endpoints are denied until the test permits them. */
const start = (denied: number) => {
  const connections = people(denied)
  const watched = [ENDPOINT, OTHER].map((id) => ({ id, name: id }))
  const settings = { ...assignment([ban]), watch: [{ site: SITE, endpoints: watched, discover: undefined }] }
  const world = startWorld({ assignment: settings, connections, start: false })
  let isDenied = true
  const isFirst = (id: string) => connections.some((row) => row.id === id || row.username === id)
  world.aws.behaviour.failTerminate = (id) => (isDenied && isFirst(id) ? 'denied' : undefined)
  void world.daemon.run(world.stop.signal)
  return {
    ...world,
    permit: () => {
      isDenied = false
    },
    async stopNow() {
      world.stop.abort()
      await world.clock.advance(10 * SECOND)
    },
  }
}

describe('an endpoint whose calls are denied', () => {
  it('does not delay a ban on another one', async () => {
    const world = start(150)
    await world.clock.advance(30 * SECOND)
    world.aws.connect(mallory)
    await world.clock.advance(16 * SECOND)
    expect(world.endedIds()).toContain(mallory.id)
    expect(world.endedIds().filter((id) => id !== mallory.id).length).toBeLessThanOrEqual(16)
    await world.stopNow()
  })

  it('sends one call at a time, less and less often', async () => {
    const world = start(150)
    await world.clock.advance(MINUTE)
    const before = world.aws.calls.length
    await world.clock.advance(10 * MINUTE)
    const calls = world.aws.calls.slice(before)
    expect(calls.length).toBeGreaterThanOrEqual(19)
    expect(calls.length).toBeLessThanOrEqual(42)
    await world.stopNow()
  })

  it('sends each call for another connection', async () => {
    const world = start(150)
    await world.clock.advance(10 * MINUTE)
    expect(world.aws.calls.length).toBeGreaterThanOrEqual(19)
    expect(new Set(world.endedIds()).size).toBe(world.aws.calls.length)
    await world.stopNow()
  })

  it('sends all its calls at the full rate once one is accepted', async () => {
    const world = start(150)
    await world.clock.advance(5 * MINUTE)
    world.permit()
    await world.clock.advance(30 * SECOND + (150 / 4) * SECOND)
    const ended = new Set(
      world
        .of('termination')
        .flatMap(({ outcome, violation }) => (outcome === 'confirmed' ? [violation.connectionId] : [])),
    )
    await world.clock.advance(20 * SECOND)
    expect(world.daemon.status()[0]?.plan.terminate.length).toBeLessThanOrEqual(150 - ended.size)
    expect(new Set(world.of('accepted').map(({ violation }) => violation.connectionId)).size).toBeGreaterThanOrEqual(
      140,
    )
    await world.stopNow()
  })
})

describe('connections whose calls are refused with an unknown code', () => {
  it('do not delay the others', async () => {
    const daily = policy('max-session-age', { maxAge: '8h' }, { guard: 'off' })
    const connections = Array.from({ length: 120 }, (_, nth) =>
      connection({ username: `person-${nth}`, establishedAt: NOON - 9 * HOUR - (120 - nth) * SECOND }),
    )
    const refused = new Set(connections.slice(0, 12).flatMap(({ id, username }) => [id, username]))
    await using world = startWorld({ assignment: assignment([daily]), connections, start: false })
    world.aws.behaviour.failTerminate = (id) => (refused.has(id) ? 'bad-request' : undefined)
    void world.daemon.run(world.stop.signal)
    // 40 calls at once and 4 a second, with three attempts for each of the twelve.
    await world.clock.advance(((108 + 36 - 40) / 4 + 2) * SECOND)
    expect(new Set(world.of('accepted').map(({ violation }) => violation.connectionId)).size).toBe(108)
  })
})

describe('an outage', () => {
  it('delays an overdue ban by at most twenty seconds after AWS answers again', async () => {
    for (const random of [0, 0.5, 0.999]) {
      await using world = startWorld({ assignment: assignment([ban]), connections: [], random: () => random })
      await world.clock.advance(SECOND)
      world.aws.behaviour.failSnapshot = () => 'unreachable'
      await world.clock.advance(20 * MINUTE)
      world.aws.connect({ ...mallory, endpointId: ENDPOINT })
      world.aws.behaviour.failSnapshot = () => undefined
      await world.clock.advance(21 * SECOND)
      expect(world.endedIds()).toEqual([mallory.id])
    }
  })
})
