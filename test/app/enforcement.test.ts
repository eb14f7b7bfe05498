import { describe, expect, it } from 'vitest'
import { VpnError } from '../../src/app/vpn.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, entry, NOON, policy } from '../domain/build.ts'
import { assignment, SITE, startWorld } from './world.ts'

const age = (maxAge: string, different: Partial<Policy> = {}) =>
  policy('max-session-age', { maxAge }, { guard: 'off', ...different })
const ban = (users: readonly string[], different: Partial<Policy> = {}) =>
  policy('banned-users', { users }, { guard: 'off', ...different })
const old = (different = {}) => connection({ establishedAt: NOON - 9 * HOUR, ...different })
const many = (count: number) => Array.from({ length: count }, (_, index) => old({ username: `person-${index}` }))
const outcomes = (world: ReturnType<typeof startWorld>) => world.of('termination').map(({ outcome }) => outcome)

describe('every call', () => {
  it('stands in the trail, with its reason, before it leaves', async () => {
    const violators = many(5)
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: violators })
    const { terminate } = world.aws.vpn
    const recordedBefore: boolean[] = []
    world.aws.vpn.terminate = (termination, signal) => {
      const id = 'connectionId' in termination ? termination.connectionId : ''
      recordedBefore.push(
        world.audit.records.some(({ event, connectionId }) => event === 'intent' && connectionId === id),
      )
      return terminate(termination, signal)
    }
    await world.clock.advance(MINUTE)
    expect(recordedBefore).toEqual([true, true, true, true, true])
    const [intent] = world.audit.records.filter(({ event }) => event === 'intent')
    expect(intent).toMatchObject({
      endpointId: ENDPOINT,
      account: '111122223333',
      policy: 'max-session-age',
      reason: 'session-age',
      policySetHash: 'hash',
    })
    expect(intent?.call?.selector).toBe('connection-id')
    expect(new Set(world.audit.records.flatMap(({ call }) => call?.id ?? [])).size).toBe(5)
  })

  it('waits while the trail cannot be written, and leaves when it can again', async () => {
    const [violator] = many(1)
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: violator ? [violator] : [] })
    world.audit.disk.isFull = true
    await world.clock.advance(2 * MINUTE)
    expect(world.aws.calls).toEqual([])
    expect(world.of('call-withdrawn').every(({ why }) => why === 'no-record')).toBe(true)
    world.audit.disk.isFull = false
    await world.clock.advance(6 * SECOND)
    expect(world.endedIds()).toEqual([violator?.id])
    await world.clock.advance(30 * SECOND)
    expect(world.of('termination')).toMatchObject([{ outcome: 'confirmed', attempts: 1 }])
  })

  it('is taken back if a newer decision, made while it was written down, keeps the connection', async () => {
    const [violator] = many(1)
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: violator ? [violator] : [] })
    const { write } = world.audit.trail
    world.audit.trail.write = async (records) => {
      await write(records)
      if (records.some(({ event }) => event === 'intent')) await world.daemon.reload(assignment([age('20h')]))
    }
    await world.clock.advance(MINUTE)
    expect(world.aws.calls).toEqual([])
  })

  it('is taken back, and made anew, if by then it is another policy that ends the connection', async () => {
    const until = new Date(NOON + 1500).toISOString()
    const brief = policy('banned-users', { users: [{ pattern: 'person-*', until }] }, { guard: 'off' })
    await using world = startWorld({ assignment: assignment([brief, age('8h')]), connections: many(1) })
    const { write } = world.audit.trail
    world.audit.trail.write = async (records) => {
      await world.clock.sleep(2 * SECOND, new AbortController().signal)
      await write(records)
    }
    await world.clock.advance(MINUTE)
    expect(world.aws.calls).toHaveLength(1)
    expect(world.of('call-withdrawn').map(({ why }) => why)).toEqual(['not-wanted'])
    const intents = world.audit.records.filter(({ event }) => event === 'intent')
    expect(intents.map(({ policy: name }) => name)).toEqual(['banned-users', 'max-session-age'])
    expect(world.of('accepted').map(({ violation }) => violation.policy)).toEqual(['max-session-age'])
  })

  it('does not leave once its verdict is over, though the loop has not looked again', async () => {
    const until = new Date(NOON + 3500).toISOString()
    const brief = policy('banned-users', { users: [{ pattern: 'person-*', until }] }, { guard: 'off' })
    const slow = { ...assignment([brief]), terminationRate: { burst: 2, perSecond: 1 } }
    await using world = startWorld({ assignment: slow, connections: many(10) })
    await world.clock.advance(MINUTE)
    expect(world.aws.calls.map(({ at }) => at - NOON)).toEqual([0, 0, 1000, 2000, 3000])
  })
})

describe('one call for a user', () => {
  const sessions = (count: number, different = {}) =>
    Array.from({ length: count }, () => old({ username: 'mallory', commonName: 'mallory', ...different }))

  it('ends up to five connections where the policy rests on the name alone', async () => {
    await using world = startWorld({ assignment: assignment([ban(['user:mallory'])]), connections: sessions(4) })
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toEqual(['mallory'])
    expect(outcomes(world)).toEqual(['confirmed', 'confirmed', 'confirmed', 'confirmed'])
    const intents = world.audit.records.filter(({ event }) => event === 'intent')
    expect(intents.map(({ call }) => call?.selector)).toEqual(['username', 'username', 'username', 'username'])
    expect(new Set(intents.map(({ call }) => call?.id)).size).toBe(1)
  })

  it.each<[string, readonly Policy[], ReturnType<typeof sessions>]>([
    ['more than five', [ban(['mallory'])], sessions(6)],
    ['only one', [ban(['mallory'])], sessions(1)],
    ['different spellings', [ban(['mallory'])], [...sessions(1), ...sessions(1, { username: 'Mallory' })]],
    ['one that is on its way out', [ban(['mallory'])], [...sessions(2), ...sessions(1, { status: 'terminating' })]],
    ['a policy on connections', [age('8h')], sessions(3)],
    [
      'one of them violation for its age only',
      [age('8h'), ban(['cn:borrowed'])],
      [...sessions(1), ...sessions(1, { commonName: 'borrowed' })],
    ],
    [
      'a certificate that is exempt',
      [ban(['mallory'], { exempt: { users: [entry('cn:pager')], endpoints: undefined, regions: undefined } })],
      sessions(2),
    ],
  ])('is not made for %s', async (_why, policies, connections) => {
    await using world = startWorld({ assignment: assignment(policies), connections })
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).not.toContain('mallory')
    expect(world.endedIds()).not.toContain('Mallory')
    const due = connections.filter(({ status }) => status === 'active').map(({ id }) => id)
    expect([...world.endedIds()].sort()).toEqual(due.sort())
  })

  it('tells of a connection that came after the snapshot and went with the others', async () => {
    await using world = startWorld({ assignment: assignment([ban(['user:mallory'])]), connections: sessions(2) })
    world.audit.disk.isFull = true
    await world.clock.advance(SECOND)
    world.aws.connect(connection({ id: 'late', username: 'mallory', establishedAt: NOON + 500 }))
    world.audit.disk.isFull = false
    await world.clock.advance(6 * SECOND)
    expect(world.endedIds()).toEqual(['mallory'])
    expect(world.of('also-ended').map(({ violation }) => violation.connectionId)).toEqual(['late'])
  })

  it('leaves although something is decided while it is written down', async () => {
    const both = [old({ username: 'alice' }), old({ username: 'alice' })]
    await using world = startWorld({ assignment: assignment([ban(['user:alice'])]), connections: both })
    const { write } = world.audit.trail
    world.audit.trail.write = async (records) => {
      await write(records)
      if (records.some(({ event }) => event === 'intent')) await world.daemon.reload(assignment([ban(['user:alice'])]))
    }
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toEqual(['alice'])
    expect(world.of('call-withdrawn')).toEqual([])
  })

  it('falls back to single calls where AWS counts more than we do', async () => {
    const known = sessions(3)
    await using world = startWorld({ assignment: assignment([ban(['mallory'])]), connections: known })
    world.aws.behaviour.failTerminate = (id) => (id === 'mallory' ? 'too-many-connections' : undefined)
    await world.clock.advance(MINUTE)
    expect(world.endedIds()[0]).toBe('mallory')
    expect(world.endedIds().slice(1).sort()).toEqual(known.map(({ id }) => id).sort())
  })
})

describe('the guard', () => {
  it('holds a cut that an edit would cause, tells it once with a way out, and lets an urgent ban through', async () => {
    const sessions = many(40).map((row) => ({ ...row, establishedAt: NOON - 5 * HOUR }))
    const gentle = age('8h', { guard: 'on', hash: 'a' })
    await using world = startWorld({ assignment: assignment([gentle]), connections: sessions })
    await world.clock.advance(MINUTE)
    const strict = age('4h', { guard: 'on', hash: 'b' })
    await world.daemon.reload(assignment([strict, ban(['person-7'], { hash: 'c' })]))
    await world.clock.advance(10 * MINUTE)
    expect(world.endedIds()).toEqual([sessions[7]?.id])
    expect(world.of('held').map(({ policy: name, violations }) => [name, violations.length])).toEqual([
      ['max-session-age', 40],
    ])
    expect(world.daemon.status()[0]?.plan?.held).toHaveLength(39)
  })

  it('keeps holding over a restart, and lets go at an edit', async () => {
    const sessions = many(40)
    const strict = age('8h', { guard: 'on', hash: 'b' })
    const first = startWorld({ assignment: assignment([strict]), connections: sessions })
    await first.clock.advance(MINUTE)
    expect(first.aws.calls).toEqual([])
    await first[Symbol.asyncDispose]()
    await using again = startWorld({ assignment: assignment([strict]), connections: sessions, state: first.saved() })
    await again.clock.advance(20 * MINUTE)
    expect(again.aws.calls).toEqual([])
    await again.daemon.reload(assignment([{ ...strict, guard: 'off' }]))
    await again.clock.advance(MINUTE)
    expect(again.endedIds()).toHaveLength(40)
    expect(again.of('released')).toHaveLength(1)
  })

  it('does not hold the regular closing of most of an endpoint', async () => {
    const closing = policy('off-hours', { timeZone: 'UTC', allowed: [{ hours: '08:00-12:05' }] }, { hash: 'h' })
    const sessions = many(40).map((row) => ({ ...row, establishedAt: NOON - HOUR }))
    await using world = startWorld({ assignment: assignment([closing]), connections: sessions })
    await world.clock.advance(6 * MINUTE)
    expect(world.endedIds()).toHaveLength(40)
  })
})

describe('a hold', () => {
  const limit = policy('max-sessions', { limit: 1 }, { hash: 'h' })
  /** Sixteen people with two connections each: half of them are one too many. */
  const pairs = Array.from({ length: 16 }, (_, index) => [
    connection({ username: `person-${index}`, establishedAt: NOON - HOUR }),
    connection({ username: `person-${index}`, establishedAt: NOON - MINUTE }),
  ]).flat()
  const held = (world: ReturnType<typeof startWorld>) => world.daemon.status()[0]?.plan?.held.length

  it('outlasts a poll that failed and a snapshot that missed a row, though few are left', async () => {
    const tight = {
      ...assignment([limit]),
      settings: { ...assignment([limit]).settings, guard: { maxPercent: 40, minConnections: 10 } },
    }
    await using world = startWorld({ assignment: tight, connections: pairs })
    await world.clock.advance(11 * MINUTE)
    expect(held(world)).toBe(16)
    for (const { id } of pairs.slice(0, 16)) world.aws.leave(id)
    await world.clock.advance(MINUTE)
    expect(held(world)).toBe(8)
    world.aws.behaviour.failSnapshot = () => 'throttled'
    await world.clock.advance(20 * SECOND)
    world.aws.behaviour.failSnapshot = () => undefined
    await world.clock.advance(MINUTE)
    const [missed] = pairs.slice(16)
    if (missed === undefined) return
    world.aws.leave(missed.id)
    await world.clock.advance(15 * SECOND)
    world.aws.connect(missed)
    await world.clock.advance(2 * MINUTE)
    expect(world.aws.calls).toEqual([])
    expect(held(world)).toBe(8)
  })

  it('is let go by an edit that was made while the daemon was down', async () => {
    const strict = age('8h', { guard: 'on', hash: 'a' })
    const first = startWorld({ assignment: assignment([strict]), connections: many(40) })
    await first.clock.advance(MINUTE)
    await first[Symbol.asyncDispose]()
    const loose = { ...assignment([{ ...strict, hash: 'b' }]) }
    const wide = { ...loose, settings: { ...loose.settings, guard: { maxPercent: 100, minConnections: 1000 } } }
    await using again = startWorld({ assignment: wide, connections: many(40), state: first.saved() })
    await again.clock.advance(MINUTE)
    expect(again.endedIds()).toHaveLength(40)
  })

  it('meets what is overdue on an endpoint that comes under watch later', async () => {
    const strict = age('8h', { guard: 'on', hash: 'a' })
    const state = {
      policies: { 'max-session-age': { hash: 'a', acts: true, changedAt: NOON - 300 * HOUR } },
      endpoints: {},
    }
    await using world = startWorld({ assignment: assignment([strict]), connections: many(40), state })
    await world.clock.advance(5 * MINUTE)
    expect(world.aws.calls).toEqual([])
    expect(held(world)).toBe(40)
  })
})

describe('a restart', () => {
  it('follows what was under way, and ends nothing twice', async () => {
    const [violator] = many(1)
    const connections = violator ? [violator] : []
    const first = startWorld({ assignment: assignment([age('8h')]), connections })
    await first.clock.advance(1500)
    expect(first.saved().endpoints).not.toEqual({})
    await first[Symbol.asyncDispose]()
    const terminating = connections.map((row) => ({ ...row, status: 'terminating' }))
    await using again = startWorld({
      assignment: assignment([age('8h')]),
      connections: terminating,
      state: first.saved(),
    })
    await again.clock.advance(20 * SECOND)
    expect(again.aws.calls).toEqual([])
    if (violator) again.aws.leave(violator.id)
    await again.clock.advance(MINUTE)
    expect(outcomes(again)).toEqual(['confirmed'])
  })

  it('follows what the trail shows as open, though the state was not written any more', async () => {
    const [violator] = many(1)
    if (violator === undefined) return
    const cooling = age('8h', { cooldownMs: HOUR, hash: 'x' })
    const first = startWorld({ assignment: assignment([cooling]), connections: [violator] })
    await first.clock.advance(100)
    // The second process begins at noon as well; it was a moment ago that the first one wrote.
    const open = first.audit.records
      .filter(({ event }) => event === 'intent')
      .map((intent) => ({ ...intent, time: intent.time - SECOND }))
    expect(open).toHaveLength(1)
    await first[Symbol.asyncDispose]()
    const gone = { ...violator, status: 'terminated' }
    const back = connection({ username: violator.username, establishedAt: NOON + SECOND })
    await using again = startWorld({ assignment: assignment([cooling]), connections: [gone, back], openIntents: open })
    await again.clock.advance(MINUTE)
    expect(again.of('termination')[0]).toMatchObject({ outcome: 'confirmed', callId: open[0]?.call?.id })
    expect(again.endedIds()).toEqual([back.id])
  })

  it('goes on with a cooldown', async () => {
    const cooling = age('8h', { cooldownMs: HOUR, hash: 'x' })
    const first = startWorld({ assignment: assignment([cooling]), connections: [old()] })
    await first.clock.advance(MINUTE)
    await first[Symbol.asyncDispose]()
    const back = connection({ establishedAt: NOON + 10 * SECOND })
    await using again = startWorld({ assignment: assignment([cooling]), connections: [back], state: first.saved() })
    await again.clock.advance(MINUTE)
    expect(again.of('accepted').map(({ violation }) => violation.reason)).toEqual(['cooldown'])
  })
})

describe('verification', () => {
  it('of a cut whose answer was lost still begins the cooldown', async () => {
    const cooling = age('8h', { cooldownMs: HOUR })
    await using world = startWorld({ assignment: assignment([cooling]), connections: [old()] })
    const { terminate } = world.aws.vpn
    let lost = true
    world.aws.vpn.terminate = async (termination, signal) => {
      const answer = await terminate(termination, signal)
      if (!lost) return answer
      lost = false
      throw new VpnError('timeout', 'no answer')
    }
    await world.clock.advance(20 * SECOND)
    world.aws.connect(connection({ id: 'back', establishedAt: NOON + 15 * SECOND }))
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toContain('back')
  })

  it('starts the cooldown when the call leaves, not when it began to be written down', async () => {
    const cooling = age('8h', { cooldownMs: HOUR })
    const beside = connection({ id: 'beside', establishedAt: NOON + 2 * SECOND })
    await using world = startWorld({ assignment: assignment([cooling]), connections: [old()] })
    const { write } = world.audit.trail
    world.audit.trail.write = async (records) => {
      await world.clock.sleep(4 * SECOND, new AbortController().signal)
      await write(records)
    }
    await world.clock.advance(2 * SECOND)
    world.aws.connect(beside)
    await world.clock.advance(2 * MINUTE)
    expect(world.endedIds()).toHaveLength(1)
    expect(outcomes(world)).toEqual(['confirmed'])
    world.aws.connect({ ...beside, id: 'back', establishedAt: NOON + 3 * MINUTE })
    await world.clock.advance(2 * MINUTE)
    expect(world.endedIds().at(-1)).toBe('back')
  })

  it('that takes its time leaves the cooldowns of the others alone', async () => {
    const cooling = age('8h', { cooldownMs: HOUR })
    const [slow, swift] = [
      connection({ username: 'slow', establishedAt: NOON - 8 * HOUR }),
      connection({ username: 'swift', establishedAt: NOON - 8 * HOUR + 10 * SECOND }),
    ]
    await using world = startWorld({ assignment: assignment([cooling]), connections: [slow, swift] })
    const { snapshot } = world.aws.vpn
    world.aws.vpn.snapshot = async (endpointId, signal) => {
      const seen = await snapshot(endpointId, signal)
      const lingers = (id: string) =>
        id === slow.id && world.aws.calls.length > 0 && world.clock.now() < NOON + 40 * SECOND
      const connections = seen.connections.map((row) => (lingers(row.id) ? { ...row, status: 'terminating' } : row))
      return { ...seen, connections }
    }
    await world.clock.advance(MINUTE)
    expect(world.of('termination').map(({ violation }) => violation.connectionId)).toEqual([swift.id, slow.id])
    world.aws.connect(connection({ id: 'back', username: 'swift', establishedAt: NOON + 50 * SECOND }))
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toContain('back')
  })

  it('does not send again while AWS is at it, and says so in the end', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [old()] })
    world.aws.behaviour.terminatingForMs = HOUR
    await world.clock.advance(10 * MINUTE)
    expect(world.aws.calls).toHaveLength(1)
    expect(outcomes(world)).toEqual(['gave-up'])
  })

  it('asks once for a connection that AWS says is gone, though the last snapshot shows it', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [old()] })
    await world.clock.advance(0)
    world.aws.behaviour.failSnapshot = () => 'server-error'
    world.aws.behaviour.failTerminate = () => 'connection-not-found'
    world.aws.connect(old())
    await world.clock.advance(4 * MINUTE)
    expect(world.aws.calls.length).toBeLessThanOrEqual(2)
  })

  it('of a call that AWS answered with a fault of its own waits for what a snapshot shows', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [old()] })
    const { terminate } = world.aws.vpn
    world.aws.vpn.terminate = async (termination, signal) => {
      await terminate(termination, signal)
      throw new VpnError('server-error', '500')
    }
    await world.clock.advance(MINUTE)
    expect(world.aws.calls).toHaveLength(1)
    expect(outcomes(world)).toEqual(['confirmed'])
  })

  it('asks by id when AWS knows no such user though the connections are there', async () => {
    const sessions = [old({ username: 'mallory' }), old({ username: 'mallory' })]
    await using world = startWorld({ assignment: assignment([ban(['user:mallory'])]), connections: sessions })
    world.aws.behaviour.failTerminate = (id) => (id === 'mallory' ? 'user-not-found' : undefined)
    await world.clock.advance(3 * MINUTE)
    expect(world.endedIds().slice(1).sort()).toEqual(sessions.map(({ id }) => id).sort())
  })

  it('of one connection that will not go does not hold up a new one of the same user', async () => {
    const stuck = old({ username: 'mallory' })
    await using world = startWorld({ assignment: assignment([ban(['user:mallory'])]), connections: [stuck] })
    world.aws.behaviour.lies = (id) => id === stuck.id
    await world.clock.advance(20 * SECOND)
    world.aws.connect(connection({ id: 'new', username: 'mallory', establishedAt: NOON + 20 * SECOND }))
    await world.clock.advance(20 * SECOND)
    expect(world.endedIds()).toContain('new')
  })

  it('does not believe a failed-to-terminate that is older than its own call', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [old()] })
    world.aws.behaviour.ending = 'failed-to-terminate'
    world.aws.behaviour.terminatingForMs = 0
    await world.clock.advance(SECOND)
    expect(world.aws.calls).toHaveLength(1)
    world.aws.behaviour.ending = 'terminated'
    await world.clock.advance(MINUTE)
    expect(outcomes(world)).toEqual(['confirmed'])
    expect(world.aws.calls).toHaveLength(1)
  })

  it('goes on when the clock is set back', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [old()] })
    world.aws.behaviour.lies = () => true
    await world.clock.advance(SECOND)
    world.clock.jump(-HOUR)
    await world.clock.advance(3 * MINUTE)
    expect(world.aws.calls.length).toBeGreaterThan(1)
  })

  it('makes one story of a client that comes back each time, and never spares it', async () => {
    await using world = startWorld({ assignment: assignment([ban(['mallory'])]), connections: [] })
    await world.clock.advance(SECOND)
    for (let round = 0; round < 6; round++) {
      world.aws.connect(connection({ id: `round-${round}`, username: 'mallory', establishedAt: world.clock.now() }))
      await world.clock.advance(30 * SECOND)
    }
    expect(world.endedIds()).toHaveLength(6)
    expect(world.of('reconnected').map(({ count }) => count)).toEqual([1, 2, 3, 4, 5])
    expect(world.of('violation').at(-1)?.repeats).toBe(5)
  })
})

describe('a throttled wave', () => {
  it('is one piece of news: the pause does not double with each call of it', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: many(20), random: () => 0 })
    world.aws.behaviour.latencyMs = 100
    let empty = true
    world.aws.behaviour.failTerminate = () => (empty ? 'throttled' : undefined)
    await world.clock.advance(150)
    empty = false
    await world.clock.advance(3 * SECOND)
    expect(world.of('accepted').length).toBeGreaterThan(0)
  })

  it('does not silence a Region for long when the clock is set back', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: many(3) })
    let throttles = 3
    world.aws.behaviour.failTerminate = () => (throttles-- > 0 ? 'throttled' : undefined)
    await world.clock.advance(100)
    world.clock.jump(-HOUR)
    await world.clock.advance(MINUTE)
    expect(world.of('accepted')).toHaveLength(3)
  })

  it('loses no call to a decision that is made meanwhile', async () => {
    const violators = many(2)
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: violators })
    world.aws.behaviour.latencyMs = 4 * SECOND
    let first = true
    world.aws.behaviour.failTerminate = () => {
      const code = first ? ('throttled' as const) : undefined
      first = false
      return code
    }
    await world.clock.advance(3 * SECOND)
    await world.daemon.reload(assignment([age('8h')]))
    await world.clock.advance(30 * SECOND)
    expect(new Set(world.of('accepted').map(({ violation }) => violation.connectionId)).size).toBe(2)
  })
})

describe('an endpoint', () => {
  it('that is watched no longer is left alone, though a poll of it was under way', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [] })
    await world.clock.advance(SECOND)
    world.aws.connect(old())
    world.aws.behaviour.latencyMs = 3 * SECOND
    await world.clock.advance(15 * SECOND)
    await world.daemon.reload({
      ...assignment([age('8h')]),
      watch: [
        { site: SITE, endpoints: [{ id: 'cvpn-endpoint-0123456789abcdef9', name: 'other' }], discover: undefined },
      ],
    })
    world.aws.behaviour.latencyMs = 0
    const before = world.aws.calls.length
    await world.clock.advance(5 * SECOND)
    const told = world.of('decided').filter(({ endpoint }) => endpoint.id === ENDPOINT)
    expect(world.of('accepted').every(({ endpoint }) => endpoint.id !== ENDPOINT)).toBe(true)
    expect([before, told.at(-1)?.decisions.active]).toEqual([0, 0])
  })

  it('is found by its tags, comes and goes while the daemon runs, and stays when AWS cannot be asked', async () => {
    const found = { id: ENDPOINT, name: 'office', tags: new Map([['vpn-policy', 'enforced']]), status: 'available' }
    const discover = { tags: new Map([['vpn-policy', 'enforced']]) }
    const asked = { ...assignment([age('8h')]), watch: [{ site: SITE, endpoints: [], discover }] }
    await using world = startWorld({ assignment: asked, connections: [old()] })
    await world.clock.advance(SECOND)
    expect(world.daemon.status()).toEqual([])
    world.aws.behaviour.endpoints = [found]
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toHaveLength(1)
    expect(world.of('endpoints-changed')).toMatchObject([{ endpoints: [{ id: ENDPOINT, name: 'office' }] }])
    world.aws.vpn.endpoints = async () => {
      throw new VpnError('server-error', 'no answer')
    }
    await world.clock.advance(2 * MINUTE)
    expect(world.daemon.status()).toHaveLength(1)
    expect(world.of('discovery-failed').length).toBeGreaterThan(0)
  })

  it('tells which permission is missing before it is needed', async () => {
    const world = startWorld({ assignment: assignment([age('8h')]), connections: [], start: false })
    world.aws.behaviour.missingPermissions = ['ec2:TerminateClientVpnConnections']
    const ended = world.daemon.once(MINUTE, world.stop.signal)
    await world.clock.advance(SECOND)
    expect(await ended).toBe('done')
    expect(world.of('permission-missing').map(({ action }) => action)).toEqual(['ec2:TerminateClientVpnConnections'])
  })

  it('that fails backs off, and heeds the schedule again when it has answered', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [] })
    world.aws.behaviour.failSnapshot = () => 'server-error'
    await world.clock.advance(10 * MINUTE)
    const polls = world.of('poll-failed').length
    expect(polls).toBeGreaterThan(8)
    expect(polls).toBeLessThan(20)
    expect(world.of('blind')).toHaveLength(1)
    world.aws.behaviour.failSnapshot = () => undefined
    await world.clock.advance(2 * MINUTE)
    const before = world.aws.snapshots()
    await world.clock.advance(MINUTE)
    expect(world.aws.snapshots() - before).toBe(4)
  })
})

describe('what rests on the whole snapshot', () => {
  it('is confirmed by a fresh one at its deadline: a session that was closed meanwhile saves the other', async () => {
    const limit = policy('max-sessions', { limit: 1 }, { guard: 'off', graceMs: 67 * SECOND })
    const [first, second] = [connection({ establishedAt: NOON - HOUR }), connection({ establishedAt: NOON })]
    await using world = startWorld({ assignment: assignment([limit]), connections: [first, second] })
    await world.clock.advance(62 * SECOND)
    world.aws.leave(second.id)
    await world.clock.advance(MINUTE)
    expect(world.aws.calls).toEqual([])
  })
})

describe('a stop', () => {
  it('is not held up by a disk that hangs, which gathers no states behind it', async () => {
    let saves = 0
    const world = startWorld({
      assignment: assignment([age('8h')]),
      connections: [old()],
      save: () => (saves++, new Promise(() => {})),
    })
    await world.clock.advance(2 * MINUTE)
    world.stop.abort()
    await world.clock.advance(10 * SECOND)
    await world.stopped
    expect(saves).toBe(1)
  })

  it('is heard while AWS does not even say whose account it is', async () => {
    const world = startWorld({ assignment: assignment([age('8h')]), connections: [], start: false })
    world.aws.vpn.account = (signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(new VpnError('aborted', 'stopped'))),
      )
    const stopped = world.daemon.run(world.stop.signal)
    await world.clock.advance(SECOND)
    world.stop.abort()
    await world.clock.advance(SECOND)
    await stopped
    expect(world.of('stopped')).toHaveLength(1)
  })
})

describe('a clock that nobody can trust', () => {
  it('ends nobody', async () => {
    const later = connection({ establishedAt: NOON - 8 * HOUR + MINUTE })
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [later] })
    await world.clock.advance(SECOND)
    world.clock.distrust()
    await world.clock.advance(5 * MINUTE)
    expect(world.aws.calls).toEqual([])
    expect(world.daemon.status()[0]?.decisions).toBeUndefined()
    expect(world.of('blind')).toHaveLength(1)
  })
})

describe('one cycle', () => {
  it('ends at its time-out and at SIGTERM, though AWS does not answer', async () => {
    for (const cause of ['time-out', 'signal'] as const) {
      const world = startWorld({ assignment: assignment([age('8h')]), connections: [old()], start: false })
      world.aws.behaviour.latencyMs = HOUR
      const ended = world.daemon.once(cause === 'time-out' ? 10 * SECOND : HOUR, world.stop.signal)
      if (cause === 'signal') world.stop.abort()
      await world.clock.advance(20 * SECOND)
      expect(await ended).toBe('timed-out')
    }
  })
})
