import { describe, expect, it } from 'vitest'
import { EMPTY_STATE } from '../../src/app/state.ts'
import { VpnError } from '../../src/app/vpn.ts'
import { parseEndpointPattern } from '../../src/domain/names/endpoint-pattern.ts'
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
/** A policy for endpoints with the tag env=prod. The guard checks it. */
const forProd = () => {
  const parsed = parseEndpointPattern('tag:env=prod')
  if ('problem' in parsed) throw new Error(parsed.problem)
  const endpoints = [{ pattern: parsed.pattern, from: undefined, until: undefined, reason: undefined }]
  return age('8h', { guard: 'on', match: { users: undefined, endpoints, regions: undefined } })
}
const outcomes = (world: ReturnType<typeof startWorld>) => world.of('termination').map(({ outcome }) => outcome)

describe('every call', () => {
  it('has an intent in the trail, with its reason, before it leaves', async () => {
    const violators = many(5)
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: violators })
    const { terminate } = world.aws.vpn
    const recordedBefore: boolean[] = []
    world.aws.vpn.terminate = (termination, signal) => {
      const id = 'connectionId' in termination ? termination.connectionId : ''
      recordedBefore.push(world.audit.of('intent').some(({ connectionId }) => connectionId === id))
      return terminate(termination, signal)
    }
    await world.clock.advance(MINUTE)
    expect(recordedBefore).toEqual([true, true, true, true, true])
    const [intent] = world.audit.of('intent')
    expect(intent).toMatchObject({
      endpointId: ENDPOINT,
      account: '111122223333',
      policy: 'max-session-age',
      reason: 'session-age',
      policySetHash: assignment([age('8h')]).settings.policySetHash,
    })
    expect(intent?.call?.selector).toBe('connection-id')
    expect(new Set(world.audit.of('intent').map(({ call }) => call.id)).size).toBe(5)
  })

  it('waits while the trail cannot be written, and leaves once it can be written again', async () => {
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

  it('is withdrawn if a newer decision, made while the intent was written, keeps the connection', async () => {
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

  it('that was not sent because the unit may be lost counts as no attempt, and is planned again', async () => {
    const [violator] = many(1)
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: violator ? [violator] : [] })
    let isLost = true
    world.aws.behaviour.failTerminate = () => (isLost ? 'not-held' : undefined)
    await world.clock.advance(20 * SECOND)
    expect(world.aws.calls.length).toBeGreaterThan(1)
    expect(world.of('termination')).toEqual([])
    isLost = false
    await world.clock.advance(MINUTE)
    expect(world.of('termination')).toMatchObject([{ outcome: 'confirmed', attempts: 1 }])
  })

  it('is withdrawn and planned again if another policy has become the lead meanwhile', async () => {
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
    const intents = world.audit.of('intent')
    expect(intents.map(({ policy: name }) => name)).toEqual(['banned-users', 'max-session-age'])
    expect(world.of('accepted').map(({ violation }) => violation.policy)).toEqual(['max-session-age'])
  })

  it('does not leave once its verdict has ended, even before the next judgement', async () => {
    const until = new Date(NOON + 3500).toISOString()
    const brief = policy('banned-users', { users: [{ pattern: 'person-*', until }] }, { guard: 'off' })
    const slow = { ...assignment([brief]), terminationRate: { burst: 2, perSecond: 1 } }
    await using world = startWorld({ assignment: slow, connections: many(10) })
    await world.clock.advance(MINUTE)
    expect(world.aws.calls.map(({ at }) => at - NOON)).toEqual([0, 0, 1000, 2000, 3000])
  })
})

describe('a call by user name', () => {
  const sessions = (count: number, different = {}) =>
    Array.from({ length: count }, () => old({ username: 'mallory', commonName: 'mallory', ...different }))

  it('ends up to five connections where the policy rests on the name alone', async () => {
    await using world = startWorld({ assignment: assignment([ban(['user:mallory'])]), connections: sessions(4) })
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toEqual(['mallory'])
    expect(outcomes(world)).toEqual(['confirmed', 'confirmed', 'confirmed', 'confirmed'])
    const intents = world.audit.of('intent')
    expect(intents.map(({ call }) => call?.selector)).toEqual(['username', 'username', 'username', 'username'])
    expect(new Set(intents.map(({ call }) => call?.id)).size).toBe(1)
  })

  it.each<[string, readonly Policy[], ReturnType<typeof sessions>]>([
    ['more than five', [ban(['mallory'])], sessions(6)],
    ['only one', [ban(['mallory'])], sessions(1)],
    ['different spellings', [ban(['mallory'])], [...sessions(1), ...sessions(1, { username: 'Mallory' })]],
    ['one that is terminating', [ban(['mallory'])], [...sessions(2), ...sessions(1, { status: 'terminating' })]],
    ['a policy on connections', [age('8h')], sessions(3)],
    [
      'a connection that is due only for its age',
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

  it('reports a connection established after the snapshot that the call ended too', async () => {
    await using world = startWorld({ assignment: assignment([ban(['user:mallory'])]), connections: sessions(2) })
    world.audit.disk.isFull = true
    await world.clock.advance(SECOND)
    world.aws.connect(connection({ id: 'late', username: 'mallory', establishedAt: NOON + 500 }))
    world.audit.disk.isFull = false
    await world.clock.advance(6 * SECOND)
    expect(world.endedIds()).toEqual(['mallory'])
    expect(world.of('also-ended').map(({ violation }) => violation.connectionId)).toEqual(['late'])
  })

  it('leaves even if a new decision is made while its intent is written', async () => {
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

  it('is replaced by single calls if AWS counts more connections than the snapshot', async () => {
    const known = sessions(3)
    await using world = startWorld({ assignment: assignment([ban(['mallory'])]), connections: known })
    world.aws.behaviour.failTerminate = (id) => (id === 'mallory' ? 'too-many-connections' : undefined)
    await world.clock.advance(MINUTE)
    expect(world.endedIds()[0]).toBe('mallory')
    expect(world.endedIds().slice(1).sort()).toEqual(known.map(({ id }) => id).sort())
  })
})

describe('the guard', () => {
  it('holds terminations that an edit would cause, reports them once, and does not hold an urgent ban', async () => {
    const sessions = many(40).map((row) => ({ ...row, establishedAt: NOON - 5 * HOUR }))
    const gentle = age('8h', { guard: 'on', hash: 'a' })
    await using world = startWorld({ assignment: assignment([gentle]), connections: sessions })
    await world.clock.advance(MINUTE)
    const strict = age('4h', { guard: 'on', hash: 'b' })
    await world.daemon.reload(assignment([strict, ban(['person-7'], { hash: 'c' })]))
    await world.clock.advance(10 * MINUTE)
    expect(world.endedIds()).toEqual([sessions[7]?.id])
    expect(world.of('held').map(({ policy: name, endsNow }) => [name, endsNow])).toEqual([['max-session-age', 40]])
    expect(world.daemon.status()[0]?.plan?.held).toHaveLength(39)
  })

  it('keeps holding after a restart, and releases at an edit', async () => {
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

  it('does not hold off-hours that end most of an endpoint as scheduled', async () => {
    const closing = policy('off-hours', { timeZone: 'UTC', allowed: [{ hours: '08:00-12:05' }] }, { hash: 'h' })
    const sessions = many(40).map((row) => ({ ...row, establishedAt: NOON - HOUR }))
    await using world = startWorld({ assignment: assignment([closing]), connections: sessions })
    await world.clock.advance(6 * MINUTE)
    expect(world.endedIds()).toHaveLength(40)
  })
})

describe('a hold', () => {
  const limit = policy('max-sessions', { limit: 1 }, { hash: 'h' })
  /** Sixteen users with two connections each, of which one is surplus. */
  const pairs = Array.from({ length: 16 }, (_, index) => [
    connection({ username: `person-${index}`, establishedAt: NOON - HOUR }),
    connection({ username: `person-${index}`, establishedAt: NOON - MINUTE }),
  ]).flat()
  const held = (world: ReturnType<typeof startWorld>) => world.daemon.status()[0]?.plan?.held.length

  it('outlasts a failed poll and a snapshot with a missing row, even when few are left', async () => {
    const tight = {
      ...assignment([limit]),
      settings: { ...assignment([limit]).settings, guard: { maxPercent: 40, minConnections: 10, lookAheadMs: 0 } },
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

  it('is released by an edit that was made while the daemon was down', async () => {
    const strict = age('8h', { guard: 'on', hash: 'a' })
    const first = startWorld({ assignment: assignment([strict]), connections: many(40) })
    await first.clock.advance(MINUTE)
    await first[Symbol.asyncDispose]()
    const loose = { ...assignment([{ ...strict, hash: 'b' }]) }
    const wide = {
      ...loose,
      settings: { ...loose.settings, guard: { maxPercent: 100, minConnections: 1000, lookAheadMs: 0 } },
    }
    await using again = startWorld({ assignment: wide, connections: many(40), state: first.saved() })
    await again.clock.advance(MINUTE)
    expect(again.endedIds()).toHaveLength(40)
  })

  it('covers overdue connections of an endpoint that is watched only later', async () => {
    const strict = age('8h', { guard: 'on', hash: 'a' })
    const state = {
      ...EMPTY_STATE,
      policies: { 'max-session-age': { hash: 'a', acts: true, changedAt: NOON - 300 * HOUR } },
    }
    await using world = startWorld({ assignment: assignment([strict]), connections: many(40), state })
    await world.clock.advance(5 * MINUTE)
    expect(world.aws.calls).toEqual([])
    expect(held(world)).toBe(40)
  })

  describe('of an endpoint that comes back to be watched', () => {
    const daily = age('8h', { guard: 'on', hash: 'a' })
    const watching = {
      ...assignment([daily]),
      settings: {
        ...assignment([daily]).settings,
        guard: { maxPercent: 50, minConnections: 10, lookAheadMs: 24 * HOUR },
      },
    }
    const apart = { ...watching, watch: [] }
    /** The daemon has judged the endpoint, and watches it no longer. Forty connections grow old on it. */
    const leave = async (world: ReturnType<typeof startWorld>) => {
      await world.clock.advance(20 * SECOND)
      await world.daemon.reload(apart)
      await world.clock.advance(2 * SECOND)
      for (const row of many(40)) world.aws.connect(row)
    }
    const quiet = () =>
      startWorld({ assignment: watching, connections: [], scheduleOf: () => ({ next: (now) => now + HOUR }) })

    it('begins after an hour, as on a new endpoint', async () => {
      await using world = quiet()
      await leave(world)
      world.clock.jump(HOUR)
      await world.daemon.reload(watching)
      await world.clock.advance(MINUTE)
      expect([world.aws.calls, held(world)]).toEqual([[], 40])
    })

    it('does not begin within ten minutes: what is overdue would have ended', async () => {
      await using world = quiet()
      await leave(world)
      world.clock.jump(9 * MINUTE)
      await world.daemon.reload(watching)
      await world.clock.advance(MINUTE)
      expect(world.endedIds()).toHaveLength(40)
    })

    it('begins after a restart that brings the endpoint back', async () => {
      const first = quiet()
      await leave(first)
      const state = first.saved()
      await first[Symbol.asyncDispose]()
      await using again = startWorld({ assignment: watching, connections: many(40), state, startAt: NOON + HOUR })
      await again.clock.advance(MINUTE)
      expect([again.aws.calls, held(again)]).toEqual([[], 40])
    })

    it('begins if the endpoint was taken out while the daemon was down', async () => {
      const first = quiet()
      await first.clock.advance(20 * SECOND)
      await first[Symbol.asyncDispose]()
      await using again = startWorld({
        assignment: apart,
        connections: many(40),
        state: first.saved(),
        startAt: NOON + HOUR,
      })
      await again.clock.advance(SECOND)
      again.clock.jump(HOUR)
      await again.daemon.reload(watching)
      await again.clock.advance(MINUTE)
      expect([again.aws.calls, held(again)]).toEqual([[], 40])
    })
  })
})

describe('a restart', () => {
  it('follows open terminations, and ends nothing twice', async () => {
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

  it('follows open intents of the trail, even if the state was not saved after them', async () => {
    const [violator] = many(1)
    if (violator === undefined) return
    const cooling = age('8h', { cooldownMs: HOUR, hash: 'x' })
    const first = startWorld({ assignment: assignment([cooling]), connections: [violator] })
    await first.clock.advance(100)
    // The second process starts at noon too, so the intents of the first one are dated one second earlier.
    const open = first.audit.of('intent').map((intent) => ({ ...intent, time: intent.time - SECOND }))
    expect(open).toHaveLength(1)
    await first[Symbol.asyncDispose]()
    const terminated = { ...violator, status: 'terminated' }
    const back = connection({ username: violator.username, establishedAt: NOON + SECOND })
    await using again = startWorld({
      assignment: assignment([cooling]),
      connections: [terminated, back],
      trail: open,
    })
    await again.clock.advance(MINUTE)
    expect(again.of('termination')[0]).toMatchObject({ outcome: 'confirmed', callId: open[0]?.call?.id })
    expect(again.endedIds()).toEqual([back.id])
  })

  it('keeps a cooldown', async () => {
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
  it('of a termination whose answer was lost still starts the cooldown', async () => {
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

  it('starts the cooldown when the call leaves, not when its intent is written', async () => {
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

  it('that takes long does not change the cooldowns of other users', async () => {
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

  it('does not repeat the call while AWS is terminating, and finally reports gave-up', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [old()] })
    world.aws.behaviour.terminatingForMs = HOUR
    await world.clock.advance(10 * MINUTE)
    expect(world.aws.calls).toHaveLength(1)
    expect(outcomes(world)).toEqual(['gave-up'])
  })

  it('does not repeat a call for a connection that AWS does not find, even if the snapshot shows it', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [old()] })
    await world.clock.advance(0)
    world.aws.behaviour.failSnapshot = () => 'server-error'
    world.aws.behaviour.failTerminate = () => 'connection-not-found'
    world.aws.connect(old())
    await world.clock.advance(4 * MINUTE)
    expect(world.aws.calls.length).toBeLessThanOrEqual(2)
  })

  it('of a call that AWS answered with a server error waits for a snapshot', async () => {
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

  it('calls by id if AWS reports no such user but the connections are listed', async () => {
    const sessions = [old({ username: 'mallory' }), old({ username: 'mallory' })]
    await using world = startWorld({ assignment: assignment([ban(['user:mallory'])]), connections: sessions })
    world.aws.behaviour.failTerminate = (id) => (id === 'mallory' ? 'user-not-found' : undefined)
    await world.clock.advance(3 * MINUTE)
    expect(world.endedIds().slice(1).sort()).toEqual(sessions.map(({ id }) => id).sort())
  })

  it('of a connection that does not end does not delay a new one of the same user', async () => {
    const stuck = old({ username: 'mallory' })
    await using world = startWorld({ assignment: assignment([ban(['user:mallory'])]), connections: [stuck] })
    world.aws.behaviour.lies = (id) => id === stuck.id
    await world.clock.advance(20 * SECOND)
    world.aws.connect(connection({ id: 'new', username: 'mallory', establishedAt: NOON + 20 * SECOND }))
    await world.clock.advance(20 * SECOND)
    expect(world.endedIds()).toContain('new')
  })

  it('ignores a failed-to-terminate right after the call, which may be older than the call', async () => {
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

  it('continues when the clock is set back', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [old()] })
    world.aws.behaviour.lies = () => true
    await world.clock.advance(SECOND)
    world.clock.jump(-HOUR)
    await world.clock.advance(3 * MINUTE)
    expect(world.aws.calls.length).toBeGreaterThan(1)
  })

  it('counts the reconnects of a client that always reconnects, and ends each of its connections', async () => {
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

describe('several throttled calls at once', () => {
  it('doubles the pause once, not once for each throttled call', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: many(20), random: () => 0 })
    world.aws.behaviour.latencyMs = 100
    let empty = true
    world.aws.behaviour.failTerminate = () => (empty ? 'throttled' : undefined)
    await world.clock.advance(150)
    empty = false
    await world.clock.advance(3 * SECOND)
    expect(world.of('accepted').length).toBeGreaterThan(0)
  })

  it('do not stop calls for long when the clock is set back', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: many(3) })
    let throttles = 3
    world.aws.behaviour.failTerminate = () => (throttles-- > 0 ? 'throttled' : undefined)
    await world.clock.advance(100)
    world.clock.jump(-HOUR)
    await world.clock.advance(MINUTE)
    expect(world.of('accepted')).toHaveLength(3)
  })

  it('lose no call if a decision is made meanwhile', async () => {
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
  it('that is no longer watched gets no calls, even if a poll of it was running', async () => {
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
    const decided = world.of('decided').filter(({ endpoint }) => endpoint.id === ENDPOINT)
    expect(world.of('accepted').every(({ endpoint }) => endpoint.id !== ENDPOINT)).toBe(true)
    expect([before, decided.at(-1)?.decisions.active]).toEqual([0, 0])
  })

  it('is discovered by its tags while the daemon runs, and stays if the list cannot be read', async () => {
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

  it('whose tag is changed keeps its connections: the guard holds a policy that would end them', async () => {
    const tagged = (env: string) => [
      { id: ENDPOINT, name: 'office', tags: new Map([['env', env]]), status: 'available' },
    ]
    const asked = { ...assignment([forProd()]), watch: [{ site: SITE, endpoints: [], discover: 'all' as const }] }
    await using world = startWorld({ assignment: asked, connections: Array.from({ length: 40 }, old), start: false })
    world.aws.behaviour.endpoints = tagged('dev')
    void world.daemon.run(world.stop.signal)
    await world.clock.advance(2 * MINUTE)
    expect(world.of('held')).toEqual([])
    world.aws.behaviour.endpoints = tagged('prod')
    await world.clock.advance(2 * MINUTE)
    expect(world.aws.calls).toEqual([])
    expect(world.of('held').map(({ endsNow }) => endsNow)).toEqual([40])
    expect(world.of('selection-changed').map(({ policies }) => policies)).toEqual([['max-session-age']])
    world.aws.behaviour.endpoints = tagged('dev')
    await world.clock.advance(2 * MINUTE)
    expect([world.of('released').length, world.aws.calls.length]).toEqual([1, 0])
  })

  it('that is listed has its tags read if a policy asks for them, and none of its connections ended before', async () => {
    const listed = [
      { site: SITE, endpoints: [{ id: ENDPOINT, name: undefined }], discover: undefined, readsTags: true },
    ]
    const asked = { ...assignment([forProd()]), watch: listed }
    await using world = startWorld({ assignment: asked, connections: [old()], start: false })
    const { endpoints } = world.aws.vpn
    world.aws.vpn.endpoints = () => Promise.reject(new VpnError('denied', 'not allowed'))
    world.aws.behaviour.endpoints = [
      { id: ENDPOINT, name: 'Berlin', tags: new Map([['env', 'prod']]), status: 'available' },
    ]
    void world.daemon.run(world.stop.signal)
    await world.clock.advance(3 * MINUTE)
    expect(world.aws.calls).toEqual([])
    expect(world.of('tags-unread')).toHaveLength(1)
    expect(world.of('discovery-failed')).toEqual([])
    const [unknown] = [...(world.of('decided').at(-1)?.decisions.unknown.values() ?? [])]
    expect(unknown?.size).toBe(1)
    world.aws.vpn.endpoints = endpoints
    await world.clock.advance(2 * MINUTE)
    expect(world.endedIds()).toHaveLength(1)
    expect(world.of('endpoints-changed')).toMatchObject([{ endpoints: [{ name: 'Berlin' }], gone: [] }])
  })

  it('that matches no longer an entry of a policy has that entry shown, each minute, until one matches again', async () => {
    const tagged = (env: string) => [
      { id: ENDPOINT, name: 'office', tags: new Map([['env', env]]), status: 'available' },
    ]
    const asked = { ...assignment([forProd()]), watch: [{ site: SITE, endpoints: [], discover: 'all' as const }] }
    await using world = startWorld({ assignment: asked, connections: [], start: false })
    world.aws.vpn.endpoints = () => Promise.reject(new VpnError('throttled', 'later'))
    void world.daemon.run(world.stop.signal)
    await world.clock.advance(2 * MINUTE)
    // Before AWS has listed endpoints, nothing is known of them.
    expect(world.of('unmatched-entries')).toEqual([])
    world.aws.vpn.endpoints = async () => world.aws.behaviour.endpoints
    world.aws.behaviour.endpoints = tagged('prd')
    await world.clock.advance(3 * MINUTE)
    const entry = { policy: 'max-session-age', selector: 'match', entry: 'tag:env=prod' }
    expect(world.daemon.unmatched()).toEqual([entry])
    const looks = world.of('unmatched-entries')
    expect(looks.length).toBeGreaterThanOrEqual(3)
    expect(looks.map(({ entries }) => entries)).toEqual(looks.map(() => [entry]))
    expect(looks.flatMap(({ added }) => added)).toEqual([entry])
    world.aws.behaviour.endpoints = tagged('prod')
    await world.clock.advance(2 * MINUTE)
    expect(world.daemon.unmatched()).toEqual([])
  })

  it('that is listed is not looked up at AWS if no policy reads tags', async () => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [] })
    let asked = 0
    world.aws.vpn.endpoints = async () => {
      asked++
      return []
    }
    await world.clock.advance(5 * MINUTE)
    expect(asked).toBe(0)
  })

  it('has a missing permission reported before it is needed', async () => {
    const world = startWorld({ assignment: assignment([age('8h')]), connections: [], start: false })
    world.aws.behaviour.missingPermissions = ['ec2:TerminateClientVpnConnections']
    const ended = world.daemon.once(MINUTE, world.stop.signal)
    await world.clock.advance(SECOND)
    expect(await ended).toBe('done')
    expect(world.of('permission-missing').map(({ action }) => action)).toEqual(['ec2:TerminateClientVpnConnections'])
  })

  it.each([
    ['throttled', 8, 20],
    ['server-error', 30, 60],
  ] as const)('whose reads are answered with %s is read on schedule again after a success', async (code, few, many) => {
    await using world = startWorld({ assignment: assignment([age('8h')]), connections: [] })
    world.aws.behaviour.failSnapshot = () => code
    await world.clock.advance(10 * MINUTE)
    const polls = world.of('poll-failed').length
    expect(polls).toBeGreaterThan(few)
    expect(polls).toBeLessThan(many)
    expect(world.of('blind')).toHaveLength(1)
    world.aws.behaviour.failSnapshot = () => undefined
    await world.clock.advance(2 * MINUTE)
    const before = world.aws.snapshots()
    await world.clock.advance(MINUTE)
    expect(world.aws.snapshots() - before).toBe(4)
  })
})

describe('a verdict on the whole snapshot', () => {
  it('is confirmed by a fresh snapshot: a connection closed before the deadline keeps the other up', async () => {
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
  it('is not delayed by a disk that hangs, and saves do not pile up', async () => {
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

  it('works while AWS does not return the account', async () => {
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

describe('a clock that is not trusted', () => {
  it('ends no connection', async () => {
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
  it('ends at its timeout and at SIGTERM, even if AWS does not answer', async () => {
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
