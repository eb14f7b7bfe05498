import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { createDecider } from '../../src/domain/decide.ts'
import { HOUR, type Instant, MINUTE } from '../../src/domain/instant.ts'
import { createMemory } from '../../src/domain/memory.ts'
import { acts, type Mode, type Policy } from '../../src/domain/policy.ts'
import { createPolicySet } from '../../src/domain/policy-set.ts'
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
    observation.end()
    const whole = watch(idle)
    whole.see(before, NOON)
    whole.see(after, later)
    expect(world.memory.kept()).toEqual(whole.memory.kept())
    expect(JSON.stringify(world.memory.kept())).not.toBe(known)
  })
})

describe('grace', () => {
  const late = policy('max-session-age', { maxAge: '30m' }, { graceMs: 10 * MINUTE })

  it('runs from the first decision that condemned, where that is later, and never starts again', () => {
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
    world.memory.cut(watched, connection(cut), NOON)
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
    world.memory.cut(watched, connection(), NOON)
    world.memory.cut(watched, connection(), NOON + 30 * MINUTE)
    expect(world.see([back()], NOON + 40 * MINUTE)[0]?.nextAt).toBe(NOON + HOUR)
    world.memory.cut(watched, connection(), NOON + 2 * HOUR)
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
