import { describe, expect, it } from 'vitest'
import type { Assignment } from '../../src/app/daemon.ts'
import { VpnError } from '../../src/app/vpn.ts'
import type { Connection } from '../../src/domain/connection.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, NOON, policy } from '../domain/build.ts'
import { assignment, SITE, startWorld } from './world.ts'

const LAB = 'cvpn-endpoint-0123456789abcdef1'

const limit = (most: number, more: Record<string, unknown> = {}) =>
  policy('max-sessions', { limit: most, across: 'all', ...more })

const watching = (policies: readonly Policy[], discover?: 'all'): Assignment => ({
  ...assignment(policies),
  watch: [
    {
      site: SITE,
      endpoints: [
        { id: ENDPOINT, name: 'office' },
        { id: LAB, name: 'lab' },
      ],
      discover,
    },
  ],
})

const on = (endpointId: string, id: string, minutesAgo: number) =>
  connection({ endpointId, id, establishedAt: NOON - minutesAgo * MINUTE })

const THREE = [on(ENDPOINT, 'a', 30), on(LAB, 'b', 20), on(LAB, 'c', 10)]

const TICK = 15 * SECOND

/** A daemon that has read the office before the answers of the lab come. */
const startWithSlowLab = (options: {
  readonly assignment: Assignment
  readonly connections: readonly Connection[]
}) => {
  const world = startWorld({ ...options, start: false })
  const { snapshot } = world.aws.vpn
  world.aws.vpn.snapshot = async (endpointId, signal) => {
    if (endpointId === LAB) await world.clock.sleep(200, signal)
    return snapshot(endpointId, signal)
  }
  return world
}

describe('a limit of sessions over all endpoints', () => {
  it('ends the session that is surplus, on the endpoint that was read first as well', async () => {
    await using world = startWithSlowLab({ assignment: watching([limit(2)]), connections: THREE })
    void world.daemon.run(world.stop.signal)
    await world.clock.advance(2 * SECOND)
    expect(world.endedIds()).toEqual(['a'])
    world.aws.connect(connection({ endpointId: ENDPOINT, id: 'd', establishedAt: NOON + 3 * SECOND }))
    await world.clock.advance(TICK)
    expect(world.endedIds()).toEqual(['a', 'b'])
    await world.clock.advance(5 * MINUTE)
    expect(world.endedIds()).toEqual(['a', 'b'])
  })

  it('ends nobody while an endpoint is blind, and says what is lacking', async () => {
    await using world = startWorld({ assignment: watching([limit(2)]), connections: THREE, start: false })
    world.aws.behaviour.failSnapshot = (id) => (id === LAB ? 'unreachable' : undefined)
    void world.daemon.run(world.stop.signal)
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toEqual([])
    const [office] = world.daemon.status()
    expect([...(office?.decisions?.unknown.values() ?? [])]).toEqual([new Set(['a'])])
    world.aws.behaviour.failSnapshot = () => undefined
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toEqual(['a'])
  })

  it('sends no call that waits, from the moment at which another endpoint cannot be read', async () => {
    const surplus = [on(ENDPOINT, 'x', 50), on(ENDPOINT, 'y', 40), ...THREE]
    // The second call may leave half a second after the read at the first tick: before the office is judged anew.
    const slow = { ...watching([limit(3)]), terminationRate: { burst: 1, perSecond: 1 / 14.5 } }
    await using world = startWithSlowLab({ assignment: slow, connections: surplus })
    void world.daemon.run(world.stop.signal)
    await world.clock.advance(2 * SECOND)
    expect(world.endedIds()).toEqual(['x'])
    world.aws.behaviour.failSnapshot = (id) => (id === LAB ? 'unreachable' : undefined)
    await world.clock.advance(3 * MINUTE)
    expect(world.endedIds()).toEqual(['x'])
    world.aws.behaviour.failSnapshot = () => undefined
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toEqual(['x', 'y'])
  })

  it('ends nobody before AWS has listed the endpoints, or while it no longer does', async () => {
    await using world = startWorld({ assignment: watching([limit(2)], 'all'), connections: THREE, start: false })
    const { endpoints } = world.aws.vpn
    const fail = async () => {
      throw new VpnError('denied', 'not authorized')
    }
    world.aws.vpn.endpoints = fail
    void world.daemon.run(world.stop.signal)
    await world.clock.advance(30 * SECOND)
    expect(world.endedIds()).toEqual([])
    world.aws.vpn.endpoints = endpoints
    await world.clock.advance(90 * SECOND)
    expect(world.endedIds()).toEqual(['a'])
    world.aws.vpn.endpoints = fail
    await world.clock.advance(90 * SECOND)
    world.aws.connect(connection({ endpointId: ENDPOINT, id: 'd', establishedAt: world.clock.now() }))
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toEqual(['a'])
  })

  it('counts an endpoint that is discovered, once it has been read', async () => {
    const home = 'cvpn-endpoint-0123456789abcdef2'
    const rows = [...THREE.slice(1), on(home, 'h', 40)]
    await using world = startWorld({ assignment: watching([limit(2)], 'all'), connections: rows })
    await world.clock.advance(SECOND)
    expect(world.endedIds()).toEqual([])
    world.aws.behaviour.endpoints = [{ id: home, name: 'home', tags: new Map(), status: 'available' }]
    await world.clock.advance(2 * MINUTE)
    expect(world.endedIds()).toEqual(['h'])
  })

  it('follows an edit that makes the limit count over all endpoints', async () => {
    await using world = startWorld({ assignment: watching([limit(2, { across: 'endpoint' })]), connections: THREE })
    await world.clock.advance(SECOND)
    await world.daemon.reload(watching([limit(2)]))
    await world.clock.advance(2 * SECOND)
    expect(world.endedIds()).toEqual(['a'])
  })

  it('is kept by one cycle too, whichever endpoint is read last', async () => {
    await using world = startWithSlowLab({ assignment: watching([limit(2)]), connections: THREE })
    const once = world.daemon.once(MINUTE, world.stop.signal)
    await world.clock.advance(30 * SECOND)
    expect(await once).toBe('done')
    expect(world.endedIds()).toEqual(['a'])
  })

  it('judges an endpoint at most once more for each read, and never in turns without end', async () => {
    const judgements = async (policies: readonly Policy[]) => {
      await using world = startWorld({ assignment: watching(policies), connections: THREE })
      await world.clock.advance(10 * TICK + SECOND)
      return world.of('decided').length
    }
    const alone = await judgements([limit(3, { across: 'endpoint' })])
    expect(await judgements([limit(3)])).toBeLessThanOrEqual(2 * alone)
  })
})
