import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { createDecider } from '../../src/domain/judge/decide.ts'
import { createMemory, type KeptMemory, NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { judge } from '../../src/domain/judge/verdict.ts'
import { acts, type Mode, type Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { HOUR, type Instant, MINUTE } from '../../src/domain/time/instant.ts'
import { connection, NOON, PLACE, policy } from './build.ts'

/** An endpoint seen from snapshot to snapshot, with one policy. */
const watch = (watched: Policy, mode: Mode = 'enforce') => {
  const memory = createMemory()
  const set = createPolicySet([watched], [])
  const decider = createDecider(set, PLACE)
  const verdictsOf = (connections: readonly Connection[], now: Instant, fresh = true) => {
    const history = memory.history(
      now,
      fresh,
      (policy) => acts(policy, mode),
      () => undefined,
    )
    return connections.map(({ id }) => decider.verdictsOf(id, connections, history, now, mode)[0])
  }
  return {
    memory,
    verdictsOf,
    /** A snapshot and the verdicts on it. */
    see(connections: readonly Connection[], now: Instant) {
      memory.observe({ begunAt: now, connections }, set, PLACE)
      return verdictsOf(connections, now)
    },
  }
}

/** A connection whose counters can be turned. */
const counted = (ingressBytes: number | undefined, egressBytes: number | undefined = 0) =>
  connection({ id: 'counted', ingressBytes, egressBytes })
/** Somebody whose counters move all the time, so that AWS is seen to refresh them. */
const busy = (bytes: number) => connection({ id: 'busy', username: 'zoe', ingressBytes: bytes })

describe('idle-timeout', () => {
  const idle = policy('idle-timeout', { after: '30m', below: '100KB' })

  /** A snapshot each minute from noon; `bytes` tells the counter at each. */
  const live = (minutes: number, bytes: (minute: number) => number | undefined) => {
    const world = watch(idle)
    let last
    for (let minute = 0; minute <= minutes; minute++) {
      last = world.see([counted(bytes(minute)), busy(minute * 1e6)], NOON + minute * MINUTE)[0]
    }
    return last
  }

  it('is violated once a snapshot shows that nothing moved for so long', () => {
    expect(live(29, () => 0)).toMatchObject({ word: 'fine', nextAt: NOON + 30 * MINUTE })
    expect(live(30, () => 0)).toMatchObject({ word: 'violated', since: NOON + 30 * MINUTE })
  })

  it.each(['ingressBytes', 'egressBytes'])('counts from the first snapshot that tells its %s', (missing) => {
    const world = watch(idle)
    world.see([{ ...counted(0), [missing]: undefined }, busy(0)], NOON)
    let last
    for (let minute = 10; minute <= 35; minute++) {
      last = world.see([counted(0), busy(minute * 1e6)], NOON + minute * MINUTE)[0]
    }
    expect(last).toMatchObject({ word: 'fine', nextAt: NOON + 40 * MINUTE })
  })

  it('takes keep-alives for nothing, and traffic for a new beginning', () => {
    expect(live(30, (minute) => minute * 3000)?.word).toBe('violated')
    expect(live(30, (minute) => (minute >= 10 ? 100_000 : 0))).toMatchObject({
      word: 'fine',
      nextAt: NOON + 40 * MINUTE,
    })
  })

  it('begins anew where counters run back', () => {
    expect(live(30, (minute) => (minute < 20 ? 5000 : 10))?.word).toBe('fine')
  })

  it('does not know where counters are missing', () => {
    expect(live(31, () => undefined)?.word).toBe('unknown')
  })

  it('does not know where AWS refreshes nobody’s counters', () => {
    const world = watch(idle)
    for (let minute = 0; minute <= 31; minute++) world.see([counted(0), busy(7)], NOON + minute * MINUTE)
    expect(world.verdictsOf([counted(0)], NOON + 31 * MINUTE)[0]?.word).toBe('unknown')
  })

  it('waits for a snapshot begun when the time was up, and a gap between snapshots moves nothing', () => {
    const world = watch(idle)
    world.see([counted(0), busy(0)], NOON)
    world.see([counted(0), busy(1)], NOON + 25 * MINUTE)
    expect(world.verdictsOf([counted(0)], NOON + 31 * MINUTE)[0]?.word).toBe('fine')
    const [verdict] = world.see([counted(0), busy(2)], NOON + 50 * MINUTE)
    expect(verdict).toMatchObject({ word: 'violated', since: NOON + 30 * MINUTE })
  })

  it('knows nothing from a snapshot that is not the newest', () => {
    const world = watch(idle)
    for (let minute = 0; minute <= 30; minute++) world.see([counted(0), busy(minute)], NOON + minute * MINUTE)
    expect(world.verdictsOf([counted(0)], NOON + 30 * MINUTE, false)[0]?.word).toBe('unknown')
  })

  it('that is made stricter does not take traffic that the old one overlooked for idleness', () => {
    const lax = policy('idle-timeout', { after: '60m', below: '1MB' })
    const world = watch(lax)
    for (let minute = 0; minute <= 30; minute++) {
      world.see([counted(minute * 10_000), busy(minute)], NOON + minute * MINUTE)
    }
    const set = createPolicySet([idle], [])
    const history = world.memory.history(
      NOON + 30 * MINUTE,
      true,
      () => true,
      () => undefined,
    )
    const rows = [counted(300_000)]
    const [verdict] = createDecider(set, PLACE).verdictsOf('counted', rows, history, NOON + 30 * MINUTE, 'enforce')
    expect(verdict?.word).toBe('fine')
  })

  it('counts 2KiB for each minute as nothing if nothing else is said', () => {
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

  it('is fine again where counters run back, and does not know where they are missing', () => {
    const world = watch(policy('max-transfer', { total: '1MB' }))
    world.see([counted(2_000_000)], NOON)
    expect(world.see([counted(10)], NOON + MINUTE)[0]?.word).toBe('fine')
    expect(world.see([counted(undefined)], NOON + 2 * MINUTE)[0]?.word).toBe('unknown')
    expect(world.see([counted(2_000_000)], NOON + 3 * MINUTE)[0]).toMatchObject({ since: NOON + 3 * MINUTE })
  })
})

describe('a snapshot that is taken in by parts', () => {
  it('is not known before its end', () => {
    const idle = policy('idle-timeout', { after: '15m', below: '1KiB' })
    const world = watch(idle)
    const before = [counted(0), busy(0)]
    world.see(before, NOON)
    const later = NOON + 20 * MINUTE
    const after = [counted(5000), busy(5000), connection({ id: 'new', establishedAt: undefined })]
    const observation = world.memory.begin({ begunAt: later, connections: after }, createPolicySet([idle], []), PLACE)
    const known = JSON.stringify(world.memory.kept())
    observation.read(0, 2)
    observation.read(2, 3)
    expect(JSON.stringify(world.memory.kept())).toBe(known)
    observation.end(later)
    const whole = watch(idle)
    whole.see(before, NOON)
    whole.see(after, later)
    expect(world.memory.kept()).toEqual(whole.memory.kept())
    expect(JSON.stringify(world.memory.kept())).not.toBe(known)
  })
})

describe('grace', () => {
  const late = policy('max-session-age', { maxAge: '30m' }, { graceMs: 10 * MINUTE })

  it('runs from the first decision that graceStarted, where that is later, and never starts again', () => {
    const world = watch(late)
    const who = connection()
    expect(world.see([who], NOON)[0]).toMatchObject({ since: NOON - 30 * MINUTE, deadline: NOON + 10 * MINUTE })
    expect(world.see([who], NOON + 5 * MINUTE)[0]?.deadline).toBe(NOON + 10 * MINUTE)
  })

  it('has not begun while the policy does not act', () => {
    const world = watch(late, 'audit')
    expect(world.see([connection()], NOON)[0]?.deadline).toBe(NOON - 20 * MINUTE)
  })
})

describe('cooldown', () => {
  const cooling = (different: Partial<Policy> = {}) =>
    policy('max-session-age', { maxAge: '8h' }, { cooldownMs: HOUR, ...different })
  const back = (who: Partial<Connection> = {}) => connection({ establishedAt: NOON + 3000, ...who })
  const after = (watched: Policy, cut: Partial<Connection>, came: Connection, now = NOON + MINUTE) => {
    const world = watch(watched)
    world.memory.terminate(watched, connection(cut), NOON)
    return world.see([came], now)[0]
  }

  it('condemns who comes back, without grace, until it is over', () => {
    const watched = cooling({ graceMs: 10 * MINUTE })
    expect(after(watched, {}, back())).toMatchObject({
      word: 'violated',
      reason: 'cooldown',
      since: NOON + 3000,
      deadline: NOON + 3000,
      nextAt: NOON + HOUR,
    })
    expect(after(watched, {}, back(), NOON + HOUR)?.word).toBe('fine')
  })

  it('counts from the first cut: a second one does not prolong it', () => {
    const watched = cooling()
    const world = watch(watched)
    world.memory.terminate(watched, connection(), NOON)
    world.memory.terminate(watched, connection(), NOON + 30 * MINUTE)
    expect(world.see([back()], NOON + 40 * MINUTE)[0]?.nextAt).toBe(NOON + HOUR)
    world.memory.terminate(watched, connection(), NOON + 2 * HOUR)
    const [again] = world.see([back({ establishedAt: NOON + 2 * HOUR + 1 })], NOON + 2 * HOUR + MINUTE)
    expect(again?.nextAt).toBe(NOON + 3 * HOUR)
  })

  it('leaves alone who was there before, somebody else, and who shares a certificate', () => {
    expect(after(cooling(), {}, back({ establishedAt: NOON - MINUTE }))?.word).toBe('fine')
    expect(after(cooling(), {}, back({ username: 'bob' }))?.word).toBe('fine')
    const shared = { username: undefined, commonName: 'shared' }
    expect(after(cooling(), shared, back(shared))?.word).toBe('fine')
    expect(after(cooling({ cooldownByCommonName: true }), shared, back(shared))?.reason).toBe('cooldown')
  })

  it('gives the policy’s own reason where there is one', () => {
    const watched = policy('max-session-age', { maxAge: '1m' }, { cooldownMs: HOUR })
    expect(after(watched, {}, back(), NOON + 5 * MINUTE)).toMatchObject({ word: 'violated', reason: 'session-age' })
  })
})

describe('what is remembered of connections', () => {
  const SET = createPolicySet(
    [policy('idle-timeout', { after: '15m', below: '1KiB' }, { name: 'idle', cooldownMs: HOUR })],
    [],
  )
  const patient = policy('max-session-age', { maxAge: '30m' }, { graceMs: 10 * MINUTE })
  const asked = (memory: ReturnType<typeof createMemory>, now: Instant, acting = true) =>
    memory.history(
      now,
      true,
      () => acting,
      () => undefined,
    )
  const unseen = connection({ id: 'unseen', establishedAt: undefined })
  const kept = (different: Partial<KeptMemory> = {}): KeptMemory => ({
    firstSeen: {},
    countersMovedAt: null,
    notes: {},
    graceStarted: {},
    terminated: {},
    warned: {},
    ...different,
  })

  it('is nothing at first', () => {
    const memory = createMemory()
    expect(memory.kept()).toEqual(kept())
    const history = asked(memory, NOON)
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

  it('is when one without an established time was first seen, and of the others nothing', () => {
    const memory = createMemory()
    memory.observe({ begunAt: NOON, connections: [unseen, connection()] }, createPolicySet([patient], []), PLACE)
    memory.observe({ begunAt: NOON + MINUTE, connections: [unseen] }, createPolicySet([patient], []), PLACE)
    expect(memory.kept()).toEqual(kept({ firstSeen: { unseen: NOON } }))
    expect(asked(memory, NOON + MINUTE).firstSeenAt('unseen')).toBe(NOON)
    expect(asked(memory, NOON + MINUTE).snapshotAt()).toBe(NOON + MINUTE)
  })

  it('survives a restart, and goes with the connection: when two snapshots running do not show it', () => {
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
    ['a mark', { notes: { idle: { gone: { at: NOON, bytes: 7 } } } }],
    ['a grace', { graceStarted: { 'max-session-age': { gone: NOON } } }],
    ['a warning', { warned: { 'max-session-age': { gone: MINUTE } } }],
  ])('goes after a restart too: %s', (_what, different) => {
    const memory = createMemory(kept(different))
    for (const minute of [1, 2]) memory.observe({ begunAt: NOON + minute * MINUTE, connections: [] }, SET, PLACE)
    expect(memory.kept()).toEqual(kept())
  })

  it('is missing from the first snapshot after a restart, if something else knows of it', () => {
    const memory = createMemory(undefined, ['held'])
    memory.observe({ begunAt: NOON, connections: [connection()] }, SET, PLACE)
    expect(memory.isMissing('held')).toBe(true)
    memory.observe({ begunAt: NOON + MINUTE, connections: [] }, SET, PLACE)
    expect(memory.isMissing('held')).toBe(false)
  })

  it('is when any counter last moved, of those that were seen before', () => {
    const memory = createMemory()
    const see = (minute: number, connections: readonly Connection[]) => {
      memory.observe({ begunAt: NOON + minute * MINUTE, connections }, SET, PLACE)
      return asked(memory, NOON + minute * MINUTE).countersMovedAt()
    }
    expect(see(0, [counted(1, 1)])).toBeUndefined()
    expect(see(1, [counted(1, 1), busy(5)])).toBeUndefined()
    expect(see(2, [counted(2, 0), busy(5)])).toBeUndefined()
    expect(see(3, [counted(2, 1), busy(5)])).toBe(NOON + 3 * MINUTE)
    expect(see(4, [counted(2, 1), busy(5)])).toBe(NOON + 3 * MINUTE)
    expect(see(5, [counted(2, 1), busy(4)])).toBe(NOON + 5 * MINUTE)
  })

  it('takes counters in where any policy of several asks for them', () => {
    const memory = createMemory()
    const both = createPolicySet([patient, ...SET.policies], [])
    memory.observe({ begunAt: NOON, connections: [counted(7)] }, both, PLACE)
    memory.observe({ begunAt: NOON + MINUTE, connections: [counted(8)] }, both, PLACE)
    expect(memory.kept()).toMatchObject({
      notes: { idle: { counted: { at: NOON, bytes: 7 } } },
      countersMovedAt: NOON + MINUTE,
    })
  })

  it('is not missing while snapshots go on showing it, and stays for one that does not', () => {
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

  it('is no counter where no policy asks for one, and none from before it asked', () => {
    const memory = createMemory()
    const without = createPolicySet([patient], [])
    const see = (minute: number, bytes: number, set = SET) => {
      memory.observe({ begunAt: NOON + minute * MINUTE, connections: [busy(bytes)] }, set, PLACE)
      return asked(memory, NOON + minute * MINUTE).countersMovedAt()
    }
    expect(see(0, 1, without)).toBeUndefined()
    expect(see(1, 2, without)).toBeUndefined()
    expect(see(2, 3)).toBeUndefined()
    expect(see(3, 4, without)).toBeUndefined()
    expect(see(4, 5)).toBeUndefined()
    expect(see(5, 6)).toBe(NOON + 5 * MINUTE)
  })

  it('forgets a mark that the policy no longer wants', () => {
    const memory = createMemory()
    const limit = createPolicySet([policy('max-transfer', { total: '1KB' })], [])
    const see = (minute: number, bytes: number) =>
      memory.observe({ begunAt: NOON + minute * MINUTE, connections: [counted(bytes)] }, limit, PLACE)
    see(0, 1001)
    expect(memory.kept().notes).toEqual({ 'max-transfer': { counted: { at: NOON, bytes: 0 } } })
    see(1, 1000)
    expect(memory.kept().notes).toEqual({})
  })

  it('counts from now on what a clock, set back since, put ahead', () => {
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
    const history = asked(memory, NOON)
    expect(history.graceStartedAt(patient, 'unseen')).toBe(NOON)
    expect(memory.kept()).toEqual(
      kept({
        firstSeen: { unseen: NOON, alike: NOON },
        notes: { idle: { unseen: { at: NOON, bytes: 7 }, alike: { at: NOON, bytes: 7 } } },
        graceStarted: { 'max-session-age': { unseen: NOON, alike: NOON } },
        countersMovedAt: NOON,
      }),
    )
  })

  it('is whom a policy graceStarted first while it acted, whatever is decided later', () => {
    const memory = createMemory()
    expect(asked(memory, NOON, false).graceStartedAt(patient, 'unseen')).toBeUndefined()
    expect(memory.kept().graceStarted).toEqual({})
    expect(asked(memory, NOON + 1).graceStartedAt(patient, 'unseen')).toBe(NOON + 1)
    expect(asked(memory, NOON + 2).graceStartedAt(patient, 'unseen')).toBe(NOON + 1)
    expect(asked(memory, NOON + 2, false).graceStartedAt(patient, 'unseen')).toBeUndefined()
    expect(asked(memory, NOON).graceStartedAt(patient, 'unseen')).toBe(NOON)
    expect(asked(memory, NOON + 2).graceStartedAt(patient, 'unseen')).toBe(NOON)
  })

  it('is the shortest lead that was told', () => {
    const memory = createMemory()
    const row = connection()
    const [standing] = createPolicySet([patient], []).standings(PLACE)(row)
    if (standing === undefined) throw new Error('no standing')
    const verdict = judge(standing, row, NO_HISTORY, NOON)
    memory.warn({ connection: row, policy: patient, endsAt: NOON + HOUR, verdict, leadMs: 5 * MINUTE })
    expect(asked(memory, NOON).warnedLead(patient, row.id)).toBe(5 * MINUTE)
    expect(asked(memory, NOON).warnedLead({ ...patient, name: 'another' }, row.id)).toBeUndefined()
  })
})

describe('what is remembered of terminated', () => {
  const cooling = policy('max-session-age', { maxAge: '8h' }, { cooldownMs: HOUR })
  const terminatedAt = (memory: ReturnType<typeof createMemory>, by: Policy, username: string) =>
    memory
      .history(
        NOON,
        true,
        () => true,
        () => undefined,
      )
      .terminatedAt(by, { username, commonName: undefined, principal: username })

  it('is nothing where the policy has no cooldown, or nobody is named', () => {
    const memory = createMemory()
    memory.terminate({ ...cooling, cooldownMs: 0 }, connection(), NOON)
    memory.terminate(cooling, connection({ username: undefined }), NOON)
    memory.terminate({ ...cooling, cooldownByCommonName: true }, { username: undefined, commonName: undefined }, NOON)
    expect(memory.kept().terminated).toEqual({})
    expect(terminatedAt(memory, cooling, 'alice')).toBeUndefined()
    memory.terminate({ ...cooling, cooldownByCommonName: true }, { username: undefined, commonName: 'Laptop' }, NOON)
    memory.terminate(cooling, connection({ username: 'Bob' }), NOON)
    expect(memory.kept().terminated).toEqual({ 'max-session-age': { 'cn:laptop': NOON, bob: NOON } })
  })

  it('is the first of a cooldown, which ends to the millisecond, and none that lies ahead of the clock', () => {
    const memory = createMemory()
    const cut = (at: Instant) => {
      memory.terminate(cooling, connection(), at)
      return terminatedAt(memory, cooling, 'alice')
    }
    expect([cut(NOON), cut(NOON + HOUR - 1), cut(NOON + HOUR)]).toEqual([NOON, NOON, NOON + HOUR])
    expect([cut(NOON + HOUR), cut(NOON + HOUR - 1)]).toEqual([NOON + HOUR, NOON + HOUR - 1])
  })

  it('is that of its call, though another call that left later was told of first', () => {
    const memory = createMemory()
    memory.terminate(cooling, connection({ username: 'bob' }), NOON + 10)
    memory.terminate(cooling, connection(), NOON)
    memory.terminate(cooling, connection({ username: 'bob' }), NOON + 5)
    expect(memory.kept().terminated).toEqual({ 'max-session-age': { bob: NOON + 5, alice: NOON } })
  })

  it('is forgotten with the first snapshot after its cooldown, with its policy, and where it lies ahead', () => {
    const memory = createMemory({ ...createMemory().kept(), terminated: { removed: { bob: NOON } } })
    memory.terminate(cooling, connection({ username: 'bob' }), NOON)
    memory.terminate(cooling, connection({ username: 'carol' }), NOON + 1)
    memory.terminate(cooling, connection({ username: 'dave' }), NOON + HOUR)
    memory.terminate(cooling, connection({ username: 'erin' }), NOON + HOUR + 1)
    const brief = policy('max-transfer', { total: '1GiB' }, { cooldownMs: HOUR / 2 })
    const set = createPolicySet([brief, cooling], [])
    const observation = memory.begin({ begunAt: NOON + HOUR - 1, connections: [] }, set, PLACE)
    observation.end(NOON + HOUR)
    expect(memory.kept().terminated).toEqual({ 'max-session-age': { carol: NOON + 1, dave: NOON + HOUR } })
  })

  it('moves the revision with each that counts', () => {
    const memory = createMemory()
    const revision = () =>
      memory
        .history(
          NOON,
          true,
          () => true,
          () => undefined,
        )
        .terminationsRevision()
    memory.terminate({ ...cooling, cooldownMs: 0 }, connection(), NOON)
    expect(revision()).toBe(0)
    memory.terminate(cooling, connection(), NOON)
    expect(revision()).not.toBe(0)
  })
})
