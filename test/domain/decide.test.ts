import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { alsoBy, createDecider, decisionOf } from '../../src/domain/judge/decide.ts'
import { explain } from '../../src/domain/judge/explain.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { upcoming } from '../../src/domain/judge/upcoming.ts'
import { isDue, judge } from '../../src/domain/judge/verdict.ts'
import type { Mode, Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { byUrgency, etaSeconds, planOf } from '../../src/domain/terminate/plan.ts'
import { HOUR, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { connection, entry, NOON, PLACE, policy } from './build.ts'

const decide = (policies: readonly Policy[], connections: readonly Connection[], mode: Mode = 'enforce', now = NOON) =>
  createDecider(createPolicySet(policies, []), PLACE).decide(connections, NO_HISTORY, now, mode)

const names = ['alice', 'bob', 'carol', 'dave']
const someone = fc.constantFrom(...names)
const users = fc.array(someone, { minLength: 1, maxLength: 3 })
const selector = fc.option(
  users.map((list) => ({ users: list.map((name) => entry(name)), endpoints: undefined, regions: undefined })),
  { nil: undefined },
)
const mode = fc.constantFrom('audit' as const, 'enforce' as const)
const anyPolicy = fc.oneof(
  fc.integer({ min: 1, max: 600 }).map((minutes) => policy('max-session-age', { maxAge: `${minutes}m` })),
  users.map((list) => policy('banned-users', { users: list })),
  fc.constant(policy('off-hours', { timeZone: 'Europe/Berlin', denied: [{ hours: '12:00-14:00' }] })),
  fc.constantFrom('ingress', 'total').map((way) => policy('max-transfer', { [way]: '1KB' })),
  fc.constant(policy('posture', { require: ['healthy'] })),
)
const policies = fc
  .array(
    fc.record({ base: anyPolicy, match: selector, exempt: selector, mode, grace: fc.integer({ min: 0, max: 90 }) }),
    {
      maxLength: 6,
    },
  )
  .map((list) =>
    list.map(({ base, match, exempt, mode, grace }, index) => ({
      ...base,
      name: `policy-${index}`,
      match,
      exempt,
      mode,
      graceMs: grace * MINUTE,
    })),
  )
const connections = fc.array(
  fc
    .record({
      username: fc.option(someone, { nil: undefined }),
      commonName: fc.option(someone, { nil: undefined }),
      age: fc.option(fc.integer({ min: 0, max: 700 }), { nil: undefined }),
      status: fc.constantFrom('active', 'terminating', 'terminated', 'failed-to-terminate', 'asleep'),
      ingressBytes: fc.constantFrom(0, 1000, 1001, undefined),
      posture: fc.constantFrom(undefined, ['healthy'], ['sick']),
    })
    .map(({ age, ...rest }) =>
      connection({ ...rest, establishedAt: age === undefined ? undefined : NOON - age * MINUTE }),
    ),
  { maxLength: 12 },
)

const told = (decisions: ReturnType<typeof decide>) =>
  decisions.violating.map((decision) => ({
    id: decision.connection.id,
    act: decision.act,
    lead: decision.lead?.policy.name,
    alsoBy: alsoBy(decision),
  }))

describe('a decision', () => {
  it('does not depend on the order of the policies', () => {
    fc.assert(
      fc.property(policies, connections, mode, fc.infiniteStream(fc.nat()), (set, rows, daemon, keys) => {
        const shuffled = set
          .map((item) => ({ item, key: keys.next().value }))
          .sort((a, b) => a.key - b.key)
          .map(({ item }) => item)
        const [one, other] = [decide(set, rows, daemon), decide(shuffled, rows, daemon)]
        expect(told(other)).toEqual(told(one))
        expect(other.wakeAt).toBe(one.wakeAt)
      }),
    )
  })

  it('is the same in audit and in enforce, but for what is done', () => {
    fc.assert(
      fc.property(policies, connections, (set, rows) => {
        const enforced = set.map((item): Policy => ({ ...item, mode: 'enforce' }))
        const [audit, enforce] = [decide(enforced, rows, 'audit'), decide(enforced, rows, 'enforce')]
        const asAudit = told(enforce).map((one) => (one.act === 'terminate' ? { ...one, act: 'audit' } : one))
        expect(told(audit)).toEqual(asAudit)
        expect(told(audit).every(({ act }) => act !== 'terminate')).toBe(true)
      }),
    )
  })

  it('never condemns the exempt, the unmatched, the nameless or those on their way out', () => {
    fc.assert(
      fc.property(policies, connections, (set, rows) => {
        for (const { connection: who, violated } of decide(set, rows).violating) {
          expect(['terminating', 'terminated']).not.toContain(who.status)
          for (const { policy: by } of violated) {
            const listed = (list: typeof by.match, names: ReadonlyArray<string | undefined>) =>
              list?.users?.some(({ pattern }) => names.includes(pattern.text)) ?? false
            const principal = who.username ?? who.commonName
            expect(listed(by.exempt, [principal])).toBe(false)
            if (by.match !== undefined) expect(listed(by.match, [who.username, who.commonName])).toBe(true)
            if (by.match !== undefined || by.exempt !== undefined) expect(principal).toBeDefined()
            if (by.kind.kind === 'max-session-age') expect(who.establishedAt).toBeDefined()
          }
        }
      }),
    )
  })

  it('terminates only in the name of a policy that acts, beyond its deadline', () => {
    fc.assert(
      fc.property(policies, connections, mode, (set, rows, daemon) => {
        for (const { act, lead } of decide(set, rows, daemon).violating) {
          if (act !== 'keep') expect(lead?.deadline).toBeLessThanOrEqual(NOON)
          if (act === 'terminate') expect([daemon, lead?.policy.mode]).toEqual(['enforce', 'enforce'])
        }
      }),
    )
  })

  it('is what each verdict by itself adds up to, and says when to look again', () => {
    const limits = fc.record({ limit: fc.integer({ min: 1, max: 2 }), evict: fc.constantFrom('oldest', 'newest') })
    const crowding = fc.record({
      base: limits.map((keys) => policy('max-sessions', keys)),
      match: selector,
      exempt: selector,
      mode,
      graceMs: fc.constantFrom(0, 0, 10 * HOUR),
      ends: fc.constantFrom(NEVER, NOON, NOON + HOUR),
    })
    const crowders = fc.array(crowding, { maxLength: 2 }).map((list) =>
      list.map(({ base, exempt, ends, ...rest }, index): Policy => {
        const users = exempt?.users.map((one) => ({ ...one, until: ends }))
        return { ...base, ...rest, name: `crowd-${index}`, exempt: exempt && { ...exempt, users } }
      }),
    )
    const protect = fc.constantFrom([], [], [entry('dave')])
    fc.assert(
      fc.property(policies, crowders, protect, connections, mode, (plain, crowded, spared, rows, daemon) => {
        const set = createPolicySet([...plain, ...crowded], spared)
        const found = createDecider(set, PLACE).decide(rows, NO_HISTORY, NOON, daemon)
        const active = rows.filter(({ status }) => !status.startsWith('terminat'))
        const standingsOf = set.everyStanding(PLACE)
        const judged = active.map((who) => ({
          who,
          verdicts: standingsOf(who).map((standing) => judge(standing, who, NO_HISTORY, NOON)),
        }))
        const actsNow = ({ mode: own }: Policy) => own === 'enforce' && daemon === 'enforce'
        const goes = ({ verdicts }: (typeof judged)[number]) =>
          verdicts.some((verdict) => actsNow(verdict.policy) && isDue(verdict, NOON))
        const crowdedSince = (id: string, by: Policy) => {
          const { limit, evict } = by.rule as { limit: number; evict: string }
          const counted = judged.filter(
            (one) => !goes(one) && one.verdicts.some(({ policy: of, word }) => of === by && word === 'fine'),
          )
          const name = judged.find(({ who }) => who.id === id)?.who.username
          const theirs = counted
            .map(({ who }) => who)
            .filter(({ username }) => username !== undefined && username === name)
            .sort((a, b) => (a.establishedAt ?? 0) - (b.establishedAt ?? 0) || (a.id < b.id ? -1 : 1))
          const one = theirs.findIndex((who) => who.id === id)
          const cause = evict === 'oldest' ? one + limit : one
          return one >= 0 && cause >= limit ? theirs[cause]?.establishedAt : undefined
        }

        const expected = judged.map(({ who, verdicts }) => {
          const seen = verdicts.map(({ policy: by, word, deadline, nextAt }) => {
            const since = by.kind.kind === 'max-sessions' ? crowdedSince(who.id, by) : undefined
            if (since === undefined) return { by, word, deadline: deadline ?? NEVER, nextAt }
            const due = since + by.graceMs
            return { by, word: 'violated', deadline: due, nextAt: due > NOON ? due : NEVER }
          })
          const violated = seen.filter(({ word }) => word === 'violated')
          const order = (a: (typeof seen)[number], b: (typeof seen)[number]) =>
            a.by.kind.rank - b.by.kind.rank || a.deadline - b.deadline || (a.by.name < b.by.name ? -1 : 1)
          const due = violated.filter(({ deadline }) => deadline <= NOON).sort(order)
          const lead = due.find(({ by }) => actsNow(by)) ?? due[0]
          const act = due.some(({ by }) => actsNow(by)) ? 'terminate' : due.length > 0 ? 'audit' : 'keep'
          return { who, seen, violated: violated.map(({ by }) => by.name).sort(), act, lead: lead?.by.name }
        })
        expect(
          found.violating.map(({ connection: who, act, lead, violated }) => ({
            who,
            act,
            lead: lead?.policy.name,
            violated: violated.map(({ policy: by }) => by.name).sort(),
          })),
        ).toEqual(
          expected
            .filter(({ violated }) => violated.length > 0)
            .map(({ who, act, lead, violated }) => ({ who, act, lead, violated })),
        )
        expect(found.active).toBe(active.length)
        expect(found.protectedConnections).toBe(
          active.filter(({ username, commonName }) => spared.length > 0 && (username ?? commonName) === 'dave').length,
        )
        const doubts = expected.flatMap(({ who, seen }) =>
          seen.flatMap(({ by, word }) => (word === 'unknown' ? [`${by.name} ${who.id}`] : [])),
        )
        expect([...found.unknown].flatMap(([{ name }, ids]) => [...ids].map((id) => `${name} ${id}`)).sort()).toEqual(
          doubts.sort(),
        )
        const all = expected.flatMap(({ seen }) => seen)
        expect(found.wakeAt).toBe(Math.min(NEVER, ...all.map(({ nextAt }) => nextAt)))
        const asked = all.filter(({ by }) => by.kind.facts !== 'immutable')
        expect(found.askAt).toBe(Math.min(NEVER, ...asked.map(({ nextAt }) => nextAt)))
      }),
      // A second reading of everything: mutants meet more of it than of other properties.
      { numRuns: 200, interruptAfterTimeLimit: 10_000 },
    )
  })

  it('does not take a crowd from a snapshot that is not the newest', () => {
    const set = createPolicySet([policy('max-sessions', { limit: 1 })], [])
    const stale = { ...NO_HISTORY, fresh: () => false }
    const rows = [connection(), connection()]
    const decider = createDecider(set, PLACE)
    expect(decider.decide(rows, NO_HISTORY, NOON, 'enforce').violating).toHaveLength(1)
    const found = decider.decide(rows, stale, NOON, 'enforce')
    expect(found.violating).toEqual([])
    expect([...found.unknown.values()]).toEqual([new Set(rows.map(({ id }) => id))])
  })

  it('tells of those who are named in part only', () => {
    const part = connection({ username: 'CORP\\alice', commonName: undefined })
    const [whole, other] = [connection(), connection({ username: 'bob', commonName: undefined })]
    const ban = policy('banned-users', { users: ['alice'] })
    expect(decide([ban], [whole, part, other]).nearMisses).toEqual([{ connection: part, policy: ban, entry: 'alice' }])
  })

  it('lists of all verdicts those that are violated, and is led by the foremost that is held', () => {
    const old = connection({ establishedAt: NOON - 20 * HOUR })
    const set = [
      policy('max-session-age', { maxAge: '10h' }, { name: 'a-ten' }),
      policy('max-session-age', { maxAge: '30h' }, { name: 'a-thirty' }),
      policy('max-session-age', { maxAge: '9h' }, { name: 'b-nine' }),
      policy('max-session-age', { maxAge: '1h' }, { name: 'audited', mode: 'audit' }),
    ]
    const verdicts = createDecider(createPolicySet(set, []), PLACE).verdictsOf(
      old.id,
      [old],
      NO_HISTORY,
      NOON,
      'enforce',
    )
    const names = (list: typeof verdicts) => list.map(({ policy: { name } }) => name)
    const free = decisionOf(old, verdicts, NOON, 'enforce')
    expect(free).toMatchObject({ act: 'terminate', held: [], lead: { policy: { name: 'b-nine' } } })
    expect(names(free.violated)).toEqual(['a-ten', 'b-nine', 'audited'])
    const acting = free.violated.filter(({ policy: { mode: own } }) => own === 'enforce')
    const held = decisionOf(old, verdicts, NOON, 'enforce', acting)
    expect(held).toMatchObject({ act: 'held', held: acting, lead: { policy: { name: 'b-nine' } } })
    const half = decisionOf(old, verdicts, NOON, 'enforce', acting.slice(1))
    expect(half).toMatchObject({ act: 'terminate', lead: { policy: { name: 'a-ten' } } })
  })

  it('is led by rank, then deadline, then name', () => {
    const old = connection({ establishedAt: NOON - 20 * HOUR })
    const ten = policy('max-session-age', { maxAge: '10h' }, { name: 'ten' })
    const nine = policy('max-session-age', { maxAge: '9h' }, { name: 'nine' })
    const also = policy('max-session-age', { maxAge: '9h' }, { name: 'also-nine' })
    const ban = policy('banned-users', { users: ['alice'] }, { name: 'zz' })
    expect(decide([ten, nine, also], [old]).violating[0]?.lead?.policy.name).toBe('also-nine')
    const [all] = decide([ten, nine, ban], [old]).violating
    expect(all?.lead?.policy.name).toBe('zz')
    expect(all && alsoBy(all)).toEqual(['nine', 'ten'])
  })

  it('gives way to an acting policy where one that only audits would lead', () => {
    const old = connection({ establishedAt: NOON - 20 * HOUR })
    const ban = policy('banned-users', { users: ['alice'] }, { mode: 'audit' })
    const [decision] = decide([ban, policy('max-session-age', { maxAge: '9h' })], [old]).violating
    expect(decision).toMatchObject({ act: 'terminate', lead: { policy: { kind: { kind: 'max-session-age' } } } })
  })

  it('wakes at the earliest change of any verdict', () => {
    const set = [policy('max-session-age', { maxAge: '10h' })]
    const rows = [5, 9, 1].map((hours) => connection({ establishedAt: NOON - hours * HOUR }))
    expect(decide(set, rows).wakeAt).toBe(NOON + HOUR)
  })
})

describe('a plan', () => {
  it('lists the most urgent first, whatever the order of the rows', () => {
    fc.assert(
      fc.property(policies, connections, (set, rows) => {
        const { terminate } = planOf(decide(set, rows))
        const reversed = planOf(decide(set, [...rows].reverse())).terminate
        expect(reversed.map(({ connection: { id } }) => id)).toEqual(terminate.map(({ connection: { id } }) => id))
        terminate.slice(1).forEach((later, index) => {
          const sooner = terminate[index]
          expect(sooner === undefined ? 1 : byUrgency(sooner, later)).toBeLessThan(0)
        })
      }),
    )
  })

  it('knows how long a cut takes: 7,000 calls at the published limit take 23 minutes', () => {
    expect(etaSeconds(7000, { burst: 50, perSecond: 5 })).toBe(1390)
    expect(etaSeconds(50, { burst: 50, perSecond: 5 })).toBe(0)
  })
})

describe('what comes next', () => {
  it('is the first deadline ahead, grace included, of those whom none condemns yet', () => {
    const set = [
      policy('max-session-age', { maxAge: '2h' }, { name: 'age', graceMs: 10 * MINUTE }),
      policy('banned-users', { users: [{ pattern: 'bob', from: '2026-11-23T12:30:00Z' }] }, { name: 'ban' }),
    ]
    const alice = connection()
    const bob = connection({ username: 'bob' })
    const gone = connection({ establishedAt: NOON - 5 * HOUR })
    const next = upcoming(createPolicySet(set, []), PLACE, [alice, bob, gone], NO_HISTORY, NOON)
    expect(next.map(({ connection: { id }, policy: { name }, at }) => [id, name, at])).toEqual([
      [bob.id, 'ban', NOON + 30 * MINUTE],
      [alice.id, 'age', NOON + 70 * MINUTE],
    ])
  })

  it('leaves out who is condemned now, who is leaving and who has nothing ahead; those of one instant stand by id', () => {
    const set = [policy('max-session-age', { maxAge: '2h' }), policy('banned-users', { users: ['bob'] })]
    const rows = [
      connection({ id: 'b' }),
      connection({ id: 'a' }),
      connection({ id: 'gone', status: 'terminating' }),
      connection({ id: 'banned', username: 'bob' }),
      connection({ id: 'unknown', establishedAt: undefined }),
    ]
    const next = (list: readonly Connection[]) =>
      upcoming(createPolicySet(set, []), PLACE, list, NO_HISTORY, NOON).map(({ connection: { id } }) => id)
    expect(next(rows)).toEqual(['a', 'b'])
    expect(next([...rows].reverse())).toEqual(['a', 'b'])
  })

  it('does not follow a window for ever that a grace outlasts', () => {
    const brief = policy('off-hours', { timeZone: 'UTC', denied: [{ hours: '12:30-12:40' }] })
    const next = (graceMs: number) =>
      upcoming(createPolicySet([{ ...brief, graceMs }], []), PLACE, [connection()], NO_HISTORY, NOON).map(
        ({ at }) => at,
      )
    expect(next(10 * MINUTE - 1)).toEqual([NOON + 40 * MINUTE - 1])
    expect(next(20 * MINUTE)).toEqual([])
  })
})

describe('an explanation', () => {
  it('is every verdict with its words and its next change, and the decision less what is held', () => {
    const set = [
      policy('max-session-age', { maxAge: '30m' }, { name: 'short' }),
      policy('max-session-age', { maxAge: '8h' }, { name: 'long' }),
    ]
    const who = connection()
    const scene = {
      policies: set,
      decider: createDecider(createPolicySet(set, []), PLACE),
      connections: [who],
      history: NO_HISTORY,
      now: NOON,
      mode: 'enforce' as const,
    }
    const free = explain(scene, who, () => false)
    expect(free).toMatchObject({ decision: { act: 'terminate', lead: { policy: { name: 'short' } } }, nextAt: NEVER })
    expect(free.verdicts.map(({ verdict, nextAt }) => [verdict.policy.name, verdict.word, nextAt])).toEqual([
      ['short', 'violated', NEVER],
      ['long', 'fine', NOON + 7 * HOUR],
    ])
    expect(new Set(free.verdicts.map(({ because }) => because)).size).toBe(2)
    expect(explain(scene, who, (name) => name === 'short').decision).toMatchObject({
      act: 'held',
      held: [{ policy: { name: 'short' } }],
    })
    expect(explain(scene, who, (name) => name === 'long').decision).toMatchObject({ act: 'terminate', held: [] })
  })
})
