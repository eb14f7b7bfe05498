import { describe, expect, it } from 'vitest'
import type { IntentRecord, OutcomeRecord } from '../../src/app/audit.ts'
import { createKnownByTrail } from '../../src/app/known-by-trail.ts'
import { endpointKey } from '../../src/app/site.ts'
import { EMPTY_STATE, type State } from '../../src/app/state.ts'
import { createMemory, type KeptMemory } from '../../src/domain/judge/memory.ts'
import type { KeptTermination } from '../../src/domain/terminate/termination.ts'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, NOON, PLACE, policy, VIOLATION } from '../domain/build.ts'
import { assignment, startWorld } from './world.ts'

const KEY = endpointKey(PLACE.region, ENDPOINT)
const OTHER_ENDPOINT = 'cvpn-endpoint-0123456789abcdef1'
const daily = policy('max-session-age', { maxAge: '8h' }, { guard: 'off', name: 'daily', cooldownMs: HOUR })

const about = { ...VIOLATION, ...PLACE, account: '111122223333', policySetHash: 'hash' }
const intent = (callId: string, time: number, more: Partial<IntentRecord> = {}): IntentRecord => ({
  ...about,
  event: 'intent',
  time,
  call: { id: callId, selector: 'connection-id' },
  ...more,
})
const outcome = (callId: string, time: number, of: OutcomeRecord['outcome'] = 'confirmed'): OutcomeRecord => ({
  ...about,
  event: of === 'gave-up' ? 'gave-up' : 'outcome',
  time,
  requestId: undefined,
  call: { id: callId, selector: 'connection-id' },
  outcome: of,
})

const answered = (callId: string) =>
  ({
    violation: VIOLATION,
    attempts: 1,
    callId,
    selector: 'connection-id',
    leftAt: NOON - MINUTE,
    answeredAt: NOON - MINUTE,
    requestId: undefined,
  }) as const
const unproven = (callId: string): KeptTermination => ({ ...answered(callId), state: 'unproven', absences: 0 })
const givenUp = (callId: string): KeptTermination => ({
  ...answered(callId),
  state: 'given-up',
  heard: 'read',
  absences: 0,
  tryAgainAt: NOON,
})

const stateWith = (kept: Partial<KeptMemory>): State => ({
  ...EMPTY_STATE,
  endpoints: { [KEY]: { ...createMemory().kept(), watchedSince: NOON - HOUR, ...kept } },
})

const known = (state: State, records: ReadonlyArray<IntentRecord | OutcomeRecord>) => {
  const trail = createKnownByTrail(state, [daily], NOON)
  const since = trail.since(records.at(-1)?.time)
  for (const record of records) if (record.time >= since) trail.read(record)
  return trail.known()
}
const terminations = (state: State, records: ReadonlyArray<IntentRecord | OutcomeRecord>) =>
  (known(state, records).state.endpoints[KEY]?.terminations ?? []).map(({ callId, state: at }) => [callId, at])

describe('a termination of the state that the trail knows better', () => {
  it.each(['confirmed', 'already-gone'] as const)('is over if the trail says %s', (end) => {
    const records = [intent('a', NOON - MINUTE), outcome('a', NOON - SECOND, end)]
    expect(terminations(stateWith({ terminations: [unproven('a')] }), records)).toEqual([])
  })

  it.each(['a', 'b'])(
    'is given up if the trail says so of its call or a later one, at every later start: %s',
    (last) => {
      const calls = [intent('a', NOON - MINUTE), intent('b', NOON - 30 * SECOND, { policy: 'weekly' })]
      const policy = last === 'a' ? 'daily' : 'weekly'
      const end = { ...outcome(last, NOON + 5 * MINUTE, 'gave-up'), policy }
      const records = [...calls.slice(0, last === 'a' ? 1 : 2), end]
      const once = known(stateWith({ terminations: [unproven('a')] }), records)
      expect(once.state.endpoints[KEY]?.terminations).toMatchObject([
        { callId: last, state: 'given-up', heard: 'read', tryAgainAt: NOON + 10 * MINUTE },
      ])
      expect(known(once.state, records)).toEqual(once)
      expect(once.unproven).toEqual([])
    },
  )

  it('is followed if the trail has no outcome, or the outcome of another call', () => {
    const state = stateWith({ terminations: [unproven('b')] })
    expect(terminations(state, [intent('b', NOON - MINUTE)])).toEqual([['b', 'unproven']])
    const earlier = [intent('a', NOON - 2 * MINUTE), outcome('a', NOON - 100 * SECOND), intent('b', NOON - MINUTE)]
    expect(terminations(state, earlier)).toEqual([['b', 'unproven']])
  })

  it.each([0, 2 * MINUTE])(
    'is over after the outcome of a later call that the state does not know, clock back by %d ms',
    (back) => {
      const calls = [intent('a', NOON - MINUTE), intent('b', NOON - 30 * SECOND - back)]
      const state = stateWith({ terminations: [unproven('a')] })
      const after = (end: OutcomeRecord['outcome']) =>
        terminations(state, [...calls, outcome('b', NOON - SECOND - back, end)])
      expect((['confirmed', 'already-gone', 'gave-up', 'failed'] as const).map(after)).toEqual([
        [],
        [],
        [['b', 'given-up']],
        [['a', 'unproven']],
      ])
    },
  )

  it('is followed though an earlier call has an outcome with a later time', () => {
    const earlier = [intent('a', NOON - 30 * SECOND), outcome('a', NOON - 20 * SECOND), intent('b', NOON - MINUTE)]
    expect(terminations(stateWith({ terminations: [unproven('b')] }), earlier)).toEqual([['b', 'unproven']])
  })

  it('stays given up after the record of it', () => {
    const records = [intent('a', NOON - MINUTE), outcome('a', NOON - SECOND, 'gave-up')]
    expect(terminations(stateWith({ terminations: [givenUp('a')] }), records)).toEqual([['a', 'given-up']])
  })

  it('is that of the latest call', () => {
    const records = [intent('a', NOON - MINUTE), intent('b', NOON - SECOND)]
    expect(terminations(stateWith({ terminations: [unproven('a')] }), records)).toEqual([['b', 'waiting']])
    expect(terminations(EMPTY_STATE, records)).toEqual([['b', 'waiting']])
  })

  it('is open though an outcome of an earlier call was written after its intent', () => {
    const late = [intent('a', NOON - MINUTE), intent('b', NOON - SECOND), outcome('a', NOON - 30 * SECOND, 'failed')]
    expect(terminations(EMPTY_STATE, late)).toEqual([['b', 'waiting']])
  })

  it('is open though the host is hours ahead at the start', () => {
    for (const aheadMs of [0, 2 * HOUR]) {
      const trail = createKnownByTrail(EMPTY_STATE, [daily], NOON + aheadMs)
      const record = intent('a', NOON - SECOND)
      expect(trail.since(NOON)).toBeLessThan(record.time)
      trail.read(record)
      expect(trail.known().state.endpoints[KEY]?.terminations).toHaveLength(1)
    }
  })

  it('belongs to its endpoint: an intent on another endpoint, or older than an hour, opens nothing here', () => {
    const elsewhere = intent('a', NOON - SECOND, { endpointId: OTHER_ENDPOINT })
    const abroad = intent('b', NOON - SECOND, { region: 'us-east-1' })
    expect(terminations(EMPTY_STATE, [intent('c', NOON - HOUR - 2 * SECOND), elsewhere, abroad])).toEqual([])
  })

  it('is confirmed once, although the process was killed between the record and the save of the state', async () => {
    const violator = connection({ establishedAt: NOON - 9 * HOUR })
    const first = startWorld({ assignment: assignment([daily]), connections: [violator], startAt: NOON - MINUTE })
    await first.clock.advance(SECOND)
    const beforeTheEnd = first.saved()
    expect(Object.values(beforeTheEnd.endpoints).flatMap((kept) => kept.terminations)).toHaveLength(1)
    await first.clock.advance(20 * SECOND)
    expect(first.of('termination').map(({ outcome: end }) => end)).toEqual(['confirmed'])
    const [call] = first.of('termination')
    await first[Symbol.asyncDispose]()
    await using again = startWorld({
      assignment: assignment([daily]),
      connections: [{ ...violator, status: 'terminated' }],
      state: beforeTheEnd,
      trail: [
        ...first.audit.of('intent'),
        { ...outcome(call?.callId ?? '', NOON - SECOND), connectionId: violator.id },
      ],
    })
    await again.clock.advance(MINUTE)
    expect(again.of('termination')).toEqual([])
  })
})

describe('a termination of the state', () => {
  const state = stateWith({ terminations: [unproven('a')] })
  const call = intent('a', NOON - MINUTE - SECOND)

  it('is followed if the trail has the intent of its call', () => {
    expect(terminations(state, [{ ...call, username: 'Alice' }])).toEqual([['a', 'unproven']])
    expect(known(state, [call]).unproven).toEqual([])
  })

  it.each([
    ['no intent', []],
    ['the intent of another call', [{ ...intent('b', NOON - MINUTE), connectionId: 'two' }]],
    ['an intent for another connection', [{ ...call, connectionId: 'two' }]],
    ['an intent for another user', [{ ...call, username: 'bob' }]],
    ['an intent of another policy', [{ ...call, policy: 'nights' }]],
    ['an intent on another endpoint', [{ ...call, endpointId: OTHER_ENDPOINT }]],
    ['an intent that is much older', [{ ...call, time: NOON - 30 * MINUTE }]],
    ['an answer without an intent', [outcome('a', NOON - MINUTE, 'accepted')]],
  ])('is dropped if the trail has %s', (_what, records) => {
    const found = known(state, records)
    const at = found.state.endpoints[KEY]?.terminations.map((one) => one.state) ?? []
    expect(at).not.toContain('unproven')
    expect(found.unproven).toEqual([{ what: 'termination', policy: 'daily', principal: 'user:alice' }])
  })

  it('makes the trail be read back to its call', () => {
    const old = { ...givenUp('a'), leftAt: NOON - 5 * HOUR }
    const of = (time: number) => terminations(stateWith({ terminations: [old] }), [intent('a', time)])
    expect(of(NOON - 5 * HOUR - MINUTE)).toEqual([['a', 'given-up']])
  })

  it('that somebody wrote into the state file ends nobody by a cooldown', async () => {
    const victim = connection({ establishedAt: NOON - MINUTE })
    const invented = { ...unproven('a'), leftAt: NOON - 3 * MINUTE, answeredAt: NOON - 3 * MINUTE }
    await using world = startWorld({
      assignment: assignment([daily]),
      connections: [victim],
      state: stateWith({ terminations: [invented] }),
      trail: [],
    })
    await world.clock.advance(5 * MINUTE)
    expect([world.endedIds(), world.of('termination')]).toEqual([[], []])
  })
})

describe('a cooldown of the state', () => {
  const cooldown = (principal: string, at = NOON - MINUTE, name = 'daily') =>
    stateWith({ terminated: { [name]: { [principal]: at } } })
  const kept = (state: State, records: ReadonlyArray<IntentRecord | OutcomeRecord>) => {
    const found = known(state, records)
    return { terminated: found.state.endpoints[KEY]?.terminated, unproven: found.unproven }
  }
  const dropped = (principal = 'user:alice') => ({
    terminated: {},
    unproven: [{ what: 'cooldown', policy: 'daily', principal }],
  })
  const call = intent('a', NOON - MINUTE - SECOND, { username: 'Alice' })

  it('counts if the trail has the intent of its call', () => {
    const state = cooldown('user:alice')
    expect(kept(state, [call])).toEqual({ terminated: { daily: { 'user:alice': NOON - MINUTE } }, unproven: [] })
    const device = intent('a', NOON - MINUTE, { username: undefined, commonName: 'Laptop' })
    expect(kept(cooldown('cn:laptop'), [device]).unproven).toEqual([])
  })

  it.each([
    ['no intent', []],
    ['an intent for another user', [{ ...call, username: 'bob' }]],
    ['an intent for a certificate of this name', [{ ...call, username: undefined, commonName: 'alice' }]],
    ['an intent of another policy', [{ ...call, policy: 'nights' }]],
    ['an intent on another endpoint', [{ ...call, endpointId: OTHER_ENDPOINT }]],
    ['an intent that is much older', [{ ...call, time: NOON - 30 * MINUTE }]],
    ['an outcome without an intent', [{ ...outcome('a', NOON - MINUTE), username: 'alice' }]],
  ])('is dropped if the trail has %s', (_what, records) => {
    expect(kept(cooldown('user:alice'), records)).toEqual(dropped())
  })

  it('is forgotten without a word if its policy has none', () => {
    expect(kept(cooldown('user:alice', NOON - MINUTE, 'gone'), [])).toEqual({ terminated: {}, unproven: [] })
  })

  it('makes the trail be read back to its call', () => {
    const since = (state: State) => createKnownByTrail(state, [daily], NOON).since(NOON)
    expect(since(EMPTY_STATE)).toBe(NOON - HOUR)
    expect(since(cooldown('user:alice', NOON - 48 * HOUR))).toBe(NOON - 48 * HOUR - MINUTE)
  })

  it.each([0, 2 * HOUR])('that is running is kept though the host is %d ms ahead at the start', async (hostAheadMs) => {
    const banned = connection({ establishedAt: NOON - SECOND })
    await using world = startWorld({
      assignment: assignment([daily]),
      connections: [banned],
      state: cooldown('user:alice'),
      trail: [call],
      hostAheadMs,
    })
    await world.clock.advance(MINUTE)
    world.clock.jump(-hostAheadMs)
    await world.clock.advance(5 * MINUTE)
    expect(world.endedIds()).toEqual([banned.id])
  })

  it('that is over by a confirmed clock ends nobody', async () => {
    await using world = startWorld({
      assignment: assignment([daily]),
      connections: [connection({ establishedAt: NOON - SECOND })],
      state: cooldown('user:alice', NOON - HOUR),
      trail: [{ ...call, time: NOON - HOUR }],
      hostAheadMs: 0,
    })
    await world.clock.advance(5 * MINUTE)
    expect([world.endedIds(), world.saved().endpoints[KEY]?.terminated]).toEqual([[], {}])
  })

  it('that somebody wrote into the state file ends nobody', async () => {
    const victim = connection({ establishedAt: NOON - MINUTE })
    const forged = stateWith({ terminated: { daily: { 'user:alice': NOON - 2 * MINUTE } } })
    await using world = startWorld({
      assignment: assignment([daily]),
      connections: [victim],
      state: forged,
      trail: [],
    })
    await world.clock.advance(5 * MINUTE)
    expect(world.endedIds()).toEqual([])
  })
})

describe('a cooldown that only the trail knows', () => {
  const cooldowns = (state: State, records: ReadonlyArray<IntentRecord | OutcomeRecord>) =>
    known(state, records).state.endpoints[KEY]?.terminated
  const at = NOON - 2 * MINUTE
  const ended = [intent('a', at), outcome('a', NOON - MINUTE)]

  it('begins with an intent that was confirmed, whether the state has its termination or not', () => {
    for (const state of [EMPTY_STATE, stateWith({ terminations: [unproven('a')] })]) {
      expect(cooldowns(state, ended)).toEqual({ daily: { 'user:alice': at } })
    }
  })

  it('is the one of the state if that has it', () => {
    const state = stateWith({ terminated: { daily: { 'user:alice': at + SECOND } } })
    expect(cooldowns(state, ended)).toEqual({ daily: { 'user:alice': at + SECOND } })
  })

  it('is not prolonged by a later termination, and begins again after it', () => {
    const again = (time: number) => [
      intent('b', time, { connectionId: 'two' }),
      { ...outcome('b', time), connectionId: 'two' },
    ]
    const first = [intent('a', NOON - 2 * HOUR), outcome('a', NOON - 2 * HOUR)]
    const longAgo = stateWith({ terminated: { daily: { 'user:alice': NOON - 2 * HOUR } } })
    expect(cooldowns(EMPTY_STATE, [...ended, ...again(NOON - SECOND)])).toEqual({ daily: { 'user:alice': at } })
    expect(cooldowns(longAgo, [...first, ...again(NOON - HOUR - 1)])).toEqual({
      daily: { 'user:alice': NOON - 2 * HOUR },
    })
    expect(cooldowns(longAgo, [...first, ...again(NOON - HOUR)])).toEqual({ daily: { 'user:alice': NOON - HOUR } })
  })

  it.each([
    ['was gone before its call', [intent('a', at), outcome('a', NOON, 'already-gone')]],
    ['has no outcome', [intent('a', at)]],
    ['ended because of a cooldown', [intent('a', at, { reason: 'cooldown' }), outcome('a', NOON)]],
    [
      'ended under a policy without one',
      [intent('a', at, { policy: 'nights' }), { ...outcome('a', NOON), policy: 'nights' }],
    ],
    [
      'has only the name of a certificate',
      [intent('a', at, { username: undefined, commonName: 'a' }), outcome('a', NOON)],
    ],
  ])('does not begin with a connection that %s', (_what, records) => {
    expect(cooldowns(EMPTY_STATE, records) ?? {}).toEqual({})
  })

  it('ends the user who connects again', async () => {
    const back = connection({ establishedAt: NOON - SECOND })
    await using world = startWorld({ assignment: assignment([daily]), connections: [back], trail: ended })
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toEqual([back.id])
  })
})

describe('an endpoint that is no longer watched and comes back', () => {
  it('does not confirm a termination again that the trail left open at the start', async () => {
    const gone = connection({ id: VIOLATION.connectionId, status: 'terminated' })
    const base = assignment([daily])
    await using world = startWorld({
      assignment: base,
      connections: [gone],
      trail: [intent('a', NOON - SECOND)],
    })
    await world.clock.advance(MINUTE)
    expect(world.of('termination').map(({ outcome: end }) => end)).toEqual(['confirmed'])
    await world.daemon.reload({ ...base, watch: [] })
    await world.daemon.reload(base)
    await world.clock.advance(MINUTE)
    expect(world.of('termination')).toHaveLength(1)
  })
})
