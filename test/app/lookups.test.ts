import { describe, expect, it } from 'vitest'
import { VpnError } from '../../src/app/vpn.ts'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, NOON, policy } from '../domain/build.ts'
import { assignment, startWorld } from './world.ts'

const tooOld = policy('max-session-age', { maxAge: '8h' }, { guard: 'off' })

/** So many people whose connections are due, and one whose connection is not. */
const people = (due: number) => [
  ...Array.from({ length: due }, (_, index) =>
    connection({ id: `old-${index}`, username: `old-${index}`, establishedAt: NOON - 9 * HOUR }),
  ),
  connection({ id: 'young', username: 'young' }),
]

/** A world that polls every twenty minutes, with a rate that lets all calls leave at once. */
const quiet = (due: number) =>
  startWorld({
    assignment: {
      ...assignment([tooOld]),
      schedule: '0 */20 * * * *',
      terminationRate: { burst: 1000, perSecond: 1000 },
    },
    connections: people(due),
  })

describe('terminations that wait for their proof', () => {
  it('are looked up together, by one request, and no list is read for them', async () => {
    await using world = quiet(150)
    await world.clock.advance(MINUTE)
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(Array(150).fill('confirmed'))
    expect([world.aws.snapshots(), world.aws.lookups()]).toEqual([1, 1])
    expect(world.of('looked-up')).toMatchObject([{ asked: 150, shown: 151 }])
  })

  it('are looked up 199 at a time, so that each request has a witness', async () => {
    await using world = quiet(450)
    await world.clock.advance(MINUTE)
    expect(world.of('looked-up').map(({ asked }) => asked)).toEqual([199, 199, 52])
    expect(world.of('termination')).toHaveLength(450)
    expect(world.aws.snapshots()).toBe(1)
  })

  it('are looked up again after the gap between polls, until they are proven', async () => {
    await using world = quiet(8)
    world.aws.behaviour.terminatingForMs = 14 * SECOND
    await world.clock.advance(MINUTE)
    // Two seconds after the answers, then every five seconds.
    expect(world.of('looked-up').map(({ at }) => at - NOON)).toEqual([2, 7, 12, 17].map((s) => s * SECOND))
    expect(new Set(world.of('termination').map(({ at }) => at - NOON))).toEqual(new Set([17 * SECOND]))
    expect(world.aws.snapshots()).toBe(1)
  })

  it('get no second call, although the last snapshot still shows the connections', async () => {
    await using world = quiet(3)
    await world.clock.advance(2 * MINUTE)
    world.daemon.status()
    await world.daemon.reload({ ...assignment([tooOld, policy('posture', { require: ['x'] }, { mode: 'audit' })]) })
    await world.clock.advance(5 * SECOND)
    expect(world.aws.calls).toHaveLength(3)
  })

  it('by user name are all looked up', async () => {
    const [leaver] = [policy('banned-users', { users: ['user:mallory'] }, { guard: 'off' })]
    await using world = startWorld({
      assignment: { ...assignment([leaver]), schedule: '0 0 * * * *' },
      connections: [
        ...['one', 'two', 'three'].map((id) => connection({ id, username: 'mallory' })),
        connection({ username: 'young' }),
      ],
    })
    await world.clock.advance(MINUTE)
    expect(world.aws.calls.map(({ id }) => id)).toEqual(['mallory'])
    expect(world.of('looked-up')).toMatchObject([{ asked: 3 }])
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(Array(3).fill('confirmed'))
  })

  it('that AWS no longer lists need two lookups', async () => {
    await using world = quiet(1)
    await world.clock.advance(SECOND)
    world.aws.leave('old-0')
    await world.clock.advance(MINUTE)
    expect(world.of('looked-up').map(({ at, shown }) => [at - NOON, shown])).toEqual([
      [2 * SECOND, 1],
      [7 * SECOND, 1],
    ])
    expect(world.of('termination')).toMatchObject([{ outcome: 'confirmed', at: NOON + 7 * SECOND }])
  })

  it('are left to the lists where no witness is known and AWS does not show them', async () => {
    await using world = startWorld({ assignment: assignment([tooOld]), connections: people(1).slice(0, 1) })
    await world.clock.advance(SECOND)
    world.aws.leave('old-0')
    await world.clock.advance(28 * SECOND)
    expect(world.of('termination')).toEqual([])
    expect(world.of('lookups-distrusted')).toEqual([])
    await world.clock.advance(SECOND)
    expect(world.of('termination')).toMatchObject([{ outcome: 'confirmed', at: NOON + 30 * SECOND }])
  })

  it('whose answers were lost begin a cooldown with their proof, and others of the user are judged at once', async () => {
    const cooling = policy('max-session-age', { maxAge: '8h' }, { guard: 'off', cooldownMs: HOUR })
    await using world = startWorld({
      assignment: { ...assignment([cooling]), schedule: '3 * * * * *' },
      connections: people(1),
    })
    const { terminate } = world.aws.vpn
    world.aws.vpn.terminate = async (...asked) => {
      await terminate(...asked)
      world.aws.vpn.terminate = terminate
      throw new VpnError('timeout', 'no answer')
    }
    world.aws.behaviour.terminatingForMs = 5 * SECOND
    await world.clock.advance(2 * SECOND)
    world.aws.connect(connection({ id: 'back', username: 'old-0', establishedAt: NOON + SECOND }))
    await world.clock.advance(8 * SECOND)
    expect(world.of('termination')).toMatchObject([{ outcome: 'confirmed', at: NOON + 7 * SECOND }])
    expect(world.aws.calls.map(({ id, at }) => [id, at - NOON])).toEqual([
      ['old-0', 0],
      ['back', 7 * SECOND],
    ])
  })
})

describe('lookups that fail', () => {
  it('prove nothing, and pause: the next polls prove the terminations', async () => {
    await using world = startWorld({ assignment: assignment([tooOld]), connections: people(2) })
    world.aws.behaviour.failLookup = () => 'malformed'
    await world.clock.advance(14 * SECOND)
    expect(world.of('termination')).toEqual([])
    expect(world.of('lookup-failed').length).toBeGreaterThan(0)
    await world.clock.advance(SECOND)
    expect(world.of('termination').map(({ at }) => at - NOON)).toEqual([15 * SECOND, 15 * SECOND])
    expect([world.of('lookups-distrusted'), world.aws.snapshots()]).toEqual([[], 2])
  })
})

describe('lookups that are not believed', () => {
  it('because AWS refuses the filter are tried again after a quarter of an hour, then after half an hour', async () => {
    await using world = quiet(1)
    world.aws.behaviour.failLookup = () => 'bad-request'
    await world.clock.advance(10 * SECOND)
    // A whole list has proven the termination instead.
    expect([world.aws.lookups(), world.aws.snapshots()]).toEqual([1, 2])
    expect(world.of('termination')).toMatchObject([{ outcome: 'confirmed' }])
    expect(world.of('lookups-distrusted')).toMatchObject([
      { because: 'refused', answer: { code: 'bad-request' }, retryAt: NOON + 15 * MINUTE + 2 * SECOND },
    ])
    await world.clock.advance(16 * MINUTE)
    const [resumed] = world.of('lookups-resumed')
    expect(Math.floor(((resumed?.at ?? 0) - NOON) / SECOND)).toBe(15 * 60 + 2)
    world.aws.connect(connection({ id: 'late', username: 'late', establishedAt: NOON - 9 * HOUR }))
    await world.clock.advance(5 * MINUTE)
    const [, second] = world.of('lookups-distrusted')
    expect(second).toMatchObject({ retryAt: (second?.at ?? 0) + 30 * MINUTE })
  })

  it('because AWS ignores the filter prove nothing', async () => {
    await using world = quiet(1)
    const { vpn } = world.aws
    vpn.lookUp = async (endpointId, asked, signal) => ({ ...(await vpn.snapshot(endpointId, signal)), asked })
    world.aws.connect(connection({ username: 'other' }))
    await world.clock.advance(3 * SECOND)
    expect(world.of('lookups-distrusted')).toMatchObject([{ because: 'not-filtered' }])
    expect(world.of('termination')).toEqual([])
    await world.clock.advance(10 * SECOND)
    expect(world.of('termination')).toMatchObject([{ outcome: 'confirmed' }])
  })

  it('because they show nothing are contradicted by the next list, and until then believed by nobody', async () => {
    await using world = startWorld({ assignment: assignment([tooOld]), connections: people(1) })
    world.aws.behaviour.lies = () => true
    world.aws.vpn.lookUp = async (endpointId, asked) => ({
      endpointId,
      asked,
      begunAt: world.clock.now(),
      completedAt: world.clock.now(),
      connections: [],
    })
    await world.clock.advance(14 * SECOND)
    expect(world.of('looked-up').length).toBeGreaterThan(1)
    await world.clock.advance(SECOND)
    expect(world.of('lookups-distrusted')).toMatchObject([{ because: 'contradicted', answer: undefined }])
    await world.clock.advance(4 * MINUTE)
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(['gave-up'])
  })

  it('leave no proof behind: a connection that was shown as terminated and is active is terminated again', async () => {
    await using world = startWorld({ assignment: assignment([tooOld]), connections: people(1) })
    world.aws.behaviour.lies = (id) => id === 'old-0' && world.aws.calls.length === 1
    world.aws.vpn.lookUp = async (endpointId, asked) => ({
      endpointId,
      asked,
      begunAt: world.clock.now(),
      completedAt: world.clock.now(),
      connections: asked.map((id) => connection({ id, status: id === 'young' ? 'active' : 'terminated' })),
    })
    await world.clock.advance(14 * SECOND)
    expect([world.of('termination').length, world.aws.calls.length]).toEqual([1, 1])
    await world.clock.advance(31 * SECOND)
    expect(world.of('lookups-distrusted')).toMatchObject([{ because: 'contradicted' }])
    expect(world.aws.calls).toHaveLength(2)
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(['confirmed', 'confirmed'])
  })
})

describe('one cycle', () => {
  it('goes on reading on schedule, so that a plan that takes longer than its snapshot lives is carried out', async () => {
    const plan = assignment([tooOld])
    await using world = startWorld({
      assignment: {
        ...plan,
        settings: { ...plan.settings, staleAfterMs: 20 * SECOND },
        terminationRate: { burst: 1, perSecond: 0.2 },
      },
      connections: people(12),
      start: false,
    })
    const done = world.daemon.once(5 * MINUTE, new AbortController().signal)
    await world.clock.advance(2 * MINUTE)
    expect(await done).toBe('done')
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(Array(12).fill('confirmed'))
  })
})
