import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { NO_HOLDS } from '../../src/domain/guard/guard.ts'
import type { Judgement } from '../../src/domain/judge/judge-endpoint.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import {
  changedAtOf,
  changedPolicies,
  datedAnew,
  datedPolicies,
  nextPolicyAges,
  settled,
  settledAges,
  sureAges,
} from '../../src/domain/policies/policy-ages.ts'
import { HOUR, type Instant, MINUTE } from '../../src/domain/time/instant.ts'
import { connection, NOON, policy } from './build.ts'
import { createEndpoint } from './endpoint.ts'

const LIMITS = { maxPercent: 50, minConnections: 10 }
/** For endpoints where half of the connections are surplus. */
const TIGHT_LIMITS = { maxPercent: 40, minConnections: 10 }

/** What the guard lets through and holds in one judgement, and which holds begin and end with it. */
const effectOf = ({ plan, news }: Judgement) => ({
  ended: plan.terminate.length,
  heldBack: plan.held.length,
  held: news.flatMap((one) => (one.what === 'held' ? one.violations : [])),
  released: news.flatMap((one) => (one.what === 'released' ? one.verdicts : [])),
})

/** An endpoint under guard. Every policy last changed at `changedAt`. */
const guarded = (
  policies: readonly Policy[],
  changedAt: Instant,
  options: Pick<NonNullable<Parameters<typeof createEndpoint>[1]>, 'guard' | 'kept'> = {},
) => {
  const endpoint = createEndpoint(policies, { guard: LIMITS, ...options, changedAt })
  return {
    see: (rows: readonly Connection[], now: Instant) => effectOf(endpoint.see(rows, now)),
    fail: (now: Instant) => effectOf(endpoint.fail(now)),
    kept: endpoint.memory.kept,
    checked: () => endpoint.memory.holds().verdicts,
  }
}

const people = (count: number, different: Partial<Connection> = {}) =>
  Array.from({ length: count }, (_, index) => connection({ username: `person-${index}`, ...different }))
/** The first `count` connections become nine hours old. */
const aged = (rows: readonly Connection[], count: number) =>
  rows.map((row, index) => (index < count ? { ...row, establishedAt: NOON - 9 * HOUR } : row))
const age = (maxAge: string, different: Partial<Policy> = {}) => policy('max-session-age', { maxAge }, different)
const officeHours = (timeZone = 'Europe/Berlin') =>
  policy('off-hours', { timeZone, allowed: [{ days: 'mon-fri', hours: '07:30-18:30' }] })

describe('the guard', () => {
  it('holds violations that an edit backdates: the time zone of Berlin is changed to New York at eight', () => {
    const editedAt = Date.parse('2026-11-23T08:00:00+01:00')
    const rows = people(100, { establishedAt: editedAt - 20 * MINUTE })
    const { ended, heldBack, held } = guarded([officeHours('America/New_York')], editedAt).see(rows, editedAt)
    expect([ended, heldBack, held.length]).toEqual([0, 100, 100])
  })

  it('does not hold violations that time brings: the offices close, under policies loaded in the morning', () => {
    const closing = Date.parse('2026-11-23T18:30:00+01:00')
    const world = guarded([officeHours()], Date.parse('2026-11-23T09:00:00+01:00'))
    expect(world.see(people(100, { establishedAt: closing - 8 * HOUR }), closing).ended).toBe(100)
  })

  it('does not hold connections that were all established together, hours after the last edit', () => {
    const rows = people(100, { establishedAt: NOON - 10 * HOUR })
    expect(guarded([age('10h')], NOON - 20 * HOUR).see(rows, NOON).ended).toBe(100)
  })

  it('does not hold one user who is newly banned', () => {
    const leavers = policy('banned-users', { users: ['person-7'] })
    expect(guarded([leavers], NOON).see(people(100), NOON).ended).toBe(1)
  })

  it.each([
    [100, 51, true],
    [100, 50, false],
    [15, 11, true],
    [15, 10, false],
    [4, 4, false],
  ])('of %i active connections, %i are due: the guard holds them: %s', (active, due, isHeld) => {
    const rows = [...people(due, { establishedAt: NOON - 9 * HOUR }), ...people(active - due, { establishedAt: NOON })]
    const { ended, heldBack } = guarded([age('8h')], NOON).see(rows, NOON)
    expect([ended, heldBack]).toEqual(isHeld ? [0, due] : [due, 0])
  })

  it('holds verdicts, not connections: another policy still ends one', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    const urgent = policy('banned-users', { users: ['person-7'] }, { guard: 'off' })
    const { ended, heldBack } = guarded([age('8h'), urgent], NOON).see(rows, NOON)
    expect([ended, heldBack]).toEqual([1, 99])
  })

  it('does not check a policy with `guard: off`', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    const world = guarded([age('8h', { guard: 'off' })], NOON)
    expect(world.see(rows, NOON).ended).toBe(100)
    expect(world.checked()).toEqual([])
  })

  it('counts violations together that become due within ten minutes', () => {
    const world = guarded([age('8h')], NOON)
    const rows = people(40, { establishedAt: NOON })
    expect(world.see(aged(rows, 15), NOON).ended).toBe(15)
    const { ended, heldBack } = world.see(aged(rows, 30), NOON + 5 * MINUTE)
    expect([ended, heldBack]).toEqual([0, 30])
  })

  it('forgets terminated connections after ten minutes, and held ones never', () => {
    const world = guarded([age('8h')], NOON)
    const ends = people(15, { establishedAt: NOON - 9 * HOUR })
    const stay = people(25, { establishedAt: NOON })
    expect(world.see([...ends, ...stay], NOON).ended).toBe(15)
    const later = aged(stay, 13)
    expect(world.see(later, NOON + 10 * MINUTE).heldBack).toBe(13)
    expect(world.see(later, NOON + 3 * HOUR).heldBack).toBe(13)
    expect(world.see(later.slice(10), NOON + 3 * HOUR).heldBack).toBe(3)
  })

  it('checks verdicts on the whole snapshot whenever they began', () => {
    const twice = people(30).flatMap((row) => [row, { ...row, id: `${row.id}-again`, establishedAt: NOON - MINUTE }])
    const world = guarded([policy('max-sessions', { limit: 1 })], NOON - 30 * HOUR, { guard: TIGHT_LIMITS })
    expect(world.see(twice, NOON).heldBack).toBe(30)
  })

  it('checks verdicts on counters whenever they began', () => {
    const world = guarded([policy('max-transfer', { total: '1KiB' })], NOON - 30 * HOUR)
    expect(world.see(people(30, { ingressBytes: 2000 }), NOON).heldBack).toBe(30)
  })

  it('counts the violations of all policies together', () => {
    const rows = people(20, { establishedAt: NOON - 9 * HOUR })
    const half = (name: string, from: number) =>
      policy('banned-users', { users: rows.slice(from, from + 10).map(({ username }) => username) }, { name })
    expect(guarded([half('a', 0), half('b', 10)], NOON).see(rows, NOON).heldBack).toBe(20)
  })

  it('does not hold one user who is banned while another policy is held', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    const leavers = policy('banned-users', { users: ['person-7'] })
    const { ended, heldBack } = guarded([age('8h'), leavers], NOON).see(rows, NOON)
    expect([ended, heldBack]).toEqual([1, 99])
  })

  it('keeps a hold over a restart, and releases it when an operator edits the policy', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    const first = guarded([age('8h')], NOON)
    first.see(rows, NOON)
    const restarted = guarded([age('8h')], NOON, { kept: first.kept() })
    expect(restarted.see(rows, NOON + HOUR)).toMatchObject({ heldBack: 100, held: [], released: [] })
    const edited = guarded([age('8h', { hash: 'edited' })], NOON + HOUR, { kept: restarted.kept() })
    const { ended, released } = edited.see(rows.slice(0, 8), NOON + HOUR)
    expect(released).toHaveLength(100)
    expect(ended).toBe(8)
  })

  it('reports the begin and the end of each hold once', () => {
    const world = guarded([age('8h')], NOON)
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    expect(world.see(rows, NOON).held).toHaveLength(100)
    expect(world.see(rows, NOON + MINUTE).held).toHaveLength(0)
    // One snapshot without a connection does not prove that the connection is gone.
    const later = [2, 3, 4].map((minute) => world.see([], NOON + minute * MINUTE).released.length)
    expect(later).toEqual([0, 100, 0])
  })

  it('begins with no hold', () => {
    const world = guarded([age('8h')], NOON)
    expect(world.kept().holds).toEqual(NO_HOLDS)
    expect(world.see(people(3), NOON).released).toEqual([])
  })

  it('checks violations that began before the edit, but not those that began with it', () => {
    const rows = people(100, { establishedAt: NOON - 8 * HOUR })
    expect(guarded([age('8h')], NOON).see(rows, NOON).ended).toBe(100)
    expect(guarded([age('8h')], NOON + 1).see(rows, NOON).heldBack).toBe(100)
  })

  it('counts neither the violations of a policy in audit mode nor those in grace', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    const policies = [age('8h', { mode: 'audit' })]
    const audited = createEndpoint(policies, { guard: LIMITS, changedAt: NOON })
    expect(audited.see(rows, NOON).plan.audit).toHaveLength(100)
    expect(audited.memory.holds().verdicts).toEqual([])
    const patient = guarded([age('8h', { graceMs: 2 * HOUR })], NOON)
    expect(patient.see(rows, NOON).heldBack).toBe(0)
    expect(patient.checked()).toEqual([])
    // Grace counts from the first judgement that finds the violation.
    expect(patient.see(rows, NOON + 2 * HOUR - 1).heldBack).toBe(0)
    expect(patient.see(rows, NOON + 2 * HOUR).heldBack).toBe(100)
  })

  it('counts terminated connections against the limits, but holds only verdicts on active ones', () => {
    const world = guarded([age('8h')], NOON)
    const ends = people(15, { establishedAt: NOON - 9 * HOUR })
    const stay = people(25, { establishedAt: NOON })
    expect(world.see([...ends, ...stay], NOON).ended).toBe(15)
    const later = aged(stay, 5)
    const { held, heldBack, ended } = world.see(later, NOON + 5 * MINUTE)
    expect([ended, heldBack]).toEqual([0, 5])
    expect(held.map(({ connectionId }) => connectionId)).toEqual(later.slice(0, 5).map(({ id }) => id))
    expect(world.checked().filter((verdict) => verdict.held)).toHaveLength(5)
  })

  it('counts a due verdict for ten minutes, to the millisecond, even if AWS does not terminate its connection', () => {
    const rows = people(25, { establishedAt: NOON })
    const after = (ms: number) => {
      const world = guarded([age('8h')], NOON)
      expect(world.see(aged(rows, 8), NOON).ended).toBe(8)
      expect(world.see(aged(rows, 8), NOON + MINUTE).ended).toBe(8)
      return world.see(aged(rows, 16), NOON + ms)
    }
    expect(after(10 * MINUTE - 1)).toMatchObject({ ended: 0, heldBack: 16 })
    expect(after(10 * MINUTE)).toMatchObject({ ended: 16, heldBack: 0 })
  })

  it('forgets terminated connections after ten minutes, and reports no release', () => {
    const world = guarded([age('8h')], NOON)
    world.see(people(8, { establishedAt: NOON - 9 * HOUR }), NOON)
    world.see([], NOON + 10 * MINUTE - 1)
    expect(world.checked()).toHaveLength(8)
    expect(world.see([], NOON + 10 * MINUTE).released).toEqual([])
    expect(world.checked()).toEqual([])
  })

  it('counts a verdict from now on if it is dated ahead because the clock was set back', () => {
    const world = guarded([age('8h')], NOON)
    world.see(people(8, { establishedAt: NOON - 9 * HOUR }), NOON)
    const setBackTo = NOON - 3 * HOUR
    world.see([], setBackTo)
    expect(world.checked().map(({ policy: by, dueAt }) => [by, dueAt])).toEqual(
      Array.from({ length: 8 }, () => ['max-session-age', setBackTo]),
    )
    world.see([], setBackTo + 10 * MINUTE)
    expect(world.checked()).toEqual([])
  })

  it('releases no verdict because one snapshot lacks its connection', () => {
    const rows = people(30, { establishedAt: NOON - 9 * HOUR })
    const world = guarded([age('8h')], NOON)
    expect(world.see(rows, NOON).heldBack).toBe(30)
    expect(world.see(rows.slice(1), NOON + MINUTE).released).toEqual([])
    expect(world.see(rows, NOON + 2 * MINUTE)).toMatchObject({ heldBack: 30, held: [] })
    expect(world.see(rows.slice(1), NOON + 3 * MINUTE).released).toEqual([])
    const gone = world.see(rows.slice(1), NOON + 4 * MINUTE).released
    expect(gone.map(({ connectionId }) => connectionId)).toEqual([rows[0]?.id])
  })

  it('releases no verdict that is unknown because a read failed', () => {
    const twice = people(30).flatMap((row) => [row, { ...row, id: `${row.id}-again` }])
    const world = guarded([policy('max-sessions', { limit: 1 })], NOON, { guard: TIGHT_LIMITS })
    expect(world.see(twice, NOON).heldBack).toBe(30)
    expect(world.fail(NOON + MINUTE).released).toEqual([])
    expect(world.see(twice.slice(0, 30), NOON + 2 * MINUTE).heldBack).toBe(15)
  })

  it('releases the holds of an edited or deleted policy only, and all holds when the limits are edited', () => {
    const rows = people(30, { establishedAt: NOON - 9 * HOUR })
    const daily = age('8h')
    const ban = policy('banned-users', { users: ['person-*'] })
    const first = guarded([daily, ban], NOON)
    expect(first.see(rows, NOON).held).toHaveLength(60)
    const after = (policies: readonly Policy[], guard = LIMITS) => {
      const { held, released } = guarded(policies, NOON, { kept: first.kept(), guard }).see(rows, NOON + MINUTE)
      const count = (list: ReadonlyArray<{ readonly policy: string }>, name: string) =>
        list.filter((one) => one.policy === name).length
      const counts = (list: typeof held | typeof released) => [count(list, daily.name), count(list, ban.name)]
      return { held: counts(held), released: counts(released) }
    }
    expect(after([daily, ban])).toEqual({ released: [0, 0], held: [0, 0] })
    expect(after([daily, { ...ban, hash: 'edited' }])).toEqual({ released: [0, 30], held: [0, 30] })
    expect(after([daily])).toEqual({ released: [0, 30], held: [0, 0] })
    expect(after([daily, { ...ban, guard: 'off' }])).toEqual({ released: [0, 30], held: [0, 0] })
    expect(after([daily, ban], { ...LIMITS, maxPercent: 51 })).toEqual({ released: [30, 30], held: [30, 30] })
    expect(after([daily, ban], { ...LIMITS, minConnections: 30 })).toEqual({ released: [30, 30], held: [0, 0] })
  })

  it('keeps a hold over a restart, however few connections are left', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    const first = guarded([age('8h')], NOON)
    first.see(rows, NOON)
    const restarted = guarded([age('8h')], NOON, { kept: first.kept() })
    expect(restarted.see(rows.slice(0, 3), NOON + HOUR)).toMatchObject({ ended: 0, heldBack: 3, held: [] })
  })

  it('never ends more within ten minutes than the limits allow, in whatever steps violations become due', () => {
    const steps = fc.array(fc.record({ gap: fc.integer({ min: 0, max: 12 }), more: fc.integer({ min: 0, max: 30 }) }), {
      maxLength: 8,
    })
    fc.assert(
      fc.property(steps, (waves) => {
        const endpoint = createEndpoint([age('8h')], { guard: LIMITS, changedAt: NOON + 100 * HOUR })
        const rows = people(100, { establishedAt: NOON + 99 * HOUR })
        const endedAt = new Map<string, Instant>()
        let [now, due] = [NOON + 50 * HOUR, 0]
        for (const { gap, more } of waves) {
          now += gap * MINUTE
          due = Math.min(100, due + more)
          const present = rows
            .map((row, index) => (index < due ? { ...row, establishedAt: NOON } : row))
            .filter(({ id }) => !endedAt.has(id))
          const { terminate } = endpoint.see(present, now).plan
          for (const decision of terminate) endedAt.set(decision.connection.id, now)
          if (terminate.length === 0) continue
          const recent = [...endedAt.values()].filter((at) => now - at < 10 * MINUTE).length
          expect(recent <= 10 || recent <= 0.5 * present.length).toBe(true)
        }
      }),
    )
  })
})

describe('the age of a policy', () => {
  const ages = (
    before: Parameters<typeof nextPolicyAges>[0],
    hash: string,
    now: Instant,
    mode: 'audit' | 'enforce' = 'enforce',
  ) => nextPolicyAges(before, [age('8h', { hash })], mode, now)

  it('begins when the policy is first loaded, and again with each edit, but not with a restart', () => {
    const first = ages({}, 'a', 1)
    expect(first['max-session-age']?.changedAt).toBe(1)
    expect(ages(first, 'a', 2)).toEqual(first)
    const edited = ages(first, 'b', 3)
    expect(edited['max-session-age']?.changedAt).toBe(3)
    expect(changedPolicies(first, edited)).toEqual(['max-session-age'])
    expect(changedPolicies(first, ages(first, 'a', 4))).toEqual([])
  })

  it('begins again when the policy begins to act, not when it stops to act', () => {
    const audit = ages({}, 'a', 1, 'audit')
    const enforce = ages(audit, 'a', 2)
    expect(enforce['max-session-age']?.changedAt).toBe(2)
    expect(ages(enforce, 'a', 3, 'audit')['max-session-age']?.changedAt).toBe(2)
  })

  it('is now, once the clock is trusted, for ages in the future and for those set while the clock was not trusted', () => {
    const first = ages({}, 'a', 5)
    const changedAt = (unsure: readonly string[], now: Instant) =>
      settledAges(first, new Set(unsure), now)['max-session-age']?.changedAt
    expect([changedAt([], 4), changedAt([], 5), changedAt([], 6)]).toEqual([4, 5, 5])
    expect([changedAt(['max-session-age'], 4), changedAt(['max-session-age'], 6), changedAt(['daily'], 6)]).toEqual([
      4, 6, 5,
    ])
    expect(settledAges(first, new Set(['max-session-age']), 5)).toBe(first)
    const both = { ...first, other: { hash: 'o', acts: true, changedAt: 9 } }
    expect(settledAges(both, new Set(), 7)).toEqual({ ...first, other: { hash: 'o', acts: true, changedAt: 7 } })
    expect(ages(first, 'a', 4)['max-session-age']?.changedAt).toBe(5)
  })

  it('is kept in the state only once the clock that dated it is confirmed', () => {
    const policies = [age('8h', { name: 'old' }), age('8h', { name: 'new' })]
    const kept = nextPolicyAges({}, policies.slice(0, 1), 'enforce', 1)
    const started = datedAnew(datedPolicies(kept), policies, 'enforce', 5)
    expect(Object.keys(sureAges(started))).toEqual(['old'])
    expect(sureAges(datedAnew(started, policies, 'enforce', 6))).toEqual(kept)
    expect(sureAges(settled(started, 7))).toEqual({ ...kept, new: { hash: '', acts: true, changedAt: 7 } })
    expect([changedAtOf(started, 'new'), changedAtOf(started, 'constructor')]).toEqual([5, undefined])
  })

  it('is found under any policy name, and records whether the policy acts', () => {
    const odd = nextPolicyAges({}, [age('8h', { name: 'constructor', hash: 'a' })], 'enforce', 7)
    expect(odd).toEqual({ constructor: { hash: 'a', acts: true, changedAt: 7 } })
    expect(nextPolicyAges({}, [age('8h', { mode: 'audit' })], 'enforce', 7)['max-session-age']?.acts).toBe(false)
  })

  it('differs where a policy was added or deleted', () => {
    const [one, two] = [age('8h', { name: 'one' }), age('8h', { name: 'two' })]
    const first = nextPolicyAges({}, [one], 'enforce', 1)
    const second = nextPolicyAges(first, [one, two], 'enforce', 2)
    expect(changedPolicies(first, second)).toEqual(['two'])
    expect(changedPolicies(second, first)).toEqual(['two'])
  })
})
