import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { NO_GUARD_MEMORY } from '../../src/domain/guard/guard.ts'
import { createMemory, type KeptMemory, type Learned, NO_HISTORY } from '../../src/domain/judge/memory.ts'
import type { News } from '../../src/domain/judge/news.ts'
import { judge } from '../../src/domain/judge/verdict.ts'
import type { NearMissOfEntry } from '../../src/domain/policies/near-misses.ts'
import { acts, type Mode, type Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { HOUR, type Instant, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { connection, ENFORCE, NOON, PLACE, policy, RETRY, VIOLATION } from './build.ts'
import { createEndpoint } from './endpoint.ts'

type Memory = ReturnType<typeof createMemory>

/** The history as a judgement sees it, under policies that never changed. */
const historyOf = (memory: Memory, now: Instant, { isActing = true, fresh = true } = {}) =>
  memory.history({ now, fresh, acts: () => isActing, changedAt: () => -NEVER })

const NO_FACTS = { name: undefined, tags: undefined, reselectedAt: {} }

/** What a judgement teaches the memory; `different` is not empty. */
const learned = (different: Partial<Learned>): Learned => ({
  graceStarted: [],
  warned: [],
  guard: NO_GUARD_MEMORY,
  facts: NO_FACTS,
  mayEnd: new Set(['daily', 'idle-timeout', 'max-session-age']),
  news: [],
  ...different,
})

/** The news that a connection violates a policy. */
const reportOf = (name: string, { id, username, commonName }: Connection): News => ({
  what: 'violation',
  mode: 'enforce',
  violation: {
    connectionId: id,
    username,
    commonName,
    policy: name,
    reason: 'session-age',
    since: NOON,
    deadline: NOON,
    because: 'too old',
    alsoBy: [],
  },
})

/** An endpoint with one policy, judged from snapshot to snapshot. */
const watch = (watched: Policy, mode: Mode = 'enforce') => {
  const endpoint = createEndpoint([watched], { mode })
  const { memory, rules } = endpoint
  /** The verdicts on the last snapshot, as long as it is the newest one that was asked for. */
  const verdictsOf = (connections: readonly Connection[], now: Instant, fresh = true) => {
    const history = historyOf(memory, now, { isActing: acts(watched, mode), fresh })
    return connections.map(
      ({ id }) => rules.decider.verdictsOf(id, connections, history, now, { mode, held: new Set() })[0],
    )
  }
  return {
    endpoint,
    memory,
    verdictsOf,
    /** A snapshot, and the verdicts on it. */
    see(connections: readonly Connection[], now: Instant) {
      endpoint.see(connections, now)
      return verdictsOf(connections, now)
    },
  }
}

/** A connection with chosen counters. */
const counted = (ingressBytes: number | undefined, egressBytes: number | undefined = 0) =>
  connection({ id: 'counted', ingressBytes, egressBytes })
/** A connection of another user. Its counters show whether AWS refreshes counters at all. */
const busy = (bytes: number) => connection({ id: 'busy', username: 'zoe', ingressBytes: bytes })

describe('idle-timeout', () => {
  const idle = policy('idle-timeout', { after: '30m', below: '100KB' })

  /** The verdict after a snapshot each minute from noon; `bytes` gives the counter in each. */
  const verdictAfter = (minutes: number, bytes: (minute: number) => number | undefined) => {
    const world = watch(idle)
    let last
    for (let minute = 0; minute <= minutes; minute++) {
      last = world.see([counted(bytes(minute)), busy(minute * 1e6)], NOON + minute * MINUTE)[0]
    }
    return last
  }

  it('is violated once a snapshot shows that no counter moved for the whole duration', () => {
    expect(verdictAfter(29, () => 0)).toMatchObject({ word: 'fine', nextAt: NOON + 30 * MINUTE })
    expect(verdictAfter(30, () => 0)).toMatchObject({ word: 'violated', since: NOON + 30 * MINUTE })
  })

  it.each(['ingressBytes', 'egressBytes'])('counts from the first snapshot that has its %s', (missing) => {
    const world = watch(idle)
    world.see([{ ...counted(0), [missing]: undefined }, busy(0)], NOON)
    let last
    for (let minute = 10; minute <= 35; minute++) {
      last = world.see([counted(0), busy(minute * 1e6)], NOON + minute * MINUTE)[0]
    }
    expect(last).toMatchObject({ word: 'fine', nextAt: NOON + 40 * MINUTE })
  })

  it('ignores traffic below the limit, and counts anew from traffic above it', () => {
    expect(verdictAfter(30, (minute) => minute * 3000)?.word).toBe('violated')
    expect(verdictAfter(30, (minute) => (minute >= 10 ? 100_000 : 0))).toMatchObject({
      word: 'fine',
      nextAt: NOON + 40 * MINUTE,
    })
  })

  it('counts anew where counters run back', () => {
    expect(verdictAfter(30, (minute) => (minute < 20 ? 5000 : 10))?.word).toBe('fine')
  })

  it('gives an unknown verdict where counters are missing', () => {
    expect(verdictAfter(31, () => undefined)?.word).toBe('unknown')
  })

  it('gives an unknown verdict where AWS refreshes no counter of the endpoint', () => {
    const world = watch(idle)
    for (let minute = 0; minute <= 31; minute++) world.see([counted(0), busy(7)], NOON + minute * MINUTE)
    expect(world.verdictsOf([counted(0)], NOON + 31 * MINUTE)[0]?.word).toBe('unknown')
  })

  it('waits for a snapshot begun after the duration, and a gap between snapshots does not delay the violation', () => {
    const world = watch(idle)
    world.see([counted(0), busy(0)], NOON)
    world.see([counted(0), busy(1)], NOON + 25 * MINUTE)
    expect(world.verdictsOf([counted(0)], NOON + 31 * MINUTE)[0]?.word).toBe('fine')
    const [verdict] = world.see([counted(0), busy(2)], NOON + 50 * MINUTE)
    expect(verdict).toMatchObject({ word: 'violated', since: NOON + 30 * MINUTE })
  })

  it('gives an unknown verdict on a stale view', () => {
    const world = watch(idle)
    for (let minute = 0; minute <= 30; minute++) world.see([counted(0), busy(minute)], NOON + minute * MINUTE)
    expect(world.endpoint.verdictsOf('counted', NOON + 30 * MINUTE)[0]?.word).toBe('violated')
    expect(world.verdictsOf([counted(0)], NOON + 30 * MINUTE, false)[0]?.word).toBe('unknown')
    world.endpoint.fail(NOON + 30 * MINUTE)
    expect(world.endpoint.verdictsOf('counted', NOON + 30 * MINUTE)[0]?.word).toBe('unknown')
  })

  it('does not count traffic as idleness that the policy ignored before it was made stricter', () => {
    const lax = policy('idle-timeout', { after: '60m', below: '1MB' })
    const world = watch(lax)
    for (let minute = 0; minute <= 30; minute++) {
      world.see([counted(minute * 10_000), busy(minute)], NOON + minute * MINUTE)
    }
    const stricter = createEndpoint([idle], { kept: world.memory.kept() })
    stricter.see([counted(300_000), busy(31)], NOON + 30 * MINUTE)
    expect(stricter.verdictsOf('counted', NOON + 30 * MINUTE)[0]?.word).toBe('fine')
    const history = historyOf(world.memory, NOON + 30 * MINUTE)
    const [verdict] = stricter.rules.decider.verdictsOf(
      'counted',
      [counted(300_000)],
      history,
      NOON + 30 * MINUTE,
      ENFORCE,
    )
    expect(verdict?.word).toBe('fine')
  })

  it('ignores traffic below 2KiB a minute by default', () => {
    const world = watch(policy('idle-timeout', { after: '10m' }))
    const at = (bytes: number) => {
      world.see([counted(0), busy(0)], NOON)
      return world.see([counted(bytes), busy(1)], NOON + 10 * MINUTE)[0]?.word
    }
    expect(at(10 * 2048 - 1)).toBe('violated')
    expect(at(2 * 10 * 2048)).toBe('fine')
  })
})

describe('max-transfer', () => {
  it.each([
    [{ ingress: '1MB' }, 1_000_001, 0],
    [{ egress: '1MB' }, 0, 1_000_001],
    [{ total: '1MB' }, 500_001, 500_000],
  ])('%j is violated above it, since the first snapshot that showed it', (limits, ingress, egress) => {
    const world = watch(policy('max-transfer', limits))
    expect(world.see([counted(500_000, 500_000)], NOON)[0]?.word).toBe('fine')
    world.see([counted(ingress, egress)], NOON + MINUTE)
    expect(world.see([counted(ingress, egress)], NOON + 2 * MINUTE)[0]).toMatchObject({
      word: 'violated',
      since: NOON + MINUTE,
    })
  })

  it('is fine again where counters run back, and gives an unknown verdict where they are missing', () => {
    const world = watch(policy('max-transfer', { total: '1MB' }))
    world.see([counted(2_000_000)], NOON)
    expect(world.see([counted(10)], NOON + MINUTE)[0]?.word).toBe('fine')
    expect(world.see([counted(undefined)], NOON + 2 * MINUTE)[0]?.word).toBe('unknown')
    expect(world.see([counted(2_000_000)], NOON + 3 * MINUTE)[0]).toMatchObject({ since: NOON + 3 * MINUTE })
  })
})

describe('a snapshot that is read part by part', () => {
  it('changes the memory only at its end', () => {
    const set = createPolicySet([policy('idle-timeout', { after: '15m', below: '1KiB' })], [])
    const before = { begunAt: NOON, connections: [counted(0), busy(0)] }
    const later = NOON + 20 * MINUTE
    const after = {
      begunAt: later,
      connections: [counted(5000), busy(5000), connection({ id: 'new', establishedAt: undefined })],
    }
    const [inParts, whole] = [createMemory(), createMemory()]
    inParts.observe(before, set, PLACE)
    const observation = inParts.begin(after, set, PLACE)
    const known = JSON.stringify(inParts.kept())
    observation.read(0, 2)
    observation.read(2, 3)
    expect(JSON.stringify(inParts.kept())).toBe(known)
    observation.end(later)
    whole.observe(before, set, PLACE)
    whole.observe(after, set, PLACE)
    expect(inParts.kept()).toEqual(whole.kept())
    expect(JSON.stringify(inParts.kept())).not.toBe(known)
  })
})

describe('grace', () => {
  const late = policy('max-session-age', { maxAge: '30m' }, { graceMs: 10 * MINUTE })

  it('begins with the first judgement that finds the violation, where that is later, and never begins again', () => {
    const world = watch(late)
    const old = connection()
    expect(world.see([old], NOON)[0]).toMatchObject({ since: NOON - 30 * MINUTE, deadline: NOON + 10 * MINUTE })
    expect(world.see([old], NOON + 5 * MINUTE)[0]?.deadline).toBe(NOON + 10 * MINUTE)
  })

  it('has not begun while the policy does not act', () => {
    const world = watch(late, 'audit')
    expect(world.see([connection()], NOON)[0]?.deadline).toBe(NOON - 20 * MINUTE)
    expect(world.memory.kept().graceStarted).toEqual({})
  })

  it('begins at the earlier instant after the clock was set back, and keeps that beginning', () => {
    const { endpoint, memory } = watch(late)
    const old = connection({ id: 'old' })
    const deadlineAt = (now: Instant) => endpoint.judge(now).decisions?.violating[0]?.violated[0]?.deadline
    endpoint.see([old], NOON + 1)
    expect(memory.graceStartedAt('max-session-age', 'old')).toBe(NOON + 1)
    expect([NOON + 2, NOON, NOON + 2].map(deadlineAt)).toEqual([
      NOON + 1 + 10 * MINUTE,
      NOON + 10 * MINUTE,
      NOON + 10 * MINUTE,
    ])
    expect(memory.graceStartedAt('max-session-age', 'old')).toBe(NOON)
  })
})

describe('cooldown', () => {
  const cooling = (different: Partial<Policy> = {}) =>
    policy('max-session-age', { maxAge: '8h' }, { cooldownMs: HOUR, ...different })
  const reconnected = (different: Partial<Connection> = {}) => connection({ establishedAt: NOON + 3000, ...different })
  /** The verdict about a connection after another one was terminated at noon. */
  const after = (watched: Policy, terminated: Partial<Connection>, next: Connection, now = NOON + MINUTE) => {
    const world = watch(watched)
    world.memory.terminate(watched, connection(terminated), NOON)
    return world.see([next], now)[0]
  }

  it('is violated by a reconnect, without grace, until it is over', () => {
    const watched = cooling({ graceMs: 10 * MINUTE })
    expect(after(watched, {}, reconnected())).toMatchObject({
      word: 'violated',
      reason: 'cooldown',
      since: NOON + 3000,
      deadline: NOON + 3000,
      nextAt: NOON + HOUR,
    })
    expect(after(watched, {}, reconnected(), NOON + HOUR)?.word).toBe('fine')
  })

  it('counts from the first termination: a second one does not prolong it', () => {
    const watched = cooling()
    const world = watch(watched)
    world.memory.terminate(watched, connection(), NOON)
    world.memory.terminate(watched, connection(), NOON + 30 * MINUTE)
    expect(world.see([reconnected()], NOON + 40 * MINUTE)[0]?.nextAt).toBe(NOON + HOUR)
    world.memory.terminate(watched, connection(), NOON + 2 * HOUR)
    const [again] = world.see([reconnected({ establishedAt: NOON + 2 * HOUR + 1 })], NOON + 2 * HOUR + MINUTE)
    expect(again?.nextAt).toBe(NOON + 3 * HOUR)
  })

  it('does not apply to an earlier connection, another user, or another device with the same certificate', () => {
    expect(after(cooling(), {}, reconnected({ establishedAt: NOON - MINUTE }))?.word).toBe('fine')
    expect(after(cooling(), {}, reconnected({ username: 'bob' }))?.word).toBe('fine')
    const shared = { username: undefined, commonName: 'shared' }
    expect(after(cooling(), shared, reconnected(shared))?.word).toBe('fine')
    expect(after(cooling({ cooldownByCommonName: true }), shared, reconnected(shared))?.reason).toBe('cooldown')
  })

  it('gives the policy’s own reason where its rule is violated as well', () => {
    const watched = policy('max-session-age', { maxAge: '1m' }, { cooldownMs: HOUR })
    expect(after(watched, {}, reconnected(), NOON + 5 * MINUTE)).toMatchObject({
      word: 'violated',
      reason: 'session-age',
    })
  })
})

describe('the memory of connections', () => {
  const SET = createPolicySet(
    [policy('idle-timeout', { after: '15m', below: '1KiB' }, { name: 'idle', cooldownMs: HOUR })],
    [],
  )
  const patient = policy('max-session-age', { maxAge: '30m' }, { graceMs: 10 * MINUTE })
  const unseen = connection({ id: 'unseen', establishedAt: undefined })
  const kept = (different: Partial<KeptMemory> = {}): KeptMemory => ({
    watchedSince: NEVER,
    firstSeen: {},
    countersMovedAt: null,
    notes: {},
    graceStarted: {},
    terminated: {},
    warned: {},
    extended: {},
    guard: NO_GUARD_MEMORY,
    terminations: [],
    ...different,
  })

  it('is empty at first', () => {
    const memory = createMemory()
    expect(memory.kept()).toEqual(kept())
    const history = historyOf(memory, NOON)
    expect([history.snapshotAt(), history.countersMovedAt(), history.firstSeenAt('unseen')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect([
      history.note('idle', 'unseen'),
      history.warnedLead(patient, 'unseen'),
      history.terminationsRevision(),
    ]).toEqual([undefined, undefined, 0])
    expect([NO_HISTORY.fresh(), NO_HISTORY.terminationsRevision()]).toEqual([true, 0])
  })

  it('keeps when a connection without an established time was first seen, and nothing of other connections', () => {
    const memory = createMemory()
    memory.observe({ begunAt: NOON, connections: [unseen, connection()] }, createPolicySet([patient], []), PLACE)
    memory.observe({ begunAt: NOON + MINUTE, connections: [unseen] }, createPolicySet([patient], []), PLACE)
    expect(memory.kept()).toEqual(kept({ firstSeen: { unseen: NOON } }))
    expect(historyOf(memory, NOON + MINUTE).firstSeenAt('unseen')).toBe(NOON)
    expect(historyOf(memory, NOON + MINUTE).snapshotAt()).toBe(NOON + MINUTE)
  })

  it('survives a restart, and forgets a connection when two snapshots running do not show it', () => {
    const before = kept({
      firstSeen: { unseen: NOON },
      notes: { idle: { unseen: { at: NOON, bytes: 7 } } },
      graceStarted: { 'max-session-age': { unseen: NOON } },
      warned: { 'max-session-age': { unseen: 5 * MINUTE } },
      terminated: { idle: { bob: NOON } },
      countersMovedAt: NOON - MINUTE,
    })
    const memory = createMemory(before)
    expect(memory.kept()).toEqual(before)
    const observe = (minute: number, connections: readonly Connection[]) =>
      memory.observe({ begunAt: NOON + minute * MINUTE, connections }, SET, PLACE)
    expect(memory.isMissing('unseen')).toBe(false)
    observe(1, [])
    expect(memory.isMissing('unseen')).toBe(true)
    expect(memory.kept()).toEqual(before)
    observe(2, [{ ...unseen, ingressBytes: 7 }])
    expect(memory.isMissing('unseen')).toBe(false)
    observe(3, [])
    expect(memory.kept()).toEqual(before)
    observe(4, [])
    expect(memory.isMissing('unseen')).toBe(false)
    expect(memory.kept()).toEqual(kept({ terminated: before.terminated, countersMovedAt: NOON - MINUTE }))
  })

  it.each<[string, Partial<KeptMemory>]>([
    ['a first sight', { firstSeen: { gone: NOON } }],
    ['a note', { notes: { idle: { gone: { at: NOON, bytes: 7 } } } }],
    ['a grace', { graceStarted: { 'max-session-age': { gone: NOON } } }],
    ['a warning', { warned: { 'max-session-age': { gone: MINUTE } } }],
  ])('forgets after a restart, when two snapshots do not show the connection: %s', (_what, different) => {
    const memory = createMemory(kept(different))
    for (const minute of [1, 2]) memory.observe({ begunAt: NOON + minute * MINUTE, connections: [] }, SET, PLACE)
    expect(memory.kept()).toEqual(kept())
  })

  it('treats a counted connection as missing where the first snapshot after a restart does not show it', () => {
    const counted = { policy: 'daily', connectionId: 'held', principal: undefined, at: NOON, isArrival: false }
    const memory = createMemory(kept({ guard: { ...NO_GUARD_MEMORY, counted: [counted] } }))
    memory.observe({ begunAt: NOON, connections: [connection()] }, SET, PLACE)
    expect(memory.isMissing('held')).toBe(true)
    memory.observe({ begunAt: NOON + MINUTE, connections: [] }, SET, PLACE)
    expect(memory.isMissing('held')).toBe(false)
  })

  it('keeps when any counter last moved, of the connections that were seen before', () => {
    const memory = createMemory()
    const see = (minute: number, connections: readonly Connection[]) => {
      memory.observe({ begunAt: NOON + minute * MINUTE, connections }, SET, PLACE)
      return historyOf(memory, NOON + minute * MINUTE).countersMovedAt()
    }
    expect(see(0, [counted(1, 1)])).toBeUndefined()
    expect(see(1, [counted(1, 1), busy(5)])).toBeUndefined()
    expect(see(2, [counted(2, 0), busy(5)])).toBeUndefined()
    expect(see(3, [counted(2, 1), busy(5)])).toBe(NOON + 3 * MINUTE)
    expect(see(4, [counted(2, 1), busy(5)])).toBe(NOON + 3 * MINUTE)
    expect(see(5, [counted(2, 1), busy(4)])).toBe(NOON + 5 * MINUTE)
  })

  it('reads counters where any one of several policies needs them', () => {
    const memory = createMemory()
    const both = createPolicySet([patient, ...SET.policies], [])
    memory.observe({ begunAt: NOON, connections: [counted(7)] }, both, PLACE)
    memory.observe({ begunAt: NOON + MINUTE, connections: [counted(8)] }, both, PLACE)
    expect(memory.kept()).toMatchObject({
      notes: { idle: { counted: { at: NOON, bytes: 7 } } },
      countersMovedAt: NOON + MINUTE,
    })
  })

  it('does not treat a connection as missing while snapshots show it, and keeps it through one that does not', () => {
    const memory = createMemory()
    const observe = (minute: number, connections: readonly Connection[]) =>
      memory.observe({ begunAt: NOON + minute * MINUTE, connections }, SET, PLACE)
    for (const minute of [0, 1, 2]) {
      observe(minute, [unseen])
      expect(memory.isMissing('unseen')).toBe(false)
    }
    observe(3, [])
    expect(memory.kept().firstSeen).toEqual({ unseen: NOON })
  })

  it('compares no counters where no policy needs them, and compares with the last snapshot once a policy does', () => {
    const memory = createMemory()
    const without = createPolicySet([patient], [])
    const see = (minute: number, bytes: number, set = SET) => {
      memory.observe({ begunAt: NOON + minute * MINUTE, connections: [busy(bytes)] }, set, PLACE)
      return historyOf(memory, NOON + minute * MINUTE).countersMovedAt()
    }
    expect(see(0, 1, without)).toBeUndefined()
    expect(see(1, 2, without)).toBeUndefined()
    expect(see(2, 3)).toBe(NOON + 2 * MINUTE)
    expect(see(3, 4, without)).toBe(NOON + 2 * MINUTE)
    expect(see(4, 4)).toBe(NOON + 2 * MINUTE)
    expect(see(5, 5)).toBe(NOON + 5 * MINUTE)
  })

  it('compares the counters of a connection that one snapshot did not show', () => {
    const memory = createMemory()
    const see = (minute: number, connections: readonly Connection[]) => {
      memory.observe({ begunAt: NOON + minute * MINUTE, connections }, SET, PLACE)
      return historyOf(memory, NOON + minute * MINUTE).countersMovedAt()
    }
    see(0, [busy(1)])
    see(1, [])
    expect(see(2, [busy(1)])).toBeUndefined()
    see(3, [])
    expect(see(4, [busy(2)])).toBe(NOON + 4 * MINUTE)
    for (const minute of [5, 6]) see(minute, [])
    expect(see(7, [busy(3)])).toBe(NOON + 4 * MINUTE)
  })

  it('forgets a note that the policy no longer makes', () => {
    const memory = createMemory()
    const limit = createPolicySet([policy('max-transfer', { total: '1KB' })], [])
    const see = (minute: number, bytes: number) =>
      memory.observe({ begunAt: NOON + minute * MINUTE, connections: [counted(bytes)] }, limit, PLACE)
    see(0, 1001)
    expect(memory.kept().notes).toEqual({ 'max-transfer': { counted: { at: NOON, bytes: 0 } } })
    see(1, 1000)
    expect(memory.kept().notes).toEqual({})
  })

  it('moves instants to now that lie ahead because a clock was set back', () => {
    const ahead = NOON + 1
    const memory = createMemory(
      kept({
        firstSeen: { unseen: ahead, alike: NOON },
        notes: { idle: { unseen: { at: ahead, bytes: 7 }, alike: { at: NOON, bytes: 7 } } },
        graceStarted: { 'max-session-age': { unseen: ahead, alike: NOON } },
        countersMovedAt: ahead,
      }),
    )
    const rows = [
      { ...unseen, ingressBytes: 7 },
      { ...unseen, id: 'alike', ingressBytes: 7 },
    ]
    memory.observe({ begunAt: NOON, connections: rows }, SET, PLACE)
    const at = historyOf(memory, NOON).graceStartedAt(patient, 'unseen')
    expect(at).toBe(NOON)
    memory.learn(learned({ graceStarted: [{ policy: patient.name, connectionId: 'unseen', at: NOON }] }))
    expect(memory.kept()).toEqual(
      kept({
        firstSeen: { unseen: NOON, alike: NOON },
        notes: { idle: { unseen: { at: NOON, bytes: 7 }, alike: { at: NOON, bytes: 7 } } },
        graceStarted: { 'max-session-age': { unseen: NOON, alike: NOON } },
        countersMovedAt: NOON,
        facts: NO_FACTS,
      }),
    )
  })

  it('keeps when grace began of what it learns, and reading it changes nothing', () => {
    const memory = createMemory()
    const graceStartedAt = (now: Instant, isActing = true) =>
      historyOf(memory, now, { isActing }).graceStartedAt(patient, 'unseen')
    expect(graceStartedAt(NOON, false)).toBeUndefined()
    expect([graceStartedAt(NOON + 1), graceStartedAt(NOON + 2)]).toEqual([NOON + 1, NOON + 2])
    expect(memory.kept().graceStarted).toEqual({})
    expect(memory.graceStartedAt(patient.name, 'unseen')).toBeUndefined()
    memory.learn(learned({ graceStarted: [{ policy: patient.name, connectionId: 'unseen', at: NOON + 1 }] }))
    expect(memory.graceStartedAt(patient.name, 'unseen')).toBe(NOON + 1)
    expect(graceStartedAt(NOON + 2)).toBe(NOON + 1)
    expect(graceStartedAt(NOON + 2, false)).toBeUndefined()
    expect([graceStartedAt(NOON), graceStartedAt(NOON + 2)]).toEqual([NOON, NOON + 1])
  })

  it('keeps the shortest lead of a warning that was sent', () => {
    const memory = createMemory()
    const warned = connection()
    const [applicability] = createPolicySet([patient], []).applicabilities(PLACE)(warned)
    if (applicability === undefined) throw new Error('no applicability')
    const verdict = judge(applicability, warned, NO_HISTORY, NOON)
    if (verdict.word !== 'violated') throw new Error('not violated')
    const foreseen = {
      connection: warned,
      policy: patient,
      endsAt: NOON + HOUR,
      verdict,
      leadMs: 5 * MINUTE,
      extension: undefined,
    }
    memory.learn(learned({ warned: [foreseen] }))
    expect(historyOf(memory, NOON).warnedLead(patient, warned.id)).toBe(5 * MINUTE)
    expect(historyOf(memory, NOON).warnedLead({ ...patient, name: 'another' }, warned.id)).toBeUndefined()
  })
})

describe('the memory of an endpoint', () => {
  const SET = createPolicySet([policy('max-session-age', { maxAge: '30m' })], [])
  const seenAt = (memory: Memory, now: Instant, ...connections: readonly Connection[]) =>
    memory.observe({ begunAt: now, connections }, SET, PLACE)

  it('is watched since the clock was first confirmed, and no later than now after it was set back', () => {
    const memory = createMemory()
    expect(memory.watchedSince()).toBe(NEVER)
    memory.confirmClock(NOON)
    memory.confirmClock(NOON + MINUTE)
    expect([memory.watchedSince(), memory.kept().watchedSince]).toEqual([NOON, NOON])
    const restarted = createMemory(memory.kept())
    restarted.confirmClock(NOON - MINUTE)
    expect(restarted.watchedSince()).toBe(NOON - MINUTE)
  })

  it('keeps which violations were reported, by policy, as long as snapshots show the connection', () => {
    const memory = createMemory()
    const [one, other] = [connection(), connection()]
    const isReported = () => [one, other].map(({ id }) => ['daily', 'hours'].map((name) => memory.isReported(name, id)))
    memory.learn(learned({ news: [reportOf('daily', one), reportOf('daily', other)] }))
    memory.learn(learned({ news: [reportOf('hours', one)] }))
    expect(isReported()).toEqual([
      [true, true],
      [true, false],
    ])
    seenAt(memory, NOON, one, other)
    seenAt(memory, NOON + MINUTE, one)
    expect(isReported()).toEqual([
      [true, true],
      [false, false],
    ])
  })

  it('keeps which near misses were reported, until the policies change', () => {
    const memory = createMemory()
    const example = connection()
    const ban = policy('banned-users', { users: ['al'] })
    const nearMiss: NearMissOfEntry = { policy: ban, list: 'users', entry: 'al', until: NEVER, users: 1, example }
    expect(memory.nearMissesReported(nearMiss)).toEqual(new Set())
    memory.learn(learned({ news: [{ what: 'near-miss', nearMiss }] }))
    memory.learn(learned({ news: [{ what: 'near-miss', nearMiss: { ...nearMiss, entry: 'alic' } }] }))
    const edited = { ...nearMiss, policy: { ...ban, hash: 'another' } }
    expect(memory.nearMissesReported(edited)).toEqual(new Set(['al', 'alic']))
    expect(memory.nearMissesReported({ ...nearMiss, list: 'exempt' })).toEqual(new Set())
    expect(memory.nearMissesReported({ list: 'protect', policy: undefined })).toEqual(new Set())
    memory.learn(learned({ news: [{ what: 'more-near-misses', policy: ban, list: 'users', entries: 3 }] }))
    expect(memory.nearMissesReported(nearMiss)).toBe('enough')
    memory.policiesChanged()
    expect(memory.nearMissesReported(nearMiss)).toEqual(new Set())
  })

  it('replaces what it knows of the guard by what it learns', () => {
    const memory = createMemory()
    expect(memory.guard()).toEqual(NO_GUARD_MEMORY)
    const guard = {
      limits: { maxPercent: 10, minConnections: 5, lookAheadMs: 0 },
      standings: {},
      counted: [],
      trial: undefined,
    }
    memory.learn(learned({ guard }))
    expect([memory.guard(), memory.kept().guard]).toEqual([guard, guard])
    memory.learn(learned({}))
    expect(memory.guard()).toEqual(NO_GUARD_MEMORY)
  })
})

describe('the memory of terminations', () => {
  const cooling = policy('max-session-age', { maxAge: '8h' }, { cooldownMs: HOUR })
  const terminatedAt = (memory: Memory, by: Policy, username: string) =>
    historyOf(memory, NOON).terminatedAt(by, { username, commonName: undefined })

  it('is empty where the policy has no cooldown, or the connection has no name that a cooldown follows', () => {
    const memory = createMemory()
    memory.terminate({ ...cooling, cooldownMs: 0 }, connection(), NOON)
    memory.terminate(cooling, connection({ username: undefined }), NOON)
    memory.terminate({ ...cooling, cooldownByCommonName: true }, { username: undefined, commonName: undefined }, NOON)
    expect(memory.kept().terminated).toEqual({})
    expect(terminatedAt(memory, cooling, 'alice')).toBeUndefined()
    memory.terminate({ ...cooling, cooldownByCommonName: true }, { username: undefined, commonName: 'Laptop' }, NOON)
    memory.terminate(cooling, connection({ username: 'Bob' }), NOON)
    expect(memory.kept().terminated).toEqual({ 'max-session-age': { 'cn:laptop': NOON, 'user:bob': NOON } })
  })

  it('keeps the first of a cooldown, which ends to the millisecond, and replaces one that lies ahead of the clock', () => {
    const memory = createMemory()
    const terminateAt = (at: Instant) => {
      memory.terminate(cooling, connection(), at)
      return terminatedAt(memory, cooling, 'alice')
    }
    expect([NOON, NOON + HOUR - 1, NOON + HOUR].map(terminateAt)).toEqual([NOON, NOON, NOON + HOUR])
    expect([NOON + HOUR, NOON + HOUR - 1].map(terminateAt)).toEqual([NOON + HOUR, NOON + HOUR - 1])
  })

  it('keeps when the first call left, though the answer to a later call came first', () => {
    const memory = createMemory()
    memory.terminate(cooling, connection({ username: 'bob' }), NOON + 10)
    memory.terminate(cooling, connection(), NOON)
    memory.terminate(cooling, connection({ username: 'bob' }), NOON + 5)
    expect(memory.kept().terminated).toEqual({ 'max-session-age': { 'user:bob': NOON + 5, 'user:alice': NOON } })
  })

  it('forgets a termination whose cooldown is over, whose policy is gone, or that lies ahead, with the next snapshot', () => {
    const memory = createMemory({ ...createMemory().kept(), terminated: { removed: { bob: NOON } } })
    memory.terminate(cooling, connection({ username: 'bob' }), NOON)
    memory.terminate(cooling, connection({ username: 'carol' }), NOON + 1)
    memory.terminate(cooling, connection({ username: 'dave' }), NOON + HOUR)
    memory.terminate(cooling, connection({ username: 'erin' }), NOON + HOUR + 1)
    const brief = policy('max-transfer', { total: '1GiB' }, { cooldownMs: HOUR / 2 })
    const set = createPolicySet([brief, cooling], [])
    const observation = memory.begin({ begunAt: NOON + HOUR - 1, connections: [] }, set, PLACE)
    observation.end(NOON + HOUR)
    expect(memory.kept().terminated).toEqual({
      'max-session-age': { 'user:carol': NOON + 1, 'user:dave': NOON + HOUR },
    })
  })

  it('begins no cooldown with a termination that left within one and is confirmed after it', () => {
    const memory = createMemory()
    const call = {
      violation: { ...VIOLATION, connectionId: 'two' },
      callId: 'call',
      selector: 'connection-id',
    } as const
    memory.terminate(cooling, connection(), NOON)
    memory.terminations.happen('two', { what: 'taken', ...call }, NOON + HOUR - 1, RETRY)
    memory.terminations.happen('two', { what: 'left' }, NOON + HOUR - 1, RETRY)
    memory.terminate(cooling, connection(), NOON + HOUR - 1)
    memory.begin({ begunAt: NOON + HOUR, connections: [] }, createPolicySet([cooling], []), PLACE).end(NOON + HOUR)
    memory.terminate(cooling, connection(), NOON + HOUR - 1)
    expect(terminatedAt(memory, cooling, 'alice')).toBe(NOON)
  })

  it('has a new revision after each termination that counts', () => {
    const memory = createMemory()
    const revision = () => historyOf(memory, NOON).terminationsRevision()
    memory.terminate({ ...cooling, cooldownMs: 0 }, connection(), NOON)
    expect(revision()).toBe(0)
    memory.terminate(cooling, connection(), NOON)
    expect(revision()).not.toBe(0)
  })
})
