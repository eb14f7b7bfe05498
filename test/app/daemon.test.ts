import { describe, expect, it, vi } from 'vitest'
import { EMPTY_STATE, type State } from '../../src/app/state.ts'
import { VpnError } from '../../src/app/vpn.ts'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, NOON, policy } from '../domain/build.ts'
import { assignment, SITE, startWorld } from './world.ts'

// The guard is off here, because it would hold terminations of the whole endpoint at the start. It has its own tests.
const age = (maxAge: string) => policy('max-session-age', { maxAge }, { guard: 'off' })
const overdue = () => connection({ establishedAt: NOON - 9 * HOUR })
const OTHER = 'cvpn-endpoint-0123456789abcdef1'
const young = () => connection({ establishedAt: NOON })
const leavers = (...others: readonly string[]) =>
  policy('banned-users', { users: ['mallory', ...others] }, { guard: 'off', hash: others.join() })
/** Three connections that end by one call with their user name. */
const mallorys = () => [1, 2, 3].map(() => connection({ username: 'mallory', commonName: undefined }))

describe('the daemon', () => {
  it('ends the due connections and no others, each once, and a later snapshot confirms it', async () => {
    const [violator, other] = [overdue(), young()]
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [violator, other] })
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toEqual([violator.id])
    expect(world.of('termination').map(({ outcome, attempts }) => [outcome, attempts])).toEqual([['confirmed', 1]])
  })

  it('in audit mode sends no call and reports each violation once', async () => {
    await using world = startWorld({
      assignment: assignment([age('8h')], 'audit'),
      connections: [overdue(), overdue()],
    })
    await world.clock.advance(5 * MINUTE)
    expect(world.aws.calls).toEqual([])
    expect(world.of('violation').map(({ mode }) => mode)).toEqual(['audit', 'audit'])
  })

  it('acts at the deadline, not at the next poll', async () => {
    const deadline = NOON + 7 * SECOND
    const soonDue = connection({ establishedAt: deadline - 8 * HOUR })
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [soonDue] })
    await world.clock.advance(7 * SECOND - 1)
    expect(world.aws.calls).toEqual([])
    await world.clock.advance(1)
    expect(world.aws.calls).toEqual([{ id: soonDue.id, at: deadline }])
  })

  it('finds a connection established between two polls at the next poll', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [] })
    await world.clock.advance(SECOND)
    const late = overdue()
    world.aws.connect(late)
    await world.clock.advance(14 * SECOND)
    expect(world.endedIds()).toEqual([late.id])
  })

  it('shows a read the rows of the snapshot before', async () => {
    const one = young()
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [one] })
    const { snapshot } = world.aws.vpn
    const shown: unknown[] = []
    world.aws.vpn.snapshot = async (...asked) => {
      const read = await snapshot(...asked)
      shown.push(asked[3]?.(one.id), read.connections[0])
      return read
    }
    await world.clock.advance(MINUTE)
    const [, first, earlier] = shown
    expect(first).toMatchObject({ id: one.id })
    expect(earlier).toBe(first)
  })

  it('treats an unknown status as active, and reports it once', async () => {
    const odd = connection({ establishedAt: NOON - 9 * HOUR, status: 'hibernating' })
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [odd] })
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toEqual([odd.id])
    expect(world.of('unknown-status').map(({ status }) => status)).toEqual(['hibernating'])
  })

  it('reports a value that it cannot read once for each field, whichever connection has it', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [young()] })
    const { snapshot } = world.aws.vpn
    let poll = 0
    world.aws.vpn.snapshot = async (...asked) => ({
      ...(await snapshot(...asked)),
      unread: new Map([['connectionEstablishedTime' as const, `${++poll}/11/2026`]]),
    })
    await world.clock.advance(2 * MINUTE)
    expect(world.of('unread-value').map(({ field, value }) => [field, value])).toEqual([
      ['connectionEstablishedTime', '1/11/2026'],
    ])
  })

  it('polls on schedule and never runs two polls at once', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [young()] })
    world.aws.behaviour.latencyMs = 40 * SECOND
    await world.clock.advance(MINUTE)
    expect(world.aws.snapshots()).toBe(2)
    expect(world.of('poll-skipped').length).toBeGreaterThan(0)
  })

  it.each([
    ['back', -HOUR],
    ['forward', 72 * HOUR],
  ])('polls at the same pace when the clock jumps %s', async (_way, ms) => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [] })
    await world.clock.advance(MINUTE)
    const before = world.aws.snapshots()
    world.clock.jump(ms)
    await world.clock.advance(MINUTE)
    expect(world.aws.snapshots() - before).toBeGreaterThanOrEqual(4)
    expect(world.aws.snapshots() - before).toBeLessThanOrEqual(5)
  })

  it('sends calls no faster than the rate', async () => {
    const connections = Array.from({ length: 60 }, overdue)
    const slow = { ...assignment([age('8h')]), terminationRate: { burst: 10, perSecond: 5 } }
    await using world = startWorld({ assignment: slow, connections })
    await world.clock.advance(9 * SECOND)
    expect(world.aws.calls.filter(({ at }) => at === NOON)).toHaveLength(10)
    expect(world.aws.calls).toHaveLength(55)
    await world.clock.advance(SECOND)
    expect(new Set(world.endedIds()).size).toBe(60)
    expect(world.aws.calls).toHaveLength(60)
  })

  it('sends calls no faster than the rate of the account and Region, which several roles share', async () => {
    const connections = Array.from({ length: 30 }, overdue)
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

  it('sends calls no faster than that rate after an account became known', async () => {
    const twice = (count: number) => ({
      ...assignment([age('8h')]),
      terminationRate: { burst: 10, perSecond: 1 },
      watch: [
        {
          site: SITE,
          endpoints: [ENDPOINT, 'cvpn-endpoint-0123456789abcdef1']
            .slice(0, count)
            .map((id) => ({ id, name: undefined })),
          discover: undefined,
        },
      ],
    })
    await using world = startWorld({ assignment: twice(1), connections: [], start: false })
    const { account } = world.aws.vpn
    world.aws.vpn.account = () => Promise.reject(new VpnError('unreachable', 'no STS'))
    void world.daemon.run(world.stop.signal)
    await world.clock.advance(SECOND)
    world.aws.vpn.account = account
    await world.clock.advance(2 * MINUTE)
    expect(world.daemon.status().map(({ endpoint }) => endpoint.account)).toEqual(['111122223333'])
    for (let nth = 0; nth < 80; nth++) world.aws.connect(overdue())
    await world.daemon.reload(twice(2))
    await world.clock.advance(15 * SECOND)
    expect(world.aws.calls.length).toBeGreaterThanOrEqual(10)
    expect(world.aws.calls.length).toBeLessThanOrEqual(10 + 15)
  })

  it('sends no new call after a stop, and lets calls in flight finish', async () => {
    const connections = Array.from({ length: 60 }, overdue)
    await using world = startWorld({ assignment: assignment([age('8h')]), connections })
    await world.clock.advance(0)
    world.aws.behaviour.latencyMs = 3 * SECOND
    await world.clock.advance(2 * SECOND)
    const sent = world.aws.calls.length
    expect(sent).toBeGreaterThan(0)
    world.stop.abort()
    await world.clock.advance(4 * SECOND)
    await world.stopped
    expect(world.aws.calls).toHaveLength(sent)
    expect(world.of('call-answered').filter(({ outcome }) => outcome === 'accepted')).toHaveLength(sent)
    expect(world.of('stopped')).toHaveLength(1)
  })

  it('aborts calls that would delay the stop', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [overdue()] })
    await world.clock.advance(0)
    world.aws.behaviour.latencyMs = HOUR
    world.aws.connect(overdue())
    await world.clock.advance(20 * SECOND)
    world.stop.abort()
    await world.clock.advance(9 * SECOND)
    await world.stopped
    expect(world.of('stopped')).toHaveLength(1)
  })

  it('acts at once on a new configuration, with the last snapshot', async () => {
    const session = connection({ establishedAt: NOON - 5 * HOUR })
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [session] })
    await world.clock.advance(SECOND)
    await world.daemon.reload(assignment([age('4h')]))
    await world.clock.advance(0)
    expect(world.endedIds()).toEqual([session.id])
    expect(world.aws.snapshots()).toBe(1)
  })

  it('sends no more calls after an edit to audit mode', async () => {
    const connections = Array.from({ length: 60 }, overdue)
    const slow = { ...assignment([age('8h')]), terminationRate: { burst: 10, perSecond: 1 } }
    await using world = startWorld({ assignment: slow, connections })
    await world.clock.advance(0)
    expect(world.aws.calls).toHaveLength(10)
    await world.daemon.reload({ ...assignment([age('8h')], 'audit'), terminationRate: slow.terminationRate })
    await world.clock.advance(5 * MINUTE)
    expect(world.aws.calls).toHaveLength(10)
  })
})

/** A request that AWS never answers. */
const unanswered = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new VpnError('aborted', 'aborted'))))

describe('a reload', () => {
  const ALL = { site: SITE, endpoints: [{ id: ENDPOINT, name: 'office' }], discover: 'all' as const }

  it('to audit mode sends no more calls, while AWS does not answer which endpoints there are', async () => {
    const connections = Array.from({ length: 60 }, overdue)
    const slow = { ...assignment([age('8h')]), watch: [ALL], terminationRate: { burst: 10, perSecond: 1 } }
    await using world = startWorld({ assignment: slow, connections })
    await world.clock.advance(0)
    world.aws.vpn.endpoints = unanswered
    await world.daemon.reload({
      ...slow,
      settings: { ...slow.settings, mode: 'audit' },
      watch: [{ ...ALL, endpoints: [] }],
    })
    await world.clock.advance(MINUTE)
    expect(world.of('reloaded').map(({ mode }) => mode)).toEqual(['audit'])
    expect(world.aws.calls).toHaveLength(10)
  })

  it('keeps the discovered endpoints that the edited entry still selects, before AWS lists them again', async () => {
    const tags = new Map([['team', 'red']])
    const selected = (team: string) => ({
      ...assignment([age('8h')]),
      watch: [{ site: SITE, endpoints: [], discover: { tags: new Map([['team', team]]) } }],
    })
    const listed = { ...assignment([age('8h')]), watch: [{ ...ALL, endpoints: [] }] }
    await using world = startWorld({ assignment: listed, connections: [], start: false })
    world.aws.behaviour.endpoints = [{ id: ENDPOINT, name: undefined, tags, status: 'available' }]
    const stopped = world.daemon.run(world.stop.signal)
    await world.clock.advance(SECOND)
    world.aws.vpn.endpoints = unanswered
    const watched = async (team: string) => {
      await world.daemon.reload(selected(team))
      await world.clock.advance(SECOND)
      return world.daemon.status().map(({ endpoint }) => endpoint.id)
    }
    expect(await watched('red')).toEqual([ENDPOINT])
    expect(await watched('blue')).toEqual([])
    expect(await watched('red')).toEqual([ENDPOINT])
    world.stop.abort()
    await world.clock.advance(MINUTE)
    await stopped
  })

  it('keeps the discovered endpoints of an entry whose role was edited, and no others, before AWS lists them', async () => {
    const through = (role: string, discover: 'all' | { readonly tags: ReadonlyMap<string, string> }) => ({
      ...assignment([age('8h')]),
      watch: [
        {
          site: { ...SITE, assumeRole: { arn: `arn:aws:iam::111122223333:role/${role}`, externalId: undefined } },
          endpoints: [],
          discover,
        },
      ],
    })
    await using world = startWorld({ assignment: through('one', 'all'), connections: [], start: false })
    world.aws.behaviour.endpoints = [{ id: ENDPOINT, name: undefined, tags: new Map(), status: 'available' }]
    const stopped = world.daemon.run(world.stop.signal)
    await world.clock.advance(SECOND)
    world.aws.vpn.endpoints = unanswered
    const watched = async (assigned: ReturnType<typeof through>) => {
      await world.daemon.reload(assigned)
      await world.clock.advance(SECOND)
      return world.daemon.status().map(({ endpoint }) => endpoint.id)
    }
    expect(await watched(through('two', 'all'))).toEqual([ENDPOINT])
    expect(await watched(through('three', { tags: new Map([['team', 'red']]) }))).toEqual([])
    world.stop.abort()
    await world.clock.advance(MINUTE)
    await stopped
  })

  it('connects to a new site after the new policies are in force', async () => {
    const session = connection({ establishedAt: NOON - 5 * HOUR })
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [session] })
    await world.clock.advance(SECOND)
    const there = {
      site: { ...SITE, region: 'us-east-1' },
      endpoints: [{ id: OTHER, name: 'there' }],
      discover: undefined,
    }
    const next = assignment([age('4h')])
    world.aws.vpn.account = unanswered
    await world.daemon.reload({ ...next, watch: [...next.watch, there] })
    await world.clock.advance(0)
    expect(world.endedIds()).toEqual([session.id])
    expect(world.daemon.status().map(({ endpoint }) => endpoint.name)).toEqual(['office'])
    await world.clock.advance(10 * SECOND)
    expect(world.daemon.status().map(({ endpoint }) => endpoint.name)).toEqual(['office', 'there'])
    expect(world.of('endpoints-changed').map(({ endpoints }) => endpoints.length)).toEqual([2])
  })

  it('that would make a judgement throw is refused before any part of it is in force', async () => {
    const session = connection({ establishedAt: NOON - 5 * HOUR })
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [session] })
    await world.clock.advance(SECOND)
    const sound = age('4h')
    const judge = () => () => ({
      find() {
        throw new RangeError('a fault of this kind')
      },
      because: () => '',
    })
    const faulty = { ...sound, kind: { ...sound.kind, judge }, name: 'faulty' }
    const accepted = vi.fn<() => void>()
    await expect(world.daemon.reload(assignment([sound, faulty]), accepted)).rejects.toThrow('a fault of this kind')
    await world.clock.advance(MINUTE)
    expect(accepted).not.toHaveBeenCalled()
    expect(world.of('reloaded')).toEqual([])
    expect(world.aws.calls).toEqual([])
    expect(world.of('decided').at(-1)?.decisions.active).toBe(1)
  })

  it('whose schedule never comes due is refused before any part of it is in force', async () => {
    const session = connection({ establishedAt: NOON - 5 * HOUR })
    const never = '0 0 0 31W 2 *'
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [session] })
    await world.clock.advance(SECOND)
    await expect(world.daemon.reload({ ...assignment([age('4h')]), schedule: never })).rejects.toThrow()
    await world.clock.advance(MINUTE)
    expect(world.aws.calls).toEqual([])
    expect(world.aws.snapshots()).toBeGreaterThan(3)
  })

  it('of which only the mode audit is sound keeps the policies in force, and ends nothing', async () => {
    const connections = Array.from({ length: 60 }, overdue)
    const slow = { ...assignment([age('8h')]), terminationRate: { burst: 10, perSecond: 1 } }
    await using world = startWorld({ assignment: slow, connections })
    await world.clock.advance(0)
    world.daemon.obeyAudit()
    await world.clock.advance(MINUTE)
    expect(world.aws.calls).toHaveLength(10)
    expect(world.of('mode-obeyed').map(({ mode, policies }) => [mode, policies])).toEqual([['audit', 1]])
    await world.daemon.reload(slow)
    await world.clock.advance(5 * SECOND)
    expect(world.aws.calls.length).toBeGreaterThan(10)
  })
})

describe('a blind endpoint', () => {
  it('ends no connection once the last complete snapshot is too old, and recovers by itself', async () => {
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

  it('still acts on immutable facts until the last snapshot is too old', async () => {
    const soon = connection({ establishedAt: NOON - 8 * HOUR + 2 * MINUTE })
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [soon] })
    await world.clock.advance(SECOND)
    world.aws.behaviour.failSnapshot = () => 'server-error'
    await world.clock.advance(2 * MINUTE)
    expect(world.endedIds()).toEqual([soon.id])
  })
})

describe('a termination', () => {
  it('that AWS does not carry out is sent again, then given up, and tried again after five minutes', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [overdue()] })
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
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [overdue()] })
    world.aws.behaviour.ending = 'failed-to-terminate'
    await world.clock.advance(30 * SECOND)
    expect(world.aws.calls.length).toBeGreaterThan(1)
  })

  it('of a connection that has disconnected is not a failure', async () => {
    const violator = overdue()
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [violator] })
    world.aws.behaviour.failTerminate = () => {
      world.aws.leave(violator.id)
      return 'connection-not-found'
    }
    await world.clock.advance(MINUTE)
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(['already-gone'])
  })

  it('of a connection that AWS denies but lists on is a failure in the end', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [overdue()] })
    world.aws.behaviour.failTerminate = () => 'connection-not-found'
    await world.clock.advance(MINUTE)
    expect(world.of('termination')).toEqual([])
    expect(world.daemon.status().map(({ openTerminations }) => openTerminations)).toEqual([1])
    await world.clock.advance(4 * MINUTE)
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(['gave-up'])
  })

  it('that was throttled is sent again after the pause, although a newer plan was made while it was out', async () => {
    await using world = startWorld({ assignment: assignment([leavers()]), connections: mallorys() })
    world.aws.behaviour.latencyMs = 800
    world.aws.behaviour.failTerminate = () => (world.aws.calls.length === 1 ? 'throttled' : undefined)
    await world.clock.advance(900)
    await world.daemon.reload(assignment([leavers('trudy')]))
    await world.clock.advance(3 * SECOND)
    expect(world.endedIds()).toEqual(['mallory', 'mallory'])
  })

  it('whose intent could not be written is sent after the pause, although the lead changed meanwhile', async () => {
    const ban = policy('banned-users', { users: ['alice'] }, { name: 'ban', guard: 'off', from: NOON + 1500 })
    await using world = startWorld({ assignment: assignment([age('8h'), ban]), connections: [overdue()] })
    const { write } = world.audit.trail
    world.audit.trail.write = async (records) => {
      world.audit.trail.write = write
      world.audit.disk.isFull = true
      await world.clock.sleep(1560, world.stop.signal)
      await write(records).finally(() => {
        world.audit.disk.isFull = false
      })
    }
    await world.clock.advance(10 * SECOND)
    expect(world.of('call-withdrawn').map(({ why }) => why)).toEqual(['no-record'])
    expect(world.of('accepted').map(({ violation }) => violation.policy)).toEqual(['ban'])
    expect(world.aws.snapshots()).toBe(1)
  })

  it('that was throttled keeps its place in the queue and does not count as an attempt', async () => {
    const [first, second] = [connection({ establishedAt: NOON - 20 * HOUR }), overdue()]
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

  it('that is denied is reported, attempted as often as allowed and given up, while polls continue', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [overdue()] })
    world.aws.behaviour.failTerminate = () => 'denied'
    await world.clock.advance(4 * MINUTE)
    expect(world.aws.calls).toHaveLength(3)
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'failed', 'gave-up'])
    expect(world.aws.snapshots()).toBeGreaterThan(15)
  })

  it('whose answer was lost is not repeated before a snapshot shows that it did nothing', async () => {
    const violator = overdue()
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

  it('whose answer was lost begins its cooldown though AWS answers the next one that the connection is gone', async () => {
    const cooling = policy('max-session-age', { maxAge: '8h' }, { guard: 'off', name: 'daily', cooldownMs: HOUR })
    await using world = startWorld({ assignment: assignment([cooling]), connections: [overdue()] })
    const { snapshot } = world.aws.vpn
    let calls = 0
    world.aws.behaviour.lies = () => true
    world.aws.behaviour.failTerminate = () => (++calls === 1 ? 'timeout' : 'connection-not-found')
    world.aws.vpn.snapshot = async (...asked) => {
      const read = await snapshot(...asked)
      return calls < 2 ? read : { ...read, connections: [] }
    }
    await world.clock.advance(3 * MINUTE)
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(['confirmed'])
    expect(Object.values(world.saved().endpoints).map(({ terminated }) => Object.keys(terminated))).toEqual([['daily']])
  })
})

describe('one cycle', () => {
  it('reads, ends, confirms and stops', async () => {
    const violator = overdue()
    const world = startWorld({ assignment: assignment([age('8h')]), connections: [violator, young()], start: false })
    const ended = world.daemon.once(10 * MINUTE, world.stop.signal)
    await world.clock.advance(30 * SECOND)
    expect(await ended).toBe('done')
    expect(world.endedIds()).toEqual([violator.id])
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(['confirmed'])
  })

  it('does not believe that a connection is gone while the list shows it', async () => {
    const world = startWorld({ assignment: assignment([age('8h')]), connections: [overdue()], start: false })
    world.aws.behaviour.failTerminate = () => 'connection-not-found'
    let ended: string | undefined
    void world.daemon.once(10 * MINUTE, world.stop.signal).then((how) => {
      ended = how
    })
    await world.clock.advance(50 * SECOND)
    expect(ended).toBeUndefined()
    await world.clock.advance(5 * MINUTE)
    expect(ended).toBe('left-up')
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(['gave-up'])
  })

  it('ends one by one who has too many connections for one call', async () => {
    const world = startWorld({ assignment: assignment([leavers()]), connections: mallorys(), start: false })
    world.aws.behaviour.latencyMs = 30
    world.aws.behaviour.failTerminate = (id) => (id === 'mallory' ? 'too-many-connections' : undefined)
    const ended = world.daemon.once(10 * MINUTE, world.stop.signal)
    await world.clock.advance(MINUTE)
    expect(await ended).toBe('done')
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(['confirmed', 'confirmed', 'confirmed'])
  })

  it('ends a connection of which another policy took the lead while its intent was written', async () => {
    const ban = policy('banned-users', { users: ['alice'] }, { name: 'ban', guard: 'off', from: NOON + SECOND / 2 })
    const world = startWorld({ assignment: assignment([age('8h'), ban]), connections: [overdue()], start: false })
    const { write } = world.audit.trail
    world.audit.trail.write = async (records) => {
      await world.clock.sleep(560, world.stop.signal)
      await write(records)
    }
    const ended = world.daemon.once(10 * MINUTE, world.stop.signal)
    await world.clock.advance(MINUTE)
    expect(await ended).toBe('done')
    expect(world.of('call-withdrawn').map(({ why }) => why)).toEqual(['not-wanted'])
    expect(world.of('termination').map(({ outcome, violation }) => [outcome, violation.policy])).toEqual([
      ['confirmed', 'ban'],
    ])
  })

  it('sends a throttled call again, although the endpoint was judged while it was out', async () => {
    const bob = connection({ username: 'bob', establishedAt: NOON - 61 * MINUTE + 1100 })
    const other = policy('max-session-age', { maxAge: '61m' }, { name: 'other', mode: 'audit' })
    const world = startWorld({
      assignment: assignment([leavers(), other]),
      connections: [...mallorys(), bob],
      start: false,
    })
    world.aws.behaviour.latencyMs = 800
    world.aws.behaviour.failTerminate = () => (world.aws.calls.length === 1 ? 'throttled' : undefined)
    const ended = world.daemon.once(10 * MINUTE, world.stop.signal)
    await world.clock.advance(MINUTE)
    expect(await ended).toBe('done')
    expect(world.of('violation').filter(({ violation }) => violation.policy === 'other')).toHaveLength(1)
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(['confirmed', 'confirmed', 'confirmed'])
  })

  it('says that a connection is up that was given up, also by the process before', async () => {
    const connections = [overdue()]
    const cycle = async (state?: State) => {
      const world = startWorld({
        assignment: assignment([age('8h')]),
        connections,
        start: false,
        state: state ?? EMPTY_STATE,
      })
      world.aws.behaviour.lies = () => true
      const ended = world.daemon.once(10 * MINUTE, world.stop.signal)
      await world.clock.advance(5 * MINUTE)
      return { how: await ended, calls: world.aws.calls.length, state: world.saved() }
    }
    const first = await cycle()
    const second = await cycle(first.state)
    expect([first, second].map(({ how, calls }) => [how, calls])).toEqual([
      ['left-up', 3],
      ['left-up', 0],
    ])
  })

  it('reports that the time ran out', async () => {
    const world = startWorld({ assignment: assignment([age('8h')]), connections: [overdue()], start: false })
    world.aws.behaviour.lies = () => true
    const ended = world.daemon.once(20 * SECOND, world.stop.signal)
    await world.clock.advance(MINUTE)
    expect(await ended).toBe('timed-out')
  })
})
