import { describe, expect, it } from 'vitest'
import { EMPTY_STATE, type State } from '../../src/app/state.ts'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, NOON, policy } from '../domain/build.ts'
import { assignment, startWorld } from './world.ts'

type World = ReturnType<typeof startWorld>

const connectionsOf = (count: number, ageMs: number) =>
  Array.from({ length: count }, (_, index) =>
    connection({ username: `person-${index}`, establishedAt: NOON - ageMs + index * SECOND }),
  )

const gentle = policy('max-session-age', { maxAge: '10h' }, { name: 'daily', hash: 'a' })
const strict = policy('max-session-age', { maxAge: '1h' }, { name: 'daily', hash: 'b' })
const held = (world: World) => world.daemon.status()[0]?.plan?.held.length

/** Makes the host's clock wrong for a minute, then right again. */
const wrongForAMinute = async (world: World, byMs: number) => {
  world.clock.jump(byMs)
  await world.clock.advance(MINUTE)
  expect(world.of('blind')).toHaveLength(1)
  world.clock.jump(-byMs)
  await world.clock.advance(2 * MINUTE)
}

describe('a host that is an hour behind for a minute', () => {
  /** At one o'clock a new policy makes them due since twenty past twelve. The guard must check this. */
  const overdue = connectionsOf(40, 40 * MINUTE)
  const startedAtNoon = async () => {
    const world = startWorld({
      assignment: assignment([gentle]),
      connections: overdue,
      hostAheadMs: 0,
      scheduleOf: () => ({ next: (now) => now + MINUTE }),
    })
    await world.clock.advance(HOUR)
    await world.daemon.reload(assignment([strict]))
    await world.clock.advance(5 * MINUTE)
    expect(held(world)).toBe(40)
    return world
  }
  const expectAllHeld = (world: World) => {
    expect(world.aws.calls).toEqual([])
    expect(held(world)).toBe(40)
  }
  const startedLater = (hostAheadMs: number, state: State) =>
    startWorld({
      assignment: assignment([strict]),
      connections: overdue,
      startAt: NOON + 70 * MINUTE,
      hostAheadMs,
      state,
    })

  it('releases no hold', async () => {
    await using world = await startedAtNoon()
    await wrongForAMinute(world, -HOUR)
    expectAllHeld(world)
  })

  it('releases no hold when the daemon starts', async () => {
    const first = await startedAtNoon()
    await first[Symbol.asyncDispose]()
    await using world = startedLater(-HOUR, first.saved())
    await world.clock.advance(MINUTE)
    world.clock.jump(HOUR)
    await world.clock.advance(2 * MINUTE)
    expectAllHeld(world)
  })

  it('has all verdicts checked by the guard at the first start', async () => {
    await using world = startedLater(-HOUR, EMPTY_STATE)
    await world.clock.advance(MINUTE)
    world.clock.jump(HOUR)
    await world.clock.advance(2 * MINUTE)
    expectAllHeld(world)
  })

  it('has all verdicts checked by the guard even after a stop before the clock was right', async () => {
    const first = startedLater(-HOUR, EMPTY_STATE)
    await first.clock.advance(MINUTE)
    await first[Symbol.asyncDispose]()
    await using world = startedLater(0, first.saved())
    await world.clock.advance(2 * MINUTE)
    expectAllHeld(world)
  })

  it.each([90, 120])('shortens no grace with %i connections', async (count) => {
    const graceful = { ...strict, graceMs: 10 * MINUTE }
    const old = connectionsOf(40, 4 * HOUR)
    const connections = [...old, ...connectionsOf(count - old.length, 10 * MINUTE)]
    await using world = startWorld({ assignment: assignment([gentle]), connections, hostAheadMs: 0 })
    await world.clock.advance(MINUTE)
    await world.daemon.reload(assignment([graceful]))
    await world.clock.advance(5 * MINUTE)
    await wrongForAMinute(world, -HOUR)
    expect(world.aws.calls).toEqual([])
    await world.clock.advance(4 * MINUTE)
    expect(world.aws.calls.length).toBeGreaterThan(0)
  })
})

describe('a host that is ahead', () => {
  const ages = policy('max-session-age', { maxAge: '10h' }, { name: 'daily', guard: 'off' })
  /** It is due after ten minutes. */
  const [young] = connectionsOf(1, 10 * HOUR - 10 * MINUTE)
  const connections = young === undefined ? [] : [young]
  const expectOnTime = async (world: World) => {
    await world.clock.advance(10 * MINUTE - 5 * SECOND - world.clock.elapsed().monotonicMs)
    expect(world.aws.calls).toEqual([])
    await world.clock.advance(30 * SECOND)
    expect(world.aws.calls).toHaveLength(1)
  }

  it.each([177 * SECOND, -177 * SECOND])('by %i ms at the start ends no connection early or late', async (ahead) => {
    await using world = startWorld({ assignment: assignment([ages]), connections, hostAheadMs: ahead })
    await world.clock.advance(7 * MINUTE)
    await expectOnTime(world)
  })

  it.each([152 * SECOND, -152 * SECOND])('by %i ms from a jump on ends no connection early or late', async (jump) => {
    await using world = startWorld({ assignment: assignment([ages]), connections, hostAheadMs: 0 })
    await world.clock.advance(9 * MINUTE + 22 * SECOND)
    world.clock.jump(jump)
    await expectOnTime(world)
  })

  it.each([4 * MINUTE, 20 * SECOND, 0, -20 * SECOND, -4 * MINUTE])(
    'by %i ms is polled on schedule, no more and no less',
    async (ahead) => {
      await using world = startWorld({ assignment: assignment([ages]), connections, hostAheadMs: ahead })
      await world.clock.advance(MINUTE)
      const before = world.aws.snapshots()
      await world.clock.advance(4 * MINUTE)
      expect(world.aws.snapshots() - before).toBe(16)
    },
  )

  it('is read again at once after the jump, whatever the schedule is', async () => {
    await using world = startWorld({
      assignment: assignment([ages]),
      connections,
      hostAheadMs: 0,
      scheduleOf: () => ({ next: (now) => now + HOUR }),
    })
    await world.clock.advance(MINUTE)
    const before = world.aws.snapshots()
    world.clock.jump(20 * SECOND)
    await world.clock.advance(6 * SECOND)
    expect(world.aws.snapshots()).toBe(before + 1)
    expect(world.daemon.status()[0]?.view.state).toBe('fresh')
  })

  it('runs one cycle by AWS’s time', async () => {
    const overdue = connectionsOf(1, 10 * HOUR + MINUTE)
    const world = startWorld({
      assignment: assignment([ages]),
      connections: [...connections, ...overdue],
      hostAheadMs: -177 * SECOND,
      start: false,
    })
    const done = world.daemon.once(10 * MINUTE, world.stop.signal)
    await world.clock.advance(10 * MINUTE)
    expect(await done).toBe('done')
    expect(world.endedIds()).toEqual(overdue.map(({ id }) => id))
    expect(world.of('blind')).toEqual([])
  })
})

describe('a host whose clock jumps', () => {
  it('ahead by half a minute does not allow a second burst', async () => {
    const brisk = { ...strict, guard: 'off' as const }
    const slow = { ...assignment([brisk]), terminationRate: { burst: 5, perSecond: 1 } }
    await using world = startWorld({ assignment: slow, connections: connectionsOf(40, 90 * MINUTE), hostAheadMs: 0 })
    await world.clock.advance(SECOND)
    world.clock.jump(30 * SECOND)
    await world.clock.advance(4 * SECOND)
    expect(world.aws.calls.length).toBeGreaterThanOrEqual(9)
    expect(world.aws.calls.length).toBeLessThanOrEqual(11)
  })
})
