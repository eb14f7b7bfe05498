import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { NO_GUARD_MEMORY } from '../../src/domain/guard/guard.ts'
import type { GuardLimits } from '../../src/domain/guard/limits.ts'
import type { Judgement } from '../../src/domain/judge/judge-endpoint.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { slowRuns } from '../fuzz-runs.ts'
import { connection, entry, NOON, policy } from './build.ts'
import { createEndpoint } from './endpoint.ts'

const LIMITS: GuardLimits = { maxPercent: 50, minConnections: 10, lookAheadMs: DAY }
const NO_LOOK_AHEAD: GuardLimits = { ...LIMITS, lookAheadMs: 0 }
/** For endpoints where half of the connections are surplus. */
const TIGHT: GuardLimits = { ...LIMITS, maxPercent: 40 }

/** A policy with a hash of its content, as the configuration makes it. */
const hashed = (kind: string, keys: Record<string, unknown>, different: Partial<Policy> = {}): Policy => {
  const { name: _name, mode: _mode, guard: _guard, warn: _warn, ...content } = different
  return policy(kind, keys, { hash: JSON.stringify([keys, content]), ...different })
}
const age = (maxAge: string, different: Partial<Policy> = {}) => hashed('max-session-age', { maxAge }, different)
const ban = (users: readonly string[], different: Partial<Policy> = {}) => hashed('banned-users', { users }, different)
const officeHours = (timeZone = 'Europe/Berlin', hours = '07:30-18:30') =>
  hashed('off-hours', { timeZone, allowed: [{ days: 'mon-fri', hours }] })

const people = (count: number, different: Partial<Connection> = {}) =>
  Array.from({ length: count }, (_, index) => connection({ username: `person-${index}`, ...different }))
const namesOf = (rows: readonly Connection[]) => rows.map(({ username = '' }) => username)
/** The first `count` connections are nine hours old, the others are new. */
const someOld = (count: number, all: number) =>
  people(all).map((row, index) => ({ ...row, establishedAt: NOON - (index < count ? 9 * HOUR : MINUTE) }))

/** An endpoint on which the policies have been in force for long, and which shows these connections at noon. */
const longInForce = (policies: readonly Policy[], rows: readonly Connection[], guard: GuardLimits = LIMITS) => {
  const endpoint = createEndpoint(policies, { guard, changedAt: NOON - 30 * DAY })
  const first = endpoint.see(rows, NOON)
  return { ...endpoint, first }
}

/** What one judgement lets through and holds. */
const effectOf = ({ plan, news, acting }: Judgement) => ({
  ended: plan.terminate.length,
  heldBack: plan.held.length,
  holds: [...acting.held],
  begun: news.flatMap((one) => (one.what === 'held' ? [one.hold.policy] : [])),
  released: news.flatMap((one) => (one.what === 'released' ? [one.release.policy] : [])),
})

/** Ends what a judgement plans, at a rate, and judges again each second. Returns who was ended. */
const carryOut = (
  endpoint: ReturnType<typeof createEndpoint>,
  rows: readonly Connection[],
  from: Instant,
  {
    burst = 5,
    perSecond = 1,
    seconds,
  }: { readonly burst?: number; readonly perSecond?: number; readonly seconds: number },
) => {
  const ended = new Set<string>()
  const holds = new Set<string>()
  for (let second = 0; second <= seconds; second++) {
    const now = from + second * SECOND
    const up = rows.filter(({ id }) => !ended.has(id))
    const { plan, acting } = endpoint.see(up, now)
    for (const name of acting.held) holds.add(name)
    for (const {
      connection: { id },
    } of plan.terminate.slice(0, second === 0 ? burst : perSecond))
      ended.add(id)
  }
  return { ended: ended.size, holds: [...holds] }
}

describe('the guard', () => {
  it('holds a policy of which an edit makes the past a violation: Berlin is mistyped as New York at eight', () => {
    const editedAt = Date.parse('2026-11-23T08:00:00+01:00')
    const rows = people(100, { establishedAt: editedAt - 20 * MINUTE })
    const endpoint = createEndpoint([officeHours()], { guard: LIMITS, changedAt: editedAt - DAY })
    endpoint.see(rows, editedAt - SECOND)
    const effect = effectOf(endpoint.edit([officeHours('America/New_York')], editedAt))
    expect(effect).toMatchObject({ ended: 0, heldBack: 100, begun: ['off-hours'] })
  })

  it('does not hold violations that time brings: the offices close, under policies loaded in the morning', () => {
    const closing = Date.parse('2026-11-23T18:30:00+01:00')
    const rows = people(100, { establishedAt: closing - 8 * HOUR })
    const endpoint = createEndpoint([officeHours()], { guard: LIMITS, changedAt: closing - 9 * HOUR })
    endpoint.see(rows, closing - 8 * HOUR)
    expect(effectOf(endpoint.see(rows, closing))).toMatchObject({ ended: 100, holds: [] })
  })

  it('does not hold a closing that an operator edits while it is carried out', () => {
    const closing = Date.parse('2026-11-23T18:30:00+01:00')
    const rows = people(100, { establishedAt: closing - 8 * HOUR })
    const endpoint = createEndpoint([officeHours()], { guard: LIMITS, changedAt: closing - 9 * HOUR })
    endpoint.see(rows, closing - 8 * HOUR)
    endpoint.see(rows, closing)
    const keeping = {
      ...officeHours(),
      exempt: { users: [entry('person-7')], endpoints: undefined, regions: undefined },
    }
    const edited = endpoint.edit([{ ...keeping, hash: 'with an exemption' }], closing + MINUTE)
    expect(effectOf(edited)).toMatchObject({ ended: 99, holds: [] })
  })

  it('does not hold connections that were all established together, hours after the last edit', () => {
    const { first } = longInForce([age('10h')], people(100, { establishedAt: NOON - 10 * HOUR + MINUTE }))
    expect(effectOf(first)).toMatchObject({ ended: 0, holds: [] })
    const outage = longInForce([age('10h')], people(100, { establishedAt: NOON - 10 * HOUR + MINUTE }))
    expect(effectOf(outage.judge(NOON + MINUTE))).toMatchObject({ ended: 100, holds: [] })
  })

  describe('of a freeze with `from`', () => {
    const from = NOON + 6 * HOUR
    const until = from + 2 * DAY
    const freeze = (different: Partial<Policy> = {}) =>
      hashed('off-hours', { timeZone: 'UTC', denied: [{}] }, { name: 'freeze', from, until, ...different })
    const rows = people(100)
    const saved = (at: Instant, tested = freeze()) => {
      const endpoint = longInForce([], rows)
      endpoint.see(rows, at)
      return { ...endpoint, edited: endpoint.edit([tested], at) }
    }

    it('does not hold one that was saved before, when it begins and when people connect again', () => {
      const endpoint = saved(from - 1)
      expect(effectOf(endpoint.edited)).toMatchObject({ ended: 0, holds: [] })
      expect(endpoint.edited.newlyEnded).toHaveLength(100)
      expect(effectOf(endpoint.see(rows, from))).toMatchObject({ ended: 100, holds: [] })
      const again = people(100, { establishedAt: from + MINUTE })
      expect(effectOf(endpoint.see(again, from + MINUTE))).toMatchObject({ ended: 100, holds: [] })
      expect(effectOf(endpoint.see(again, until))).toMatchObject({ ended: 0, holds: [] })
    })

    it('does not hold one that was saved days before', () => {
      const endpoint = saved(NOON, freeze({ from: NOON + 5 * DAY, until: NOON + 7 * DAY }))
      expect(effectOf(endpoint.see(rows, NOON + 5 * DAY))).toMatchObject({ ended: 100, holds: [] })
    })

    it('holds one that is saved when it has begun', () => {
      expect(effectOf(saved(from).edited)).toMatchObject({ ended: 0, heldBack: 100, begun: ['freeze'] })
      expect(effectOf(saved(from + HOUR).edited)).toMatchObject({ ended: 0, heldBack: 100, begun: ['freeze'] })
    })

    it('holds one whose edit ends too many who were exempt, while it goes on', () => {
      const exempt = { users: [entry('person-*')], endpoints: undefined, regions: undefined }
      const endpoint = saved(from - HOUR, freeze({ exempt }))
      expect(effectOf(endpoint.see(rows, from))).toMatchObject({ ended: 0, holds: [] })
      expect(effectOf(endpoint.edit([freeze()], from + HOUR))).toMatchObject({ ended: 0, begun: ['freeze'] })
    })

    it('holds what other rules of the policy end later: hours that are wrong all along', () => {
      const hours = hashed('off-hours', { timeZone: 'UTC', denied: [{ hours: '19:00-20:00' }] }, { from, until })
      expect(effectOf(saved(NOON, hours).edited)).toMatchObject({ ended: 0, begun: ['off-hours'] })
    })

    it('checks people who connect when its windows close again: hours that are wrong all along', () => {
      const hours = hashed(
        'off-hours',
        { timeZone: 'UTC', denied: [{ hours: '18:00-18:30' }, { hours: '19:00-20:00' }] },
        { from, until },
      )
      const endpoint = createEndpoint([], { guard: LIMITS, changedAt: NOON - DAY })
      endpoint.see([], NOON)
      endpoint.edit([hours], NOON)
      const early = people(100, { establishedAt: from + MINUTE })
      expect(effectOf(endpoint.see(early, from + MINUTE))).toMatchObject({ ended: 100, holds: [] })
      const late = people(100, { establishedAt: from + HOUR + MINUTE })
      expect(effectOf(endpoint.see(late, from + HOUR + MINUTE))).toMatchObject({ ended: 0, begun: ['off-hours'] })
    })
  })

  it('does not hold one user who is newly banned', () => {
    const endpoint = longInForce([], people(100))
    expect(effectOf(endpoint.edit([ban(['person-7'])], NOON))).toMatchObject({ ended: 1, holds: [] })
  })

  it.each([
    [100, 51, true],
    [100, 50, false],
    [15, 11, true],
    [15, 10, false],
    [4, 4, false],
  ])('of %i connections, an edit ends %i: it is held: %s', (active, ends, isHeld) => {
    const endpoint = longInForce([age('20h')], someOld(ends, active))
    expect(
      effectOf(endpoint.edit([age('8h', { guard: 'on' })], NOON, { guard: { ...LIMITS, lookAheadMs: 0 } })),
    ).toMatchObject(isHeld ? { ended: 0, heldBack: ends } : { ended: ends, heldBack: 0 })
  })

  it('compares percentages in whole numbers', () => {
    const endpoint = longInForce([], people(100), { ...LIMITS, maxPercent: 29 })
    expect(effectOf(endpoint.edit([ban(namesOf(people(29)))], NOON))).toMatchObject({ ended: 29, holds: [] })
  })

  it('is not tripped by its own terminations: half of an endpoint is overdue after an edit, and all of them end', () => {
    const rows = someOld(50, 100)
    const endpoint = longInForce([age('20h')], rows, NO_LOOK_AHEAD)
    endpoint.edit([age('8h')], NOON)
    expect(carryOut(endpoint, rows, NOON, { seconds: 60 })).toEqual({ ended: 50, holds: [] })
  })

  it('is not tripped by its own terminations without an edit: 13 of 30 exceed their transfer', () => {
    const rows = people(30).map((row, index) => ({ ...row, ingressBytes: index < 13 ? 2000 : 0 }))
    const endpoint = longInForce([hashed('max-transfer', { total: '1KiB' })], people(30))
    expect(carryOut(endpoint, rows, NOON + SECOND, { seconds: 20 })).toEqual({ ended: 13, holds: [] })
  })

  it('does not hold what it let through, even if others leave meanwhile', () => {
    const rows = someOld(50, 100)
    const endpoint = longInForce([age('20h')], rows, NO_LOOK_AHEAD)
    endpoint.edit([age('8h')], NOON)
    expect(effectOf(endpoint.see(rows.slice(0, 70), NOON + MINUTE))).toMatchObject({ ended: 50, holds: [] })
    expect(effectOf(endpoint.see(rows.slice(0, 60), NOON + HOUR))).toMatchObject({ ended: 50, holds: [] })
  })

  it('counts edits within ten minutes together: a ban that grows by ten names at a time', () => {
    const rows = people(120)
    const endpoint = longInForce([], rows)
    const ended = new Set<string>()
    let held = false
    for (let slice = 1; slice <= 10; slice++) {
      const now = NOON + slice * 5 * SECOND
      endpoint.see(
        rows.filter(({ id }) => !ended.has(id)),
        now,
      )
      const { plan, acting } = endpoint.edit([ban(namesOf(rows.slice(0, 10 * slice)))], now)
      for (const decision of plan.terminate) ended.add(decision.connection.id)
      held ||= acting.held.has('banned-users')
    }
    expect([ended.size, held]).toEqual([60, true])
  })

  it('counts slices under different names, and in different policies, together', () => {
    const rows = people(30)
    const slices = [0, 1, 2].map((slice) =>
      ban(namesOf(rows.slice(8 * slice, 8 * slice + 8)), { name: `ban-${slice}` }),
    )
    const endpoint = longInForce([], rows)
    const effects = slices.map((_, slice) => effectOf(endpoint.edit(slices.slice(0, slice + 1), NOON + slice * MINUTE)))
    // The second slice makes 16 of 30.
    expect(effects.map(({ holds }) => holds)).toEqual([[], ['ban-1'], ['ban-1', 'ban-2']])
    const renamed = longInForce([], rows)
    renamed.edit([ban(namesOf(rows.slice(0, 8)), { name: 'ban' })], NOON)
    const more = renamed.edit([ban(namesOf(rows.slice(0, 16)), { name: 'leavers' })], NOON + MINUTE)
    expect(effectOf(more).holds).toEqual(['leavers'])
  })

  it('counts a slice for ten minutes, to the millisecond', () => {
    const after = (ms: number) => {
      const rows = people(30)
      const endpoint = longInForce([], rows)
      endpoint.edit([ban(namesOf(rows.slice(0, 8)))], NOON)
      return effectOf(endpoint.edit([ban(namesOf(rows.slice(0, 16)))], NOON + ms)).holds
    }
    expect([after(10 * MINUTE - 1), after(10 * MINUTE)]).toEqual([['banned-users'], []])
  })

  it('lets a renamed policy go on, because it ends nobody earlier', () => {
    const endpoint = longInForce([age('10h')], people(100))
    const renamed = endpoint.edit([age('10h', { name: 'daily' })], NOON)
    expect(effectOf(renamed)).toMatchObject({ holds: [], ended: 0 })
    const split = ['person-1*', 'person-*'].map((users, index) => ({
      ...age('10h', { name: `daily-${index}` }),
      match: { users: [entry(users)], endpoints: undefined, regions: undefined },
      hash: users,
    }))
    expect(effectOf(endpoint.edit(split, NOON + MINUTE)).holds).toEqual([])
  })

  it('does not hold one user who is banned while another policy is held', () => {
    const endpoint = longInForce([age('20h')], people(100, { establishedAt: NOON - 9 * HOUR }))
    const leavers = ban(['person-7'], { name: 'leavers' })
    const { ended, heldBack, holds } = effectOf(endpoint.edit([age('8h'), leavers], NOON))
    expect([ended, heldBack, holds]).toEqual([1, 99, ['max-session-age']])
  })

  it('does not hold a policy with `guard: off`', () => {
    const endpoint = longInForce([age('20h')], people(100, { establishedAt: NOON - 9 * HOUR }))
    expect(effectOf(endpoint.edit([age('8h', { guard: 'off' })], NOON))).toMatchObject({ ended: 100, holds: [] })
    expect(endpoint.memory.guard().counted).toEqual([])
  })

  it('checks verdicts on the whole snapshot whenever they began', () => {
    const twice = people(30).flatMap((row) => [row, { ...row, id: `${row.id}-again`, establishedAt: NOON - MINUTE }])
    const endpoint = longInForce([hashed('max-sessions', { limit: 1 })], people(30), TIGHT)
    expect(effectOf(endpoint.see(twice, NOON + MINUTE))).toMatchObject({ heldBack: 30, ended: 0 })
  })

  it('checks verdicts on counters whenever they began', () => {
    const endpoint = longInForce([hashed('max-transfer', { total: '1KiB' })], people(30))
    const { heldBack, holds } = effectOf(endpoint.see(people(30, { ingressBytes: 2000 }), NOON + MINUTE))
    expect([heldBack, holds]).toEqual([30, ['max-transfer']])
  })

  it('holds a ban of everybody who would have ended anyway, if it holds the policy that would have ended them', () => {
    const transfer = hashed('max-transfer', { total: '1KiB' })
    const rows = people(30)
    const guard = { guard: LIMITS, changedAt: NOON - 30 * DAY, staleAfterMs: MINUTE }
    const endpoint = createEndpoint([transfer], guard)
    endpoint.see(rows, NOON)
    // The edit comes while the endpoint is blind. The next snapshot shows that everybody exceeds the transfer, too.
    endpoint.fail(NOON + 2 * MINUTE)
    endpoint.edit([transfer, ban(namesOf(rows))], NOON + 3 * MINUTE)
    const exceeding = rows.map((row) => ({ ...row, ingressBytes: 2000 }))
    const effect = effectOf(endpoint.see(exceeding, NOON + 4 * MINUTE))
    expect([effect.ended, effect.holds.toSorted()]).toEqual([0, ['banned-users', 'max-transfer']])
  })

  it('holds a ban of those whom it holds another policy back from in the same judgement', () => {
    const guard = { guard: LIMITS, changedAt: NOON - 30 * DAY, staleAfterMs: MINUTE }
    const rows = people(30, { establishedAt: NOON + 12 * HOUR })
    const first = ban(['person-*'], { name: 'first' })
    const endpoint = createEndpoint([], guard)
    endpoint.see([connection({ username: 'quiet', establishedAt: NOON - HOUR })], NOON)
    endpoint.edit([first], NOON + SECOND)
    endpoint.see([], NOON + 12 * HOUR - MINUTE)
    // The edit comes while the endpoint is blind. The next snapshot is the first that shows these people.
    endpoint.fail(NOON + 12 * HOUR + 2 * MINUTE)
    endpoint.edit([first, ban(['person*'], { name: 'second' })], NOON + 12 * HOUR + 3 * MINUTE)
    const effect = effectOf(endpoint.see(rows, NOON + 12 * HOUR + 4 * MINUTE))
    expect([effect.ended, effect.holds.toSorted()]).toEqual([0, ['first', 'second']])
  })

  it('holds a ban of those whose age it holds back in the same judgement', () => {
    const rows = people(30, { establishedAt: NOON - 9 * HOUR })
    const patient = (maxAge: string) => hashed('max-session-age', { maxAge }, { graceMs: 2 * HOUR })
    const guard = { guard: { ...LIMITS, lookAheadMs: HOUR }, changedAt: NOON - 30 * DAY, staleAfterMs: MINUTE }
    const endpoint = createEndpoint([patient('20h')], guard)
    endpoint.see(rows, NOON)
    // The grace ends later than the guard looks ahead.
    endpoint.edit([patient('8h')], NOON + SECOND)
    const late = NOON + 2 * HOUR
    endpoint.see(rows, late - MINUTE)
    endpoint.fail(late + MINUTE)
    endpoint.edit([patient('8h'), ban(namesOf(rows))], late + 2 * MINUTE)
    const effect = effectOf(endpoint.see(rows, late + 3 * MINUTE))
    expect([effect.ended, effect.holds.toSorted()]).toEqual([0, ['banned-users', 'max-session-age']])
  })

  it('counts those in a ban whom it let another policy end, if it holds that policy in the same judgement', () => {
    const transfer = hashed('max-transfer', { total: '1KiB' })
    const rows = people(100)
    const exceeding = (count: number) => rows.map((row, index) => ({ ...row, ingressBytes: index < count ? 2000 : 0 }))
    const endpoint = createEndpoint([transfer], { guard: LIMITS, changedAt: NOON - 30 * DAY, staleAfterMs: MINUTE })
    endpoint.see(rows, NOON)
    expect(effectOf(endpoint.see(exceeding(40), NOON + SECOND))).toMatchObject({ ended: 40, holds: [] })
    // The 40 are up still. Of the 85 in the ban 45 would not have ended by what the guard let through.
    endpoint.fail(NOON + 12 * MINUTE)
    endpoint.edit([transfer, ban(namesOf(rows.slice(0, 85)))], NOON + 13 * MINUTE)
    const effect = effectOf(endpoint.see(exceeding(100), NOON + 14 * MINUTE))
    expect([effect.ended, effect.holds.toSorted()]).toEqual([0, ['banned-users', 'max-transfer']])
  })

  it('does not count those in a ban whom it has let another policy end', () => {
    const transfer = hashed('max-transfer', { total: '1KiB' })
    const rows = people(60).map((row, index) => ({ ...row, ingressBytes: index < 20 ? 2000 : 0 }))
    const endpoint = longInForce([transfer], people(60))
    endpoint.see(rows, NOON + MINUTE)
    // Longer than edits count together. Of the 31 in the ban, 20 are still due.
    const edited = endpoint.edit([transfer, ban(namesOf(rows.slice(0, 31)))], NOON + 15 * MINUTE)
    expect(effectOf(edited)).toMatchObject({ ended: 31, holds: [] })
  })

  it('counts neither the violations of a policy in audit mode nor those in grace, until grace is over', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    const audited = longInForce([age('20h')], rows, NO_LOOK_AHEAD)
    expect(audited.edit([age('8h', { mode: 'audit' })], NOON).plan.audit).toHaveLength(100)
    const patient = longInForce([age('20h')], rows, NO_LOOK_AHEAD)
    expect(effectOf(patient.edit([age('8h', { graceMs: 2 * HOUR })], NOON)).holds).toEqual([])
    expect(effectOf(patient.judge(NOON + 2 * HOUR - 1)).holds).toEqual([])
    expect(effectOf(patient.judge(NOON + 2 * HOUR)).heldBack).toBe(100)
  })
})

describe('a hold', () => {
  const hasty = (endpoint: ReturnType<typeof createEndpoint>, now: Instant) => endpoint.edit([age('10m')], now)

  it('ends nobody under the policy: not those who reach its age later, and not new connections', () => {
    const rows = [...people(19, { establishedAt: NOON - HOUR }), ...people(19, { establishedAt: NOON - MINUTE })]
    const endpoint = longInForce([age('10h')], rows)
    const { news } = hasty(endpoint, NOON)
    const holds = news.flatMap((one) => (one.what === 'held' ? [one.hold] : []))
    expect(holds).toMatchObject([{ policy: 'max-session-age', endsNow: 19, endsLater: 19, active: 38 }])
    expect(holds[0]?.examples).toHaveLength(10)
    const later = [...rows, ...people(5, { establishedAt: NOON + MINUTE })]
    expect(effectOf(endpoint.see(later, NOON + 30 * MINUTE))).toMatchObject({ ended: 0, heldBack: 43 })
    expect(effectOf(endpoint.see(later.slice(30), NOON + 3 * DAY))).toMatchObject({ ended: 0, heldBack: 13 })
  })

  it('holds a hasty ban also when the banned users reconnect', () => {
    const rows = people(50)
    const endpoint = longInForce([], rows)
    const names = namesOf(rows.slice(0, 30))
    expect(effectOf(endpoint.edit([ban(names)], NOON)).heldBack).toBe(30)
    const again = rows.map((row) => ({ ...row, id: `${row.id}-again`, establishedAt: NOON + MINUTE }))
    expect(effectOf(endpoint.see(again, NOON + 2 * MINUTE))).toMatchObject({ ended: 0, heldBack: 30 })
  })

  it('warns nobody', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    const endpoint = longInForce([age('20h')], rows)
    const edited = endpoint.edit([age('9h30m', { warn: [HOUR] })], NOON)
    expect(edited.acting.held.has('max-session-age')).toBe(true)
    expect(edited.news.filter(({ what }) => what === 'warning')).toEqual([])
    const confirmed = endpoint.edit([age('9h30m', { warn: [HOUR], guard: 'off' })], NOON + MINUTE)
    expect(confirmed.news.filter(({ what }) => what === 'warning')).toHaveLength(100)
  })

  it('lets other policies go on, and max-sessions counts connections that the held policy would end', () => {
    const rows = people(20, { establishedAt: NOON - 9 * HOUR })
    const four = people(4, { establishedAt: NOON - HOUR }).map((row, index) => ({
      ...row,
      username: 'walter',
      establishedAt: NOON - (index + 1) * 10 * MINUTE,
    }))
    const two = hashed('max-sessions', { limit: 2 })
    const endpoint = longInForce([age('20h'), two], [...rows, ...four.slice(0, 2)])
    endpoint.edit([age('15m'), two], NOON)
    const { plan } = endpoint.see([...rows, ...four], NOON + MINUTE)
    // Two of the four are due under the held policy. If they counted as ending, the user would keep all four.
    expect(plan.terminate.map(({ connection: { username }, lead }) => [username, lead.policy.name])).toEqual([
      ['walter', 'max-sessions'],
      ['walter', 'max-sessions'],
    ])
  })

  it('outlives two snapshots that miss its connections', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    const endpoint = longInForce([age('20h')], rows)
    endpoint.edit([age('8h')], NOON)
    endpoint.see([], NOON + MINUTE)
    endpoint.see([], NOON + 2 * MINUTE)
    expect(effectOf(endpoint.see(rows, NOON + 3 * MINUTE))).toMatchObject({
      ended: 0,
      heldBack: 100,
      begun: [],
      released: [],
    })
  })

  it('outlives a restart, a failed read and the departure of almost everybody', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    const endpoint = longInForce([age('20h')], rows)
    endpoint.edit([age('8h')], NOON)
    expect(effectOf(endpoint.fail(NOON + MINUTE))).toMatchObject({ heldBack: 100, released: [] })
    const restarted = createEndpoint([age('8h')], { guard: LIMITS, changedAt: NOON, kept: endpoint.memory.kept() })
    expect(effectOf(restarted.see(rows.slice(0, 3), NOON + HOUR))).toMatchObject({ ended: 0, heldBack: 3, begun: [] })
  })

  it('is reported once when it begins and once when it ends', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    const endpoint = longInForce([age('20h')], rows)
    expect(effectOf(endpoint.edit([age('8h')], NOON))).toMatchObject({ begun: ['max-session-age'], released: [] })
    expect(effectOf(endpoint.judge(NOON + MINUTE))).toMatchObject({ begun: [], released: [] })
    const fixed = endpoint.edit([age('20h')], NOON + 2 * MINUTE)
    expect(effectOf(fixed)).toMatchObject({ begun: [], released: ['max-session-age'], ended: 0, holds: [] })
    expect(fixed.news).toContainEqual({ what: 'released', release: { policy: 'max-session-age', since: NOON } })
    expect(effectOf(endpoint.judge(NOON + 3 * MINUTE))).toMatchObject({ begun: [], released: [] })
  })

  it('ends when the policy is fixed, deleted, turned to audit or confirmed, and when the limits allow it', () => {
    const rows = people(30, { establishedAt: NOON - 9 * HOUR })
    const after = (policies: readonly Policy[], guard: GuardLimits = LIMITS) => {
      const endpoint = longInForce([age('20h')], rows)
      endpoint.edit([age('8h')], NOON)
      const { ended, heldBack, begun, released } = effectOf(endpoint.edit(policies, NOON + MINUTE, { guard }))
      return { ended, heldBack, begun: begun.length, released: released.length }
    }
    expect(after([age('8h')])).toEqual({ ended: 0, heldBack: 30, begun: 0, released: 0 })
    expect(after([age('20h')])).toEqual({ ended: 0, heldBack: 0, begun: 0, released: 1 })
    expect(after([])).toEqual({ ended: 0, heldBack: 0, begun: 0, released: 1 })
    expect(after([age('8h', { mode: 'audit' })])).toEqual({ ended: 0, heldBack: 0, begun: 0, released: 1 })
    expect(after([age('8h', { guard: 'off' })])).toEqual({ ended: 30, heldBack: 0, begun: 0, released: 1 })
    expect(after([age('7h')])).toEqual({ ended: 0, heldBack: 30, begun: 1, released: 0 })
    expect(after([age('8h')], { ...LIMITS, maxPercent: 51 })).toEqual({ ended: 0, heldBack: 30, begun: 0, released: 0 })
    expect(after([age('8h')], { ...LIMITS, minConnections: 30 })).toEqual({
      ended: 30,
      heldBack: 0,
      begun: 0,
      released: 1,
    })
  })

  it('counts what became overdue while it lasted: a mistake is fixed after the weekend', () => {
    const rows = people(100, { establishedAt: NOON - HOUR })
    const endpoint = longInForce([age('10h')], rows)
    endpoint.edit([age('30m')], NOON)
    const monday = NOON + 2 * DAY
    endpoint.see(rows, monday)
    expect(effectOf(endpoint.edit([age('10h')], monday))).toMatchObject({ ended: 0, heldBack: 100 })
  })

  it.each([
    ['is renamed', [age('10h', { name: 'daily' })]],
    ['is split', [age('10h', { name: 'one' }), age('11h', { name: 'two' })]],
    ['moves to another policy and stays in audit mode', [age('10m', { mode: 'audit' }), age('10h', { name: 'daily' })]],
  ])('ends with the rules before it, even if the policy %s', (_how, fixed) => {
    const endpoint = longInForce([age('10h')], people(100, { establishedAt: NOON - HOUR }))
    expect(effectOf(endpoint.edit([age('10m')], NOON)).holds).toEqual(['max-session-age'])
    expect(effectOf(endpoint.edit(fixed, NOON + MINUTE))).toMatchObject({ ended: 0, heldBack: 0, begun: [] })
  })

  it('ends with the rules before it, even if the policy is deleted and restored', () => {
    const endpoint = longInForce([age('10h')], people(100, { establishedAt: NOON - HOUR }))
    endpoint.edit([age('10m')], NOON)
    endpoint.edit([], NOON + MINUTE)
    expect(effectOf(endpoint.edit([age('10h')], NOON + 2 * MINUTE)).begun).toEqual([])
    endpoint.edit([], NOON + 3 * MINUTE)
    expect(effectOf(endpoint.edit([age('10m', { name: 'again' })], NOON + 4 * MINUTE)).begun).toEqual(['again'])
  })

  it('never begins again when the rules before it return, in whatever form, and nobody is overdue', () => {
    const minutes = (min: number, max: number) => fc.integer({ min, max }).map((count) => count * MINUTE)
    const form = fc.constantFrom<readonly Policy[]>(
      [age('10h')],
      [age('10h', { name: 'renamed' })],
      [age('11h'), age('10h', { name: 'split' })],
      [age('10h', { name: 'one' }), age('12h', { name: 'two' })],
      [age('1m', { mode: 'audit' }), age('10h', { name: 'beside' })],
    )
    const edits = fc.array(fc.record({ gap: minutes(0, 9), maxAge: fc.integer({ min: 1, max: 500 }) }), {
      maxLength: 3,
    })
    let heldOnce = 0
    fc.assert(
      fc.property(
        fc.array(minutes(0, 500), { minLength: 11, maxLength: 40 }),
        edits,
        minutes(0, 9),
        fc.boolean(),
        form,
        (...drawn) => {
          const [ages, mistakes, gap, isDeletedFirst, fixed] = drawn
          const rows = ages.map((ageMs, index) =>
            connection({ username: `person-${index}`, establishedAt: NOON - ageMs }),
          )
          const endpoint = longInForce([age('10h')], rows)
          let now = NOON
          for (const { gap: pause, maxAge } of mistakes) {
            now += pause
            endpoint.edit([age(`${maxAge}m`)], now)
          }
          if (effectOf(endpoint.judge(now)).holds.length > 0) heldOnce++
          if (isDeletedFirst) endpoint.edit([], now)
          expect(effectOf(endpoint.edit(fixed, now + gap)).begun).toEqual([])
        },
      ),
      { numRuns: slowRuns(84) },
    )
    expect(heldOnce).toBeGreaterThan(slowRuns(30))
  })

  it('counts what became overdue while it lasted, also under another name', () => {
    const endpoint = longInForce([age('10h')], people(100, { establishedAt: NOON - 9.5 * HOUR }))
    endpoint.edit([age('10m')], NOON)
    expect(effectOf(endpoint.edit([age('10h', { name: 'daily' })], NOON + HOUR)).begun).toEqual(['daily'])
  })

  it('does not forget the rules before it: a policy returns under its old name', () => {
    const rows = people(100)
    const endpoint = longInForce([age('10h')], rows)
    expect(effectOf(endpoint.edit([age('10m', { name: 'daily' })], NOON)).holds).toEqual(['daily'])
    expect(effectOf(endpoint.edit([age('10h', { name: 'daily' })], NOON + MINUTE))).toMatchObject({
      ended: 0,
      holds: [],
    })
  })

  it('outlives a turn of the whole daemon to audit and back', () => {
    const rows = people(100)
    const endpoint = longInForce([age('20h')], rows)
    endpoint.edit([age('2h')], NOON)
    const audit = endpoint.edit([age('2h')], NOON + MINUTE, { mode: 'audit' })
    expect(effectOf(audit)).toMatchObject({ holds: ['max-session-age'], released: [] })
    endpoint.edit([age('2h')], NOON + 2 * MINUTE, { mode: 'enforce' })
    expect(effectOf(endpoint.see(rows, NOON + 2 * HOUR))).toMatchObject({ ended: 0, heldBack: 100 })
  })

  it('gives grace anew once it ends', () => {
    const rows = people(100, { establishedAt: NOON - 9 * HOUR })
    const endpoint = longInForce([age('20h')], rows)
    endpoint.edit([age('8h', { graceMs: HOUR })], NOON)
    expect(effectOf(endpoint.judge(NOON + 3 * HOUR)).ended).toBe(0)
    const confirmed = [age('8h', { graceMs: HOUR, guard: 'off' })]
    expect(effectOf(endpoint.edit(confirmed, NOON + 3 * HOUR)).ended).toBe(0)
    expect(effectOf(endpoint.judge(NOON + 4 * HOUR - 1)).ended).toBe(0)
    expect(effectOf(endpoint.judge(NOON + 4 * HOUR)).ended).toBe(100)
  })
})

describe('looking ahead', () => {
  it('holds an edit before anybody is ended, if it ends too many within the day', () => {
    const rows = people(100)
    const endpoint = longInForce([age('20h')], rows)
    const edited = endpoint.edit([age('2h')], NOON)
    expect(effectOf(edited)).toMatchObject({ ended: 0, heldBack: 0, holds: ['max-session-age'] })
    expect(edited.newlyEnded[0]).toMatchObject({
      policy: 'max-session-age',
      endsAt: NOON + HOUR,
      endedAt: NOON + 19 * HOUR,
    })
  })

  it('sees as far as it is told, to the millisecond', () => {
    const held = (lookAheadMs: number) => {
      const endpoint = longInForce([age('20h')], people(100), { ...LIMITS, lookAheadMs })
      return effectOf(endpoint.edit([age('2h')], NOON)).holds.length
    }
    expect([held(HOUR - 1), held(HOUR), held(0)]).toEqual([0, 1, 0])
  })

  it('does not count ends that are earlier by at most a minute', () => {
    const held = (maxAge: string) => {
      const endpoint = longInForce([age('20h')], people(100))
      return effectOf(endpoint.edit([age(maxAge)], NOON)).holds.length
    }
    expect([held('19h59m'), held('19h58m59s')]).toEqual([0, 1])
  })

  it('does not count connections that another policy ends by then', () => {
    const endpoint = longInForce([age('2h')], people(100))
    expect(effectOf(endpoint.edit([age('2h'), officeHours()], NOON))).toMatchObject({ holds: [], ended: 0 })
  })

  it('compares with the rules before a restart', () => {
    const rows = people(100)
    const endpoint = longInForce([age('20h')], rows)
    const restarted = createEndpoint([age('2h')], {
      guard: LIMITS,
      changedAt: NOON + MINUTE,
      kept: endpoint.memory.kept(),
    })
    expect(effectOf(restarted.see(rows, NOON + MINUTE))).toMatchObject({ ended: 0, holds: ['max-session-age'] })
  })

  it('counts slices over a restart', () => {
    const rows = people(30)
    const endpoint = longInForce([], rows)
    endpoint.edit([ban(namesOf(rows.slice(0, 8)))], NOON)
    const restarted = createEndpoint([ban(namesOf(rows.slice(0, 16)))], {
      guard: LIMITS,
      changedAt: NOON + MINUTE,
      kept: endpoint.memory.kept(),
    })
    expect(effectOf(restarted.see(rows, NOON + MINUTE)).holds).toEqual(['banned-users'])
  })

  it('counts only what is overdue at a first start, and where audit is turned to enforce', () => {
    const rows = people(100)
    const first = createEndpoint([age('2h')], { guard: LIMITS, changedAt: NOON, kept: createMemory().kept() })
    expect(effectOf(first.see(rows, NOON))).toMatchObject({ ended: 0, holds: [] })
    const overdue = createEndpoint([age('30m')], { guard: LIMITS, changedAt: NOON, kept: createMemory().kept() })
    expect(effectOf(overdue.see(rows, NOON))).toMatchObject({ ended: 0, heldBack: 100 })
    const turned = longInForce([age('2h', { mode: 'audit' })], rows)
    expect(effectOf(turned.edit([age('2h')], NOON))).toMatchObject({ ended: 0, holds: [] })
    const turnedLate = longInForce([age('30m', { mode: 'audit' })], rows)
    expect(effectOf(turnedLate.edit([age('30m')], NOON))).toMatchObject({ ended: 0, heldBack: 100 })
    const all = createEndpoint([age('2h')], { guard: LIMITS, changedAt: NOON - DAY, mode: 'audit' })
    all.see(rows, NOON)
    expect(effectOf(all.edit([age('2h')], NOON, { mode: 'enforce' }))).toMatchObject({ ended: 0, holds: [] })
  })

  it('does not count connections that may be later than a first start, because AWS tells whole seconds', () => {
    const arriving = (establishedAt: Instant) => {
      const changedAt = NOON + 0.3 * SECOND
      const endpoint = createEndpoint([ban(['person-*'])], { guard: LIMITS, changedAt, kept: createMemory().kept() })
      endpoint.see([connection({ username: 'alice' })], changedAt)
      return effectOf(endpoint.see(people(28, { establishedAt }), NOON + 2 * SECOND))
    }
    expect(arriving(NOON)).toMatchObject({ ended: 28, holds: [] })
    expect(arriving(NOON - SECOND)).toMatchObject({ ended: 0, holds: ['banned-users'] })
  })

  it('counts everything where a policy is turned to enforce and edited at once', () => {
    const endpoint = longInForce([age('20h', { mode: 'audit' })], people(100))
    expect(effectOf(endpoint.edit([age('2h')], NOON)).holds).toEqual(['max-session-age'])
  })

  it('checks people who connect after an edit: a pattern that means everybody, saved on a quiet evening', () => {
    const endpoint = longInForce([], people(2, { username: 'night@corp.example' }))
    const edited = endpoint.edit([ban(['*corp*'])], NOON)
    expect(effectOf(edited)).toMatchObject({ ended: 2, holds: [] })
    const ended = new Set<string>()
    let now = NOON + 20 * HOUR
    // One person connects each half minute, and connects again when the connection is ended.
    const rows: Connection[] = []
    for (let person = 0; person < 40; person++) {
      now += 30 * SECOND
      rows.push(connection({ username: `person-${person}@corp.example`, establishedAt: now - SECOND }))
      const { plan } = endpoint.see(
        rows.filter(({ id }) => !ended.has(id)),
        now,
      )
      for (const decision of plan.terminate) ended.add(decision.connection.id)
    }
    expect([ended.size, effectOf(endpoint.judge(now)).holds]).toEqual([10, ['banned-users']])
  })

  it('counts a banned person who reconnects by himself once', () => {
    const endpoint = longInForce([], people(15))
    endpoint.edit([ban(['person-1', 'person-2'])], NOON)
    for (let second = 1; second < 120; second += 3) {
      const now = NOON + second * SECOND
      const again = [1, 2].map((person) => connection({ username: `person-${person}`, establishedAt: now - SECOND }))
      expect(effectOf(endpoint.see([...people(13, { username: 'other' }), ...again], now))).toMatchObject({
        ended: 2,
        holds: [],
      })
    }
  })

  it.each([
    ['renamed', [{ ...officeHours(), name: 'hours' }]],
    ['moved by a minute', [officeHours('Europe/Berlin', '07:30-18:29')]],
    ['moved to another policy', [{ ...officeHours(), name: 'hours' }, officeHours('Europe/Berlin', '07:30-20:00')]],
  ])('does not hold the closing of people who connect after its policy was %s', (_how, edited) => {
    const nine = Date.parse('2026-11-23T09:00:00+01:00')
    const closing = nine + 9.5 * HOUR
    const endpoint = createEndpoint([officeHours()], { guard: LIMITS, changedAt: nine - DAY })
    endpoint.see(people(2, { establishedAt: nine - HOUR }), nine)
    endpoint.edit(edited, nine)
    const rows = people(100, { establishedAt: nine + 5 * MINUTE })
    endpoint.see(rows, nine + 6 * MINUTE)
    expect(effectOf(endpoint.see(rows, closing))).toMatchObject({ ended: 100, holds: [] })
  })

  it('does not hold a ban that was carried out, when the banned people return at night', () => {
    const endpoint = longInForce([], people(100))
    const banned = people(12).map(({ username = '' }) => username)
    expect(effectOf(endpoint.edit([ban(banned)], NOON))).toMatchObject({ ended: 12, holds: [] })
    const night = NOON + 10 * HOUR
    const others = people(8, { username: 'other' })
    endpoint.see(others, night)
    const back = people(12, { establishedAt: night + SECOND })
    expect(effectOf(endpoint.see([...others, ...back], night + MINUTE))).toMatchObject({ ended: 12, holds: [] })
  })

  it('does not add up the edits of many days: a ban list grows by one name a day', () => {
    const endpoint = longInForce([ban(['left-0'])], people(8))
    let now = NOON
    const names = ['left-0']
    for (let day = 1; day <= 30; day++) {
      now += 23 * HOUR
      names.push(`left-${day}`)
      endpoint.edit([ban([...names])], now)
      endpoint.see(people(8), now + MINUTE)
    }
    now += HOUR
    const back = names.slice(1, 13).map((username) => connection({ username, establishedAt: now - SECOND }))
    expect(effectOf(endpoint.see([...people(8), ...back], now))).toMatchObject({ ended: 12, holds: [] })
  })

  it('checks connections that the last snapshot before an edit did not show yet', () => {
    const endpoint = longInForce([], people(2, { username: 'night@corp' }))
    endpoint.edit([ban(['*corp*'])], NOON + 10 * SECOND)
    const rows = people(40).map((row) => ({
      ...row,
      username: `${row.username}@corp`,
      establishedAt: NOON + 5 * SECOND,
    }))
    expect(effectOf(endpoint.see(rows, NOON + 15 * SECOND))).toMatchObject({ ended: 0, holds: ['banned-users'] })
  })

  const everybody = ban(['*corp*'])
  const oneMore = ban(['*corp*', 'left'])
  it.each([
    ['gets one name more', [], [oneMore]],
    ['is renamed', [], [{ ...everybody, name: 'renamed' }]],
    ['is deleted and returns under another name', [[]], [{ ...everybody, name: 'renamed' }]],
    ['is joined by another that means everybody', [], [everybody, ban(['*@corp'], { name: 'second' })]],
  ])(
    'checks people who connect after an edit, and whom no snapshot shows before the policy %s',
    (_how, judgedBefore, policies) => {
      const guard = { guard: LIMITS, changedAt: NOON - 30 * DAY, staleAfterMs: MINUTE }
      const endpoint = createEndpoint([], guard)
      endpoint.see(people(2, { username: 'night@corp', establishedAt: NOON - HOUR }), NOON)
      endpoint.edit([everybody], NOON + SECOND)
      const morning = NOON + 20 * HOUR
      endpoint.see([], morning)
      for (const policies of judgedBefore) endpoint.edit(policies, morning)
      // The edit comes while the endpoint is blind, so that the next snapshot is judged by it.
      endpoint.fail(morning + 2 * MINUTE)
      endpoint.edit(policies, morning + 2 * MINUTE)
      const rows = people(40).map((row) => ({
        ...row,
        username: `${row.username}@corp`,
        establishedAt: morning + SECOND,
      }))
      expect(effectOf(endpoint.see(rows, morning + 3 * MINUTE))).toMatchObject({ ended: 0, heldBack: 40 })
    },
  )

  const hoursUntil = (end: string, different: Partial<Policy> = {}) =>
    hashed('off-hours', { timeZone: 'UTC', allowed: [{ days: 'mon-sun', hours: `07:30-${end}` }] }, different)
  const exemptFrom = (...users: readonly string[]): Partial<Policy> => ({
    exempt: { users: users.map((user) => entry(user)), endpoints: undefined, regions: undefined },
  })
  it.each([
    ['a rename', hoursUntil('18:30'), hoursUntil('18:31'), hoursUntil('18:31', { name: 'renamed' })],
    ['another minute', hoursUntil('18:30'), hoursUntil('18:31'), hoursUntil('18:30')],
    ['another exemption', age('6h', exemptFrom('a')), age('6h', exemptFrom('a', 'b')), age('6h', exemptFrom('a', 'c'))],
    ['a longer age', age('4h'), age('5h'), age('6h')],
    ['an age that is undone before it ended anybody', age('6h'), age('4h'), age('6h')],
  ])('lets an edit on trial be followed by %s, and ends those who connected in between on time', (_how, ...edits) => {
    const morning = NOON - 4 * HOUR
    const [first, second, third] = edits
    const endpoint = createEndpoint([first], { guard: LIMITS, changedAt: morning - 30 * DAY })
    endpoint.see([], morning)
    endpoint.edit([second], morning + MINUTE)
    const rows = people(100, { establishedAt: NOON + 30 * MINUTE })
    endpoint.see(rows, NOON + HOUR)
    expect(effectOf(endpoint.edit([third], NOON + 2 * HOUR))).toMatchObject({ ended: 0, holds: [] })
    expect(effectOf(endpoint.see(rows, NOON + 6 * HOUR + 31 * MINUTE))).toMatchObject({ ended: 100, holds: [] })
  })

  it.each([
    ['hours', hoursUntil('18:30'), hoursUntil('12:30')],
    ['an age', age('6h'), age('10m')],
  ])(
    'lets a mistake in %s be undone, although people connected before the guard could hold it',
    (_what, right, wrong) => {
      const morning = NOON - 4 * HOUR
      const endpoint = createEndpoint([right], { guard: LIMITS, changedAt: morning - 30 * DAY })
      endpoint.see([], morning)
      endpoint.edit([wrong], morning + MINUTE)
      const rows = people(100, { establishedAt: NOON + 20 * MINUTE })
      endpoint.see(rows, NOON + 20 * MINUTE)
      expect(effectOf(endpoint.see(rows, NOON + 30 * MINUTE))).toMatchObject({ ended: 0, begun: [wrong.name] })
      const undone = effectOf(endpoint.edit([right], NOON + HOUR))
      expect(undone).toMatchObject({ ended: 0, holds: [], released: [wrong.name] })
      expect(effectOf(endpoint.see(rows, NOON + 6.5 * HOUR))).toMatchObject({ ended: 100, holds: [] })
    },
  )

  it('lets a change to another kind be undone, which the guard held as it was judged first', () => {
    const transfer = hashed('max-transfer', { total: '1KiB' }, { name: 'max-session-age' })
    const rows = people(100, { establishedAt: NOON - HOUR, ingressBytes: 5000 })
    const endpoint = longInForce([age('10h')], rows)
    expect(effectOf(endpoint.edit([transfer], NOON + MINUTE))).toMatchObject({ ended: 0, begun: ['max-session-age'] })
    expect(effectOf(endpoint.edit([age('10h')], NOON + 2 * MINUTE))).toMatchObject({ ended: 0, holds: [] })
    expect(effectOf(endpoint.see(rows, NOON + 9 * HOUR))).toMatchObject({ ended: 100, holds: [] })
  })

  it('checks people who connect after an edit, and whom no snapshot shows before a restart with edited files', () => {
    const endpoint = longInForce([], people(2, { username: 'night@corp', establishedAt: NOON - HOUR }))
    endpoint.edit([everybody], NOON + SECOND)
    const morning = NOON + 20 * HOUR
    endpoint.see([], morning)
    const kept = endpoint.memory.kept()
    const restarted = createEndpoint([oneMore], { guard: LIMITS, changedAt: morning + MINUTE, kept })
    const rows = people(40).map((row) => ({
      ...row,
      username: `${row.username}@corp`,
      establishedAt: morning + SECOND,
    }))
    expect(effectOf(restarted.see(rows, morning + MINUTE))).toMatchObject({ ended: 0, holds: ['banned-users'] })
  })

  it('does not hold a ban that was carried out and gets one name more, when the banned people return at that moment', () => {
    const endpoint = longInForce([], people(100))
    const banned = namesOf(people(12))
    endpoint.edit([ban(banned)], NOON)
    const night = NOON + 10 * HOUR
    const others = people(8, { username: 'other' })
    endpoint.see(others, night)
    endpoint.edit([ban([...banned, 'left'])], night + SECOND)
    const back = people(12, { establishedAt: night })
    expect(effectOf(endpoint.see([...others, ...back], night + MINUTE))).toMatchObject({ ended: 12, holds: [] })
  })

  it('does not hold a policy that was deleted and is restored within ten minutes', () => {
    const restored = (after: number) => {
      const endpoint = longInForce([age('10h')], people(100))
      endpoint.edit([], NOON)
      endpoint.judge(NOON + MINUTE)
      return effectOf(endpoint.edit([age('10h')], NOON + after)).holds
    }
    expect([restored(10 * MINUTE - 1), restored(10 * MINUTE)]).toEqual([[], ['max-session-age']])
  })

  it('counts grace that begins at a first start, or where the daemon is turned to enforce', () => {
    const rows = people(40, { establishedAt: NOON - 9 * HOUR })
    const policies = [age('8h', { graceMs: 5 * MINUTE })]
    const first = createEndpoint(policies, { guard: LIMITS, changedAt: NOON, kept: createMemory().kept() })
    expect(effectOf(first.see(rows, NOON)).holds).toEqual(['max-session-age'])
    const turned = createEndpoint(policies, { guard: LIMITS, changedAt: NOON - DAY, mode: 'audit' })
    turned.see(rows, NOON)
    expect(effectOf(turned.edit(policies, NOON, { mode: 'enforce' })).holds).toEqual(['max-session-age'])
  })

  it.each(['the daemon', 'the policy'])('gives grace anew where %s is turned to audit and back', (what) => {
    const rows = people(5, { establishedAt: NOON - 9 * HOUR })
    const policies = [age('8h', { graceMs: 5 * MINUTE })]
    const endpoint = longInForce([], rows)
    endpoint.edit(policies, NOON)
    if (what === 'the daemon') endpoint.edit(policies, NOON + MINUTE, { mode: 'audit' })
    else endpoint.edit([age('8h', { graceMs: 5 * MINUTE, mode: 'audit' })], NOON + MINUTE)
    endpoint.see(rows, NOON + HOUR)
    endpoint.edit(policies, NOON + HOUR, { mode: 'enforce' })
    expect(endpoint.see(rows, NOON + HOUR + 5 * MINUTE - 1).plan.terminate).toEqual([])
    expect(endpoint.see(rows, NOON + HOUR + 5 * MINUTE).plan.terminate.length).toBe(5)
  })

  it('checks people who connect on Monday, after an edit of Friday evening', () => {
    const friday = Date.parse('2026-11-20T20:00:00Z')
    const endpoint = createEndpoint([], { guard: LIMITS, changedAt: friday - 30 * DAY })
    endpoint.see(people(2, { username: 'night@corp.example', establishedAt: friday - HOUR }), friday)
    endpoint.edit([ban(['*corp*'])], friday)
    endpoint.see([], friday + DAY)
    const monday = Date.parse('2026-11-23T08:00:00Z')
    const company = Array.from({ length: 40 }, (_, person) =>
      connection({ username: `person-${person}@corp.example`, establishedAt: monday - SECOND }),
    )
    expect(effectOf(endpoint.see(company, monday))).toMatchObject({ ended: 0, holds: ['banned-users'] })
  })

  it.each([
    ['for a week', LIMITS, 7 * DAY],
    ['for as long as the guard looks ahead', { ...LIMITS, lookAheadMs: 30 * DAY }, 30 * DAY],
  ])('checks people who connect %s after an edit, and not later', (_how, guard, lastsMs) => {
    const endpoint = longInForce([], [], guard)
    endpoint.edit([ban(['*corp*'])], NOON)
    const all = (at: Instant) =>
      people(40, { establishedAt: at }).map((row) => ({ ...row, username: `${row.username}@corp` }))
    const within = createEndpoint([ban(['*corp*'])], { guard, changedAt: NOON, kept: endpoint.memory.kept() })
    const end = NOON + lastsMs
    expect(effectOf(within.see(all(end - 2), end - 1)).holds).toEqual(['banned-users'])
    expect(effectOf(endpoint.see(all(end - 2), end)).ended).toBe(40)
  })

  it('never lets edits end more connections within ten minutes than the limits allow', () => {
    const slices = fc.array(
      fc.record({
        gap: fc.integer({ min: 0, max: 6 }),
        more: fc.integer({ min: 1, max: 30 }),
        name: fc.constantFrom('a', 'b'),
      }),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(slices, (edits) => {
        const rows = people(60)
        const endpoint = longInForce([], rows)
        const endedAt = new Map<string, Instant>()
        let [now, count] = [NOON, 0]
        for (const { gap, more, name } of edits) {
          now += gap * MINUTE
          count = Math.min(60, count + more)
          const up = rows.filter(({ id }) => !endedAt.has(id))
          endpoint.see(up, now)
          const { plan } = endpoint.edit([ban(namesOf(rows.slice(0, count)), { name })], now)
          for (const decision of plan.terminate) endedAt.set(decision.connection.id, now)
          const recent = [...endedAt.values()].filter((at) => now - at < 10 * MINUTE).length
          expect(recent <= 10 || 2 * recent <= up.length + recent).toBe(true)
        }
      }),
      { numRuns: slowRuns(40) },
    )
  })
})

describe('the memory of the guard', () => {
  it('is empty before the first judgement', () => {
    expect(createMemory().kept().guard).toEqual(NO_GUARD_MEMORY)
  })

  it('counts from now on what is dated ahead, because the clock was set back', () => {
    const rows = people(30)
    const endpoint = longInForce([], rows)
    endpoint.edit([ban(namesOf(rows.slice(0, 8)))], NOON)
    const setBackTo = NOON - 3 * HOUR
    endpoint.see(rows, setBackTo)
    expect(new Set(endpoint.memory.guard().counted.map(({ at }) => at))).toEqual(new Set([setBackTo]))
  })
})
