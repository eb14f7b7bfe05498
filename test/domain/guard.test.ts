import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { createGuard } from '../../src/domain/guard/guard.ts'
import { createDecider } from '../../src/domain/judge/decide.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { changedPolicies, nextPolicyAges, settledAges } from '../../src/domain/policies/policy-ages.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { planOf } from '../../src/domain/terminate/plan.ts'
import { HOUR, type Instant, MINUTE } from '../../src/domain/time/instant.ts'
import { connection, NOON, PLACE, policy } from './build.ts'

const LIMITS = { maxPercent: 50, minConnections: 10 }

/** An endpoint under guard; every policy last changed at the given instant. */
const guarded = (policies: readonly Policy[], changedAt: Instant, kept?: Parameters<typeof createGuard>[0]) => {
  const guard = createGuard(kept)
  const decider = createDecider(createPolicySet(policies, []), PLACE)
  return {
    guard,
    at(
      now: Instant,
      rows: readonly Connection[],
      limits = LIMITS,
      { fresh = true, missing = [] }: { readonly fresh?: boolean; readonly missing?: readonly Connection[] } = {},
    ) {
      const decisions = decider.decide(rows, { ...NO_HISTORY, fresh: () => fresh }, now, 'enforce')
      const isMissing = (id: string) => missing.some((row) => row.id === id)
      const review = guard.review(decisions, 'enforce', limits, () => changedAt, isMissing)
      const { terminate, held } = planOf(review.decisions)
      return { ...review, ended: terminate.length, heldBack: held.length }
    },
  }
}

const people = (count: number, different: Partial<Connection> = {}) =>
  Array.from({ length: count }, (_, index) => connection({ username: `person-${index}`, ...different }))
const age = (maxAge: string, different: Partial<Policy> = {}) => policy('max-session-age', { maxAge }, different)
const berlin = (timeZone = 'Europe/Berlin') =>
  policy('off-hours', { timeZone, allowed: [{ days: 'mon-fri', hours: '07:30-18:30' }] })

describe('the guard', () => {
  it('holds what an edit would end after the fact: Berlin typed as New York and saved at eight', () => {
    const saved = Date.parse('2026-11-23T08:00:00+01:00')
    const rows = people(100, { establishedAt: saved - 20 * MINUTE })
    const { ended, heldBack, held } = guarded([berlin('America/New_York')], saved).at(saved, rows)
    expect([ended, heldBack, held.length]).toEqual([0, 100, 100])
  })

  it('does not hold what time brings: the true closing, with a set loaded in the morning', () => {
    const closing = Date.parse('2026-11-23T18:30:00+01:00')
    const world = guarded([berlin()], Date.parse('2026-11-23T09:00:00+01:00'))
    expect(world.at(closing, people(100, { establishedAt: closing - 8 * HOUR })).ended).toBe(100)
  })

  it('does not hold those that all reconnected together, hours after the last edit', () => {
    expect(
      guarded([age('10h')], NOON - 20 * HOUR).at(NOON, people(100, { establishedAt: NOON - 10 * HOUR })).ended,
    ).toBe(100)
  })

  it('lets one new name on the list of bans through', () => {
    const leavers = policy('banned-users', { users: ['person-7'] })
    expect(guarded([leavers], NOON).at(NOON, people(100)).ended).toBe(1)
  })

  it.each([
    [100, 51, true],
    [100, 50, false],
    [15, 11, true],
    [15, 10, false],
    [4, 4, false],
  ])('of %i active and %i condemned: held is %s', (active, condemned, isHeld) => {
    const rows = [
      ...people(condemned, { establishedAt: NOON - 9 * HOUR }),
      ...people(active - condemned, { establishedAt: NOON }),
    ]
    expect(guarded([age('8h')], NOON).at(NOON, rows).heldBack).toBe(isHeld ? condemned : 0)
  })

  it('holds verdicts, not connections: another policy still ends one', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    const urgent = policy('banned-users', { users: ['person-7'] }, { guard: 'off' })
    const { ended, heldBack } = guarded([age('8h'), urgent], NOON).at(NOON, rows)
    expect([ended, heldBack]).toEqual([1, 99])
  })

  it('is lifted by guard: off', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    expect(guarded([age('8h', { guard: 'off' })], NOON).at(NOON, rows).ended).toBe(100)
  })

  it('counts what trickles in within ten minutes together', () => {
    const world = guarded([age('8h')], NOON)
    const rows = people(40, { establishedAt: NOON })
    const late = (count: number) =>
      rows.map((row, index) => (index < count ? { ...row, establishedAt: NOON - 9 * HOUR } : row))
    expect(world.at(NOON, late(15)).ended).toBe(15)
    const { ended, heldBack } = world.at(NOON + 5 * MINUTE, late(30))
    expect([ended, heldBack]).toEqual([0, 30])
  })

  it('forgets after ten minutes what was ended, and never what is held', () => {
    const world = guarded([age('8h')], NOON)
    const ends = people(15, { establishedAt: NOON - 9 * HOUR })
    const stay = people(25, { establishedAt: NOON })
    expect(world.at(NOON, [...ends, ...stay]).ended).toBe(15)
    const later = stay.map((row, index) => (index < 13 ? { ...row, establishedAt: NOON - 9 * HOUR } : row))
    expect(world.at(NOON + 10 * MINUTE, later).heldBack).toBe(13)
    expect(world.at(NOON + 3 * HOUR, later).heldBack).toBe(13)
    expect(world.at(NOON + 3 * HOUR, later.slice(10)).heldBack).toBe(3)
  })

  it('holds on counters and on the whole snapshot whenever they began', () => {
    const twice = people(30).flatMap((row) => [row, { ...row, id: `${row.id}-again`, establishedAt: NOON - MINUTE }])
    const one = policy('max-sessions', { limit: 1 })
    expect(guarded([one], NOON - 30 * HOUR).at(NOON, twice, { maxPercent: 40, minConnections: 10 }).heldBack).toBe(30)
  })

  it('counts all policies together', () => {
    const rows = people(20, { establishedAt: NOON - 9 * HOUR })
    const half = (name: string, from: number) =>
      policy('banned-users', { users: rows.slice(from, from + 10).map(({ username }) => username) }, { name })
    expect(guarded([half('a', 0), half('b', 10)], NOON).at(NOON, rows).heldBack).toBe(20)
  })

  it('lets one name through that is banned beside a policy that is held', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    const leavers = policy('banned-users', { users: ['person-7'] })
    const { ended, heldBack } = guarded([age('8h'), leavers], NOON).at(NOON, rows)
    expect([ended, heldBack]).toEqual([1, 99])
  })

  it('keeps a hold over a restart, and lets go when an operator edits', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    const first = guarded([age('8h')], NOON)
    first.at(NOON, rows)
    const again = guarded([age('8h')], NOON, first.guard.kept())
    expect(again.at(NOON + HOUR, rows).heldBack).toBe(100)
    again.guard.reset('max-session-age')
    const edited = again.at(NOON + HOUR, rows.slice(0, 8))
    expect(edited.released).toHaveLength(100)
    expect(edited.ended).toBe(8)
  })

  it('tells each hold once', () => {
    const world = guarded([age('8h')], NOON)
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    expect(world.at(NOON, rows).held).toHaveLength(100)
    expect(world.at(NOON + MINUTE, rows).held).toHaveLength(0)
    expect(world.at(NOON + 2 * MINUTE, []).released).toHaveLength(100)
  })

  it('begins with nothing held', () => {
    const world = guarded([age('8h')], NOON)
    expect(world.guard.kept()).toEqual([])
    expect(world.at(NOON, people(3)).released).toEqual([])
  })

  it('calls retroactive what began before the edit, and not what began with it', () => {
    const rows = people(100, { establishedAt: NOON - 8 * HOUR })
    expect(guarded([age('8h')], NOON).at(NOON, rows).ended).toBe(100)
    expect(guarded([age('8h')], NOON + 1).at(NOON, rows).heldBack).toBe(100)
  })

  it('counts neither what only audits nor what is in grace', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    const audited = guarded([age('8h', { mode: 'audit' })], NOON)
    expect(planOf(audited.at(NOON, rows).decisions).audit).toHaveLength(100)
    expect(audited.guard.kept()).toEqual([])
    const patient = guarded([age('8h', { graceMs: 2 * HOUR })], NOON)
    expect(patient.at(NOON, rows).heldBack).toBe(0)
    expect(patient.guard.kept()).toEqual([])
    expect(patient.at(NOON + HOUR, rows).heldBack).toBe(100)
  })

  it('counts what was ended, but holds only what is still there', () => {
    const world = guarded([age('8h')], NOON)
    const ends = people(15, { establishedAt: NOON - 9 * HOUR })
    const stay = people(25, { establishedAt: NOON })
    expect(world.at(NOON, [...ends, ...stay]).ended).toBe(15)
    const later = stay.map((row, index) => (index < 5 ? { ...row, establishedAt: NOON - 9 * HOUR } : row))
    const { held, heldBack, ended } = world.at(NOON + 5 * MINUTE, later)
    expect([ended, heldBack]).toEqual([0, 5])
    expect(held.map(({ decision }) => decision.connection)).toEqual(later.slice(0, 5))
    expect(world.guard.kept().filter((one) => one.held)).toHaveLength(5)
  })

  it('counts for ten minutes, to the millisecond, also what AWS does not end', () => {
    const rows = people(25, { establishedAt: NOON })
    const late = (count: number) =>
      rows.map((row, index) => (index < count ? { ...row, establishedAt: NOON - 9 * HOUR } : row))
    const after = (ms: number) => {
      const world = guarded([age('8h')], NOON)
      expect(world.at(NOON, late(8)).ended).toBe(8)
      expect(world.at(NOON + MINUTE, late(8)).ended).toBe(8)
      return world.at(NOON + ms, late(16))
    }
    expect(after(10 * MINUTE - 1)).toMatchObject({ ended: 0, heldBack: 16 })
    expect(after(10 * MINUTE)).toMatchObject({ ended: 16, heldBack: 0 })
  })

  it('forgets who was ended after ten minutes, and tells of no release', () => {
    const world = guarded([age('8h')], NOON)
    world.at(NOON, people(8, { establishedAt: NOON - 9 * HOUR }))
    world.at(NOON + 10 * MINUTE - 1, [])
    expect(world.guard.kept()).toHaveLength(8)
    expect(world.at(NOON + 10 * MINUTE, []).released).toEqual([])
    expect(world.guard.kept()).toEqual([])
  })

  it('counts from now on what a clock, set back since, put ahead', () => {
    const world = guarded([age('8h')], NOON)
    world.at(NOON, people(8, { establishedAt: NOON - 9 * HOUR }))
    const back = NOON - 3 * HOUR
    world.at(back, [])
    expect(world.guard.kept().map(({ policy: by, dueAt }) => [by, dueAt])).toEqual(
      Array.from({ length: 8 }, () => ['max-session-age', back]),
    )
    world.at(back + 10 * MINUTE, [])
    expect(world.guard.kept()).toEqual([])
  })

  it('does not let go of what a snapshot fails to show, or to say', () => {
    const rows = people(30, { establishedAt: NOON - 9 * HOUR })
    const aged = guarded([age('8h')], NOON)
    expect(aged.at(NOON, rows).heldBack).toBe(30)
    expect(aged.at(NOON + MINUTE, rows.slice(1), LIMITS, { missing: rows }).released).toEqual([])
    expect(aged.at(NOON + 2 * MINUTE, rows).heldBack).toBe(30)
    expect(aged.at(NOON + 3 * MINUTE, rows.slice(1)).released.map(({ connectionId }) => connectionId)).toEqual([
      rows[0]?.id,
    ])

    const twice = people(30).flatMap((row) => [row, { ...row, id: `${row.id}-again` }])
    const crowded = guarded([policy('max-sessions', { limit: 1 })], NOON)
    const tight = { maxPercent: 40, minConnections: 10 }
    expect(crowded.at(NOON, twice, tight).heldBack).toBe(30)
    expect(crowded.at(NOON + MINUTE, twice, tight, { fresh: false }).released).toEqual([])
    expect(crowded.at(NOON + 2 * MINUTE, twice.slice(0, 30), tight).heldBack).toBe(15)
  })

  it('lets go of the edited policy alone, and of all where the limits were edited', () => {
    const rows = people(30, { establishedAt: NOON - 9 * HOUR })
    const held = () => {
      const world = guarded([age('8h'), policy('banned-users', { users: ['person-*'] })], NOON)
      expect(world.at(NOON, rows).held).toHaveLength(60)
      return world
    }
    const one = held()
    one.guard.reset('banned-users')
    expect(new Set(one.guard.kept().map(({ policy: by }) => by))).toEqual(new Set(['max-session-age']))
    expect(one.at(NOON + MINUTE, []).released).toHaveLength(60)
    const all = held()
    all.guard.reset()
    expect(all.guard.kept()).toEqual([])
    expect(all.at(NOON + MINUTE, []).released).toHaveLength(60)
  })

  it('keeps a hold over a restart, however few are left', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    const first = guarded([age('8h')], NOON)
    first.at(NOON, rows)
    const again = guarded([age('8h')], NOON, first.guard.kept())
    expect(again.at(NOON + HOUR, rows.slice(0, 3))).toMatchObject({ ended: 0, heldBack: 3, held: [] })
  })

  it('never lets more through within ten minutes than the limits allow, in whatever steps they come', () => {
    const steps = fc.array(fc.record({ gap: fc.integer({ min: 0, max: 12 }), more: fc.integer({ min: 0, max: 30 }) }), {
      maxLength: 8,
    })
    fc.assert(
      fc.property(steps, (waves) => {
        const world = guarded([age('8h')], NOON + 100 * HOUR)
        const rows = people(100, { establishedAt: NOON + 99 * HOUR })
        const gone = new Map<string, Instant>()
        let [now, condemned] = [NOON + 50 * HOUR, 0]
        for (const { gap, more } of waves) {
          now += gap * MINUTE
          condemned = Math.min(100, condemned + more)
          const present = rows
            .map((row, index) => (index < condemned ? { ...row, establishedAt: NOON } : row))
            .filter(({ id }) => !gone.has(id))
          const { terminate } = planOf(world.at(now, present).decisions)
          for (const { connection: ended } of terminate) gone.set(ended.id, now)
          if (terminate.length === 0) continue
          const recent = [...gone.values()].filter((at) => now - at < 10 * MINUTE).length
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

  it('begins when it is first seen, and again with each edit, but not with a restart', () => {
    const first = ages({}, 'a', 1)
    expect(first['max-session-age']?.changedAt).toBe(1)
    expect(ages(first, 'a', 2)).toEqual(first)
    const edited = ages(first, 'b', 3)
    expect(edited['max-session-age']?.changedAt).toBe(3)
    expect(changedPolicies(first, edited)).toEqual(['max-session-age'])
    expect(changedPolicies(first, ages(first, 'a', 4))).toEqual([])
  })

  it('begins again when it begins to act, not when it stops', () => {
    const audit = ages({}, 'a', 1, 'audit')
    const enforce = ages(audit, 'a', 2)
    expect(enforce['max-session-age']?.changedAt).toBe(2)
    expect(ages(enforce, 'a', 3, 'audit')['max-session-age']?.changedAt).toBe(2)
  })

  it('is settled once the clock is known to be right: what lies ahead of it, or was stamped while nobody knew, is now', () => {
    const first = ages({}, 'a', 5)
    const settled = (unsure: readonly string[], now: Instant) =>
      settledAges(first, new Set(unsure), now)['max-session-age']?.changedAt
    expect([settled([], 4), settled([], 5), settled([], 6)]).toEqual([4, 5, 5])
    expect([settled(['max-session-age'], 4), settled(['max-session-age'], 6), settled(['daily'], 6)]).toEqual([4, 6, 5])
    expect(settledAges(first, new Set(['max-session-age']), 5)).toBe(first)
    const both = { ...first, other: { hash: 'o', acts: true, changedAt: 9 } }
    expect(settledAges(both, new Set(), 7)).toEqual({ ...first, other: { hash: 'o', acts: true, changedAt: 7 } })
    expect(ages(first, 'a', 4)['max-session-age']?.changedAt).toBe(5)
  })

  it('is its own, whatever it is called', () => {
    const odd = nextPolicyAges({}, [age('8h', { name: 'constructor', hash: 'a' })], 'enforce', 7)
    expect(odd).toEqual({ constructor: { hash: 'a', acts: true, changedAt: 7 } })
    expect(nextPolicyAges({}, [age('8h', { mode: 'audit' })], 'enforce', 7)['max-session-age']?.acts).toBe(false)
  })

  it('differs where a policy came or went', () => {
    const [one, two] = [age('8h', { name: 'one' }), age('8h', { name: 'two' })]
    const first = nextPolicyAges({}, [one], 'enforce', 1)
    const second = nextPolicyAges(first, [one, two], 'enforce', 2)
    expect(changedPolicies(first, second)).toEqual(['two'])
    expect(changedPolicies(second, first)).toEqual(['two'])
  })
})
