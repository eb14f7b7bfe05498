import { describe, expect, it } from 'vitest'
import { VpnError } from '../../src/app/vpn.ts'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, NOON, policy } from '../domain/build.ts'
import { assignment, SITE, startWorld } from './world.ts'

// These are about the cycle: the guard, which would hold a cut of the whole endpoint at the start, has its own tests.
const age = (maxAge: string) => policy('max-session-age', { maxAge }, { guard: 'off' })
const old = () => connection({ establishedAt: NOON - 9 * HOUR })
const young = () => connection({ establishedAt: NOON })

describe('the daemon', () => {
  it('ends the violators and nobody else, each once, and a later snapshot proves it', async () => {
    const [violator, other] = [old(), young()]
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [violator, other] })
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toEqual([violator.id])
    expect(world.of('termination').map(({ outcome, attempts }) => [outcome, attempts])).toEqual([['confirmed', 1]])
  })

  it('in audit mode calls nothing and tells each violation once', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')], 'audit'), connections: [old(), old()] })
    await world.clock.advance(5 * MINUTE)
    expect(world.aws.calls).toEqual([])
    expect(world.of('violation').map(({ mode }) => mode)).toEqual(['audit', 'audit'])
  })

  it('acts at the deadline, not at the next poll', async () => {
    const deadline = NOON + 7 * SECOND
    const ripe = connection({ establishedAt: deadline - 8 * HOUR })
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [ripe] })
    await world.clock.advance(7 * SECOND - 1)
    expect(world.aws.calls).toEqual([])
    await world.clock.advance(1)
    expect(world.aws.calls).toEqual([{ id: ripe.id, at: deadline }])
  })

  it('discovers who came between two polls at the next one', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [] })
    await world.clock.advance(SECOND)
    const late = old()
    world.aws.connect(late)
    await world.clock.advance(14 * SECOND)
    expect(world.endedIds()).toEqual([late.id])
  })

  it('treats a status that AWS has yet to invent as connected, and says so once', async () => {
    const odd = connection({ establishedAt: NOON - 9 * HOUR, status: 'hibernating' })
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [odd] })
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toEqual([odd.id])
    expect(world.of('unknown-status').map(({ status }) => status)).toEqual(['hibernating'])
  })

  it('polls on schedule and never twice at once', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [young()] })
    world.aws.behaviour.latencyMs = 40 * SECOND
    await world.clock.advance(MINUTE)
    expect(world.aws.snapshots()).toBe(2)
    expect(world.of('poll-skipped').length).toBeGreaterThan(0)
  })

  it.each([
    ['back', -HOUR],
    ['forward', 72 * HOUR],
  ])('keeps polling when the clock jumps %s, without a storm', async (_way, ms) => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [] })
    await world.clock.advance(MINUTE)
    const before = world.aws.snapshots()
    world.clock.jump(ms)
    await world.clock.advance(MINUTE)
    expect(world.aws.snapshots() - before).toBeGreaterThanOrEqual(4)
    expect(world.aws.snapshots() - before).toBeLessThanOrEqual(5)
  })

  it('leaves no faster than the rate', async () => {
    const connections = Array.from({ length: 60 }, old)
    const slow = { ...assignment([age('8h')]), terminationRate: { burst: 10, perSecond: 5 } }
    await using world = startWorld({ assignment: slow, connections })
    await world.clock.advance(9 * SECOND)
    expect(world.aws.calls.filter(({ at }) => at === NOON)).toHaveLength(10)
    expect(world.aws.calls).toHaveLength(55)
    await world.clock.advance(SECOND)
    expect(new Set(world.endedIds()).size).toBe(60)
    expect(world.aws.calls).toHaveLength(60)
  })

  it('leaves no faster than the rate of its account and Region, whatever role reaches it', async () => {
    const connections = Array.from({ length: 30 }, old)
    const [here, there] = [
      SITE,
      { ...SITE, assumeRole: { arn: 'arn:aws:iam::111122223333:role/other', externalId: undefined } },
    ]
    const watched = (site: typeof here | typeof there, id: string) => ({
      site,
      endpoints: [{ id, name: undefined }],
      discover: undefined,
    })
    const twoRoles = {
      ...assignment([age('8h')]),
      terminationRate: { burst: 10, perSecond: 5 },
      watch: [watched(here, ENDPOINT), watched(there, 'cvpn-endpoint-0123456789abcdef1')],
    }
    await using world = startWorld({ assignment: twoRoles, connections })
    await world.clock.advance(2 * SECOND)
    expect(world.aws.calls.filter(({ at }) => at === NOON)).toHaveLength(10)
    expect(world.aws.calls).toHaveLength(20)
  })

  it('takes no new call once it is told to stop, and lets those in flight finish', async () => {
    const connections = Array.from({ length: 60 }, old)
    await using world = startWorld({ assignment: assignment([age('8h')]), connections })
    await world.clock.advance(0)
    world.aws.behaviour.latencyMs = 3 * SECOND
    await world.clock.advance(2 * SECOND)
    const out = world.aws.calls.length
    expect(out).toBeGreaterThan(0)
    world.stop.abort()
    await world.clock.advance(4 * SECOND)
    await world.stopped
    expect(world.aws.calls).toHaveLength(out)
    expect(world.of('call-answered').filter(({ outcome }) => outcome === 'accepted')).toHaveLength(out)
    expect(world.of('stopped')).toHaveLength(1)
  })

  it('aborts calls that would hold up the stop', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [old()] })
    await world.clock.advance(0)
    world.aws.behaviour.latencyMs = HOUR
    world.aws.connect(old())
    await world.clock.advance(20 * SECOND)
    world.stop.abort()
    await world.clock.advance(9 * SECOND)
    await world.stopped
    expect(world.of('stopped')).toHaveLength(1)
  })

  it('acts at once on a new configuration, with what the last snapshot showed', async () => {
    const session = connection({ establishedAt: NOON - 5 * HOUR })
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [session] })
    await world.clock.advance(SECOND)
    await world.daemon.reload(assignment([age('4h')]))
    await world.clock.advance(0)
    expect(world.endedIds()).toEqual([session.id])
    expect(world.aws.snapshots()).toBe(1)
  })

  it('sends nothing more of a cut that an edit took back', async () => {
    const connections = Array.from({ length: 60 }, old)
    const slow = { ...assignment([age('8h')]), terminationRate: { burst: 10, perSecond: 1 } }
    await using world = startWorld({ assignment: slow, connections })
    await world.clock.advance(0)
    expect(world.aws.calls).toHaveLength(10)
    await world.daemon.reload({ ...assignment([age('8h')], 'audit'), terminationRate: slow.terminationRate })
    await world.clock.advance(5 * MINUTE)
    expect(world.aws.calls).toHaveLength(10)
  })
})

describe('a blind endpoint', () => {
  it('ends nobody once the last complete snapshot is too old, and recovers by itself', async () => {
    const later = connection({ establishedAt: NOON - 8 * HOUR + 6 * MINUTE })
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [later] })
    await world.clock.advance(SECOND)
    world.aws.behaviour.failSnapshot = () => 'throttled'
    await world.clock.advance(10 * MINUTE)
    expect(world.aws.calls).toEqual([])
    expect(world.daemon.status()[0]?.decisions).toBeUndefined()
    expect(world.of('poll-failed').at(-1)).toMatchObject({ blind: true })
    world.aws.behaviour.failSnapshot = () => undefined
    await world.clock.advance(75 * SECOND)
    expect(world.endedIds()).toEqual([later.id])
  })

  it('still acts on immutable facts while the last snapshot is fresh enough', async () => {
    const soon = connection({ establishedAt: NOON - 8 * HOUR + 2 * MINUTE })
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [soon] })
    await world.clock.advance(SECOND)
    world.aws.behaviour.failSnapshot = () => 'server-error'
    await world.clock.advance(2 * MINUTE)
    expect(world.endedIds()).toEqual([soon.id])
  })
})

describe('a termination', () => {
  it('that was acknowledged but did nothing is sent again, then given up, and tried anew after five minutes', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [old()] })
    world.aws.behaviour.lies = () => true
    await world.clock.advance(4 * MINUTE)
    expect(world.aws.calls).toHaveLength(3)
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(['gave-up'])
    world.aws.behaviour.lies = () => false
    await world.clock.advance(6 * MINUTE)
    expect(world.aws.calls).toHaveLength(4)
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(['gave-up', 'confirmed'])
  })

  it('that ends in failed-to-terminate is sent again at once', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [old()] })
    world.aws.behaviour.ending = 'failed-to-terminate'
    await world.clock.advance(30 * SECOND)
    expect(world.aws.calls.length).toBeGreaterThan(1)
  })

  it('of somebody who has left is not a failure', async () => {
    const gone = old()
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [gone] })
    world.aws.behaviour.failTerminate = () => 'connection-not-found'
    await world.clock.advance(0)
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(['already-gone'])
  })

  it('that was throttled keeps its place and costs no attempt', async () => {
    const [first, second] = [connection({ establishedAt: NOON - 20 * HOUR }), old()]
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [second, first] })
    let throttles = 4
    world.aws.behaviour.failTerminate = () => (throttles-- > 0 ? 'throttled' : undefined)
    await world.clock.advance(MINUTE)
    expect(world.of('termination').map(({ outcome, attempts }) => [outcome, attempts])).toEqual([
      ['confirmed', 1],
      ['confirmed', 1],
    ])
    expect(world.endedIds()[0]).toBe(first.id)
  })

  it('that is denied is reported, tried as often as allowed and given up, and nothing else stops', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [old()] })
    world.aws.behaviour.failTerminate = () => 'denied'
    await world.clock.advance(4 * MINUTE)
    expect(world.aws.calls).toHaveLength(3)
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'failed', 'gave-up'])
    expect(world.aws.snapshots()).toBeGreaterThan(15)
  })

  it('whose answer was lost is not repeated before a snapshot shows that it did nothing', async () => {
    const violator = old()
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [violator] })
    let lost = true
    const { terminate } = world.aws.vpn
    world.aws.vpn.terminate = async (termination, signal) => {
      const answer = await terminate(termination, signal)
      if (!lost) return answer
      lost = false
      throw new VpnError('timeout', 'no answer')
    }
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toEqual([violator.id])
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(['confirmed'])
  })
})

describe('one cycle', () => {
  it('reads, ends, proves and stops', async () => {
    const violator = old()
    const world = startWorld({ assignment: assignment([age('8h')]), connections: [violator, young()], start: false })
    const ended = world.daemon.once(10 * MINUTE, world.stop.signal)
    await world.clock.advance(30 * SECOND)
    expect(await ended).toBe('done')
    expect(world.endedIds()).toEqual([violator.id])
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(['confirmed'])
  })

  it('says when time ran out', async () => {
    const world = startWorld({ assignment: assignment([age('8h')]), connections: [old()], start: false })
    world.aws.behaviour.lies = () => true
    const ended = world.daemon.once(20 * SECOND, world.stop.signal)
    await world.clock.advance(MINUTE)
    expect(await ended).toBe('timed-out')
  })
})
