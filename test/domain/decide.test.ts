import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { deadlinesOf } from '../../src/domain/judge/deadlines.ts'
import { type Decision, type Decisions, decisionOf } from '../../src/domain/judge/decide.ts'
import { explain } from '../../src/domain/judge/explain.ts'
import { inGrace } from '../../src/domain/judge/in-grace.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { isDue, judge } from '../../src/domain/judge/verdict.ts'
import { violatedNames } from '../../src/domain/judge/violation.ts'
import type { UserEntry } from '../../src/domain/names/user-list.ts'
import type { Mode, Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { byUrgency, etaSeconds } from '../../src/domain/terminate/plan.ts'
import { HOUR, type Instant, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { slowRuns } from '../fuzz-runs.ts'
import { connection, ENFORCE, entry, NOON, PLACE, policy } from './build.ts'
import { createEndpoint } from './endpoint.ts'
import { imagine } from './imagine.ts'

const decisionsIn = ({ judgement }: ReturnType<typeof imagine>): Decisions => {
  if (judgement.decisions === undefined) throw new Error('nothing was decided')
  return judgement.decisions
}

const decide = (policies: readonly Policy[], connections: readonly Connection[], mode: Mode = 'enforce') =>
  decisionsIn(imagine(policies, connections, { mode }))

const user = fc.constantFrom('alice', 'bob', 'carol', 'dave')
const users = fc.array(user, { minLength: 1, maxLength: 3 })
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
      username: fc.option(user, { nil: undefined }),
      commonName: fc.option(user, { nil: undefined }),
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

/** The policies that a connection violates beside the leading one. */
const othersOf = (decision: Decision): readonly string[] =>
  violatedNames(decision).filter((name) => decision.act === 'keep' || name !== decision.lead.policy.name)

const summaryOf = ({ violating }: Decisions) =>
  violating.map((decision) => ({
    id: decision.connection.id,
    act: decision.act,
    lead: decision.lead?.policy.name,
    others: othersOf(decision),
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
        expect(summaryOf(other)).toEqual(summaryOf(one))
        expect(other.wakeAt).toBe(one.wakeAt)
      }),
    )
  })

  it('is the same in audit mode as in enforce mode, except that audit mode terminates nothing', () => {
    fc.assert(
      fc.property(policies, connections, (set, rows) => {
        const enforced = set.map((item): Policy => ({ ...item, mode: 'enforce' }))
        const [audit, enforce] = [decide(enforced, rows, 'audit'), decide(enforced, rows, 'enforce')]
        const asAudit = summaryOf(enforce).map((one) => (one.act === 'terminate' ? { ...one, act: 'audit' } : one))
        expect(summaryOf(audit)).toEqual(asAudit)
        expect(summaryOf(audit).every(({ act }) => act !== 'terminate')).toBe(true)
      }),
    )
  })

  it('finds no violation by a connection that is exempt, not matched, nameless or already terminating', () => {
    fc.assert(
      fc.property(policies, connections, (set, rows) => {
        for (const { connection: row, violated } of decide(set, rows).violating) {
          expect(['terminating', 'terminated']).not.toContain(row.status)
          for (const { policy: by } of violated) {
            const isListed = (list: typeof by.match, names: ReadonlyArray<string | undefined>) =>
              list?.users?.some(({ pattern }) => names.includes(pattern.text)) ?? false
            const principal = row.username ?? row.commonName
            expect(isListed(by.exempt, [principal])).toBe(false)
            if (by.match !== undefined) expect(isListed(by.match, [row.username, row.commonName])).toBe(true)
            if (by.match !== undefined || by.exempt !== undefined) expect(principal).toBeDefined()
            if (by.kind.kind === 'max-session-age') expect(row.establishedAt).toBeDefined()
          }
        }
      }),
    )
  })

  it('terminates only under a policy that acts, and only after its deadline', () => {
    fc.assert(
      fc.property(policies, connections, mode, (set, rows, daemon) => {
        for (const { act, lead } of decide(set, rows, daemon).violating) {
          if (act !== 'keep') expect(lead?.deadline).toBeLessThanOrEqual(NOON)
          if (act === 'terminate') expect([daemon, lead?.policy.mode]).toEqual(['enforce', 'enforce'])
        }
      }),
    )
  })

  it('follows from the verdicts of single policies, and says when to judge again', () => {
    const limits = fc.record({ limit: fc.integer({ min: 1, max: 2 }), evict: fc.constantFrom('oldest', 'newest') })
    const countingPolicy = fc.record({
      base: limits.map((keys) => policy('max-sessions', keys)),
      match: selector,
      exempt: selector,
      mode,
      graceMs: fc.constantFrom(0, 0, 10 * HOUR),
      exemptUntil: fc.constantFrom(NEVER, NOON, NOON + HOUR),
      from: fc.constantFrom(undefined, undefined, NOON - 30 * MINUTE, NOON, NOON + 1),
      until: fc.constantFrom(undefined, undefined, NOON, NOON + 1, NOON + HOUR),
    })
    const countingPolicies = fc.array(countingPolicy, { maxLength: 2 }).map((list) =>
      list.map(({ base, exempt, exemptUntil, ...rest }, index): Policy => {
        const users = exempt?.users.map((one) => ({ ...one, until: exemptUntil }))
        return { ...base, ...rest, name: `count-${index}`, exempt: exempt && { ...exempt, users } }
      }),
    )
    const protectedUsers = fc.constantFrom([], [], [entry('dave')])
    fc.assert(
      fc.property(
        policies,
        countingPolicies,
        protectedUsers,
        connections,
        mode,
        (single, counting, protect, rows, daemon) => {
          const all = [...single, ...counting]
          const found = decisionsIn(imagine(all, rows, { mode: daemon, protect }))
          const active = rows.filter(({ status }) => !status.startsWith('terminat'))
          const applicabilitiesOf = createPolicySet(all, protect).everyApplicability(PLACE)
          const judged = active.map((row) => ({
            row,
            verdicts: applicabilitiesOf(row).map((applicability) => judge(applicability, row, NO_HISTORY, NOON)),
          }))
          const actsNow = ({ mode: own }: Policy) => own === 'enforce' && daemon === 'enforce'
          const endsRegardless = ({ verdicts }: (typeof judged)[number]) =>
            verdicts.some((verdict) => actsNow(verdict.policy) && isDue(verdict, NOON))
          const surplusSince = (id: string, by: Policy) => {
            const { limit, evict } = by.rule as { limit: number; evict: string }
            const { from = -NEVER, until = NEVER } = by
            if (NOON < from || NOON >= until) return undefined
            const counted = judged.filter(
              (one) => !endsRegardless(one) && one.verdicts.some((own) => own.policy === by && own.word === 'fine'),
            )
            const name = judged.find(({ row }) => row.id === id)?.row.username
            const ofUser = counted
              .map(({ row }) => row)
              .filter(({ username }) => username !== undefined && username === name)
              .sort((a, b) => (a.establishedAt ?? 0) - (b.establishedAt ?? 0) || (a.id < b.id ? -1 : 1))
            const index = ofUser.findIndex((row) => row.id === id)
            const cause = evict === 'oldest' ? index + limit : index
            const since = index >= 0 && cause >= limit ? ofUser[cause]?.establishedAt : undefined
            return since === undefined ? undefined : Math.max(since, from)
          }

          const expected = judged.map(({ row, verdicts }) => {
            const own = verdicts.map(({ policy: by, word, deadline, nextAt }) => {
              const since = by.kind.kind === 'max-sessions' ? surplusSince(row.id, by) : undefined
              if (since === undefined) return { by, word, deadline: deadline ?? NEVER, nextAt }
              const dueAt = since + by.graceMs
              return {
                by,
                word: 'violated',
                deadline: dueAt,
                nextAt: Math.min(dueAt > NOON ? dueAt : NEVER, by.until ?? NEVER),
              }
            })
            const violated = own.filter(({ word }) => word === 'violated')
            const order = (a: (typeof own)[number], b: (typeof own)[number]) =>
              a.by.kind.rank - b.by.kind.rank || a.deadline - b.deadline || (a.by.name < b.by.name ? -1 : 1)
            const due = violated.filter(({ deadline }) => deadline <= NOON).sort(order)
            const lead = due.find(({ by }) => actsNow(by)) ?? due[0]
            const act = due.some(({ by }) => actsNow(by)) ? 'terminate' : due.length > 0 ? 'audit' : 'keep'
            return { row, own, violated: violated.map(({ by }) => by.name).sort(), act, lead: lead?.by.name }
          })
          expect(
            found.violating.map(({ connection: row, act, lead, violated }) => ({
              row,
              act,
              lead: lead?.policy.name,
              violated: violated.map(({ policy: by }) => by.name).sort(),
            })),
          ).toEqual(
            expected
              .filter(({ violated }) => violated.length > 0)
              .map(({ row, act, lead, violated }) => ({ row, act, lead, violated })),
          )
          expect(found.active).toBe(active.length)
          const isProtected = ({ username, commonName }: Connection) =>
            protect.length > 0 && (username ?? commonName) === 'dave'
          expect(found.protectedConnections).toBe(active.filter(isProtected).length)
          const unknown = expected.flatMap(({ row, own }) =>
            own.flatMap(({ by, word }) => (word === 'unknown' ? [`${by.name} ${row.id}`] : [])),
          )
          expect([...found.unknown].flatMap(([{ name }, ids]) => [...ids].map((id) => `${name} ${id}`)).sort()).toEqual(
            unknown.sort(),
          )
          const every = expected.flatMap(({ own }) => own)
          expect(found.wakeAt).toBe(Math.min(NEVER, ...every.map(({ nextAt }) => nextAt)))
          const toConfirm = every.filter(({ by }) => by.kind.facts !== 'immutable')
          expect(found.confirmAt).toBe(Math.min(NEVER, ...toConfirm.map(({ nextAt }) => nextAt)))
        },
      ),
      // This property implements the decision a second time: under mutation testing it needs more runs than the others.
      { numRuns: slowRuns(200), interruptAfterTimeLimit: 60_000 },
    )
  })

  it('finds no surplus connection in a stale view', () => {
    const endpoint = createEndpoint([policy('max-sessions', { limit: 1 })])
    const rows = [connection(), connection()]
    expect(endpoint.see(rows, NOON).decisions?.violating).toHaveLength(1)
    const stale = endpoint.fail(NOON).decisions
    expect(stale?.violating).toEqual([])
    expect([...(stale?.unknown.values() ?? [])]).toEqual([new Set(rows.map(({ id }) => id))])
  })

  it('reports connections that an entry of a policy misses by little', () => {
    const part = connection({ username: 'CORP\\alice', commonName: undefined })
    const [whole, other] = [connection(), connection({ username: 'bob', commonName: undefined })]
    const ban = policy('banned-users', { users: ['alice'] })
    expect([...decide([ban], [whole, part, other]).nearMisses]).toEqual([
      [{ policy: ban, list: 'users', entry: 'alice', until: NEVER }, [part]],
    ])
  })

  it('reports no near miss of a policy or an entry that is over, but of those to come', () => {
    const part = connection({ username: 'CORP\\alice', commonName: undefined })
    const select = (users: UserEntry[]) => ({ users, endpoints: undefined, regions: undefined })
    const aged = (match: UserEntry[], different: Partial<Policy> = {}) =>
      policy('max-session-age', { maxAge: '8h' }, { match: select(match), ...different })
    const entriesAt = (tested: Policy, now: Instant) =>
      [...decisionsIn(imagine([tested], [part], { now })).nearMisses.keys()].map((nearMiss) => nearMiss.entry)
    const ban = { ...policy('banned-users', { users: ['alice'] }), until: NOON }
    for (const over of [ban, aged([entry('alice', { until: NOON })])]) {
      expect(entriesAt(over, NOON - 1)).toEqual(['alice'])
      expect(entriesAt(over, NOON)).toEqual([])
    }
    expect(entriesAt(aged([entry('alice', { from: NOON + HOUR })]), NOON)).toEqual(['alice'])
    // The entry that is over hides no other one of its list.
    for (const other of ['user:alice', 'alice', 'alic\u0435', 'corp\\alyce']) {
      const over = [entry('alice', { until: NOON }), entry(other)]
      expect(entriesAt(aged(over), NOON)).toEqual([other])
      expect(entriesAt(aged(over.reverse()), NOON)).toEqual([other])
    }
  })

  it('lists the violated verdicts, and a held decision is led by the first of the held ones', () => {
    const old = connection({ establishedAt: NOON - 20 * HOUR })
    const set = [
      policy('max-session-age', { maxAge: '10h' }, { name: 'a-ten' }),
      policy('max-session-age', { maxAge: '30h' }, { name: 'a-thirty' }),
      policy('max-session-age', { maxAge: '9h' }, { name: 'b-nine' }),
      policy('max-session-age', { maxAge: '1h' }, { name: 'audited', mode: 'audit' }),
    ]
    const verdicts = imagine(set, [old]).rules.decider.verdictsOf(old.id, [old], NO_HISTORY, NOON, ENFORCE)
    const names = (list: typeof verdicts) => list.map(({ policy: { name } }) => name)
    const free = decisionOf(old, verdicts, NOON, ENFORCE)
    expect(free).toMatchObject({ act: 'terminate', held: [], lead: { policy: { name: 'b-nine' } } })
    expect(names(free.violated)).toEqual(['a-ten', 'b-nine', 'audited'])
    const acting = free.violated.filter(({ policy: { mode: own } }) => own === 'enforce')
    const decisionHolding = (...names: readonly string[]) =>
      decisionOf(old, verdicts, NOON, { mode: 'enforce', held: new Set(names) })
    const held = decisionHolding('a-ten', 'b-nine')
    expect(held).toMatchObject({ act: 'held', held: acting, lead: { policy: { name: 'b-nine' } } })
    const half = decisionHolding('b-nine')
    expect(half).toMatchObject({ act: 'terminate', lead: { policy: { name: 'a-ten' } } })
  })

  it('is led by the kind with the lowest rank, then the earliest deadline, then the first name', () => {
    const old = connection({ establishedAt: NOON - 20 * HOUR })
    const ten = policy('max-session-age', { maxAge: '10h' }, { name: 'ten' })
    const nine = policy('max-session-age', { maxAge: '9h' }, { name: 'nine' })
    const also = policy('max-session-age', { maxAge: '9h' }, { name: 'also-nine' })
    const ban = policy('banned-users', { users: ['alice'] }, { name: 'zz' })
    expect(decide([ten, nine, also], [old]).violating[0]?.lead?.policy.name).toBe('also-nine')
    const [all] = decide([ten, nine, ban], [old]).violating
    expect(all?.lead?.policy.name).toBe('zz')
    expect(all && othersOf(all)).toEqual(['nine', 'ten'])
  })

  it('is led by an acting policy, even if a policy in audit mode ranks lower', () => {
    const old = connection({ establishedAt: NOON - 20 * HOUR })
    const ban = policy('banned-users', { users: ['alice'] }, { mode: 'audit' })
    const [decision] = decide([ban, policy('max-session-age', { maxAge: '9h' })], [old]).violating
    expect(decision).toMatchObject({ act: 'terminate', lead: { policy: { kind: { kind: 'max-session-age' } } } })
  })

  it('is made again at the earliest change of any verdict', () => {
    const set = [policy('max-session-age', { maxAge: '10h' })]
    const rows = [5, 9, 1].map((hours) => connection({ establishedAt: NOON - hours * HOUR }))
    expect(decide(set, rows).wakeAt).toBe(NOON + HOUR)
  })
})

describe('a plan', () => {
  it('lists the most urgent decision first, whatever the order of the rows', () => {
    fc.assert(
      fc.property(policies, connections, (set, rows) => {
        const { terminate } = imagine(set, rows).judgement.plan
        const reversed = imagine(set, [...rows].reverse()).judgement.plan.terminate
        expect(reversed.map(({ connection: { id } }) => id)).toEqual(terminate.map(({ connection: { id } }) => id))
        terminate.slice(1).forEach((later, index) => {
          const sooner = terminate[index]
          expect(sooner === undefined ? 1 : byUrgency(sooner, later)).toBeLessThan(0)
        })
      }),
    )
  })

  it('says how long its calls take: 7,000 at the published limit take 23 minutes', () => {
    expect(etaSeconds(7000, { burst: 50, perSecond: 5 })).toBe(1390)
    expect(etaSeconds(50, { burst: 50, perSecond: 5 })).toBe(0)
  })
})

describe('the upcoming deadlines', () => {
  const upcomingIn = (set: readonly Policy[], rows: readonly Connection[]) => {
    return deadlinesOf(imagine(set, rows)).next
  }

  it('are the first deadline ahead, grace included, of each connection that no policy has due', () => {
    const set = [
      policy('max-session-age', { maxAge: '2h' }, { name: 'age', graceMs: 10 * MINUTE }),
      policy('banned-users', { users: [{ pattern: 'bob', from: '2026-11-23T12:30:00Z' }] }, { name: 'ban' }),
    ]
    const alice = connection()
    const bob = connection({ username: 'bob' })
    const due = connection({ establishedAt: NOON - 5 * HOUR })
    expect(
      upcomingIn(set, [alice, bob, due]).map(({ connection: { id }, policy: { name }, at }) => [id, name, at]),
    ).toEqual([
      [bob.id, 'ban', NOON + 30 * MINUTE],
      [alice.id, 'age', NOON + 70 * MINUTE],
    ])
  })

  it('leave out connections that are due, terminating or never due; those of one instant are ordered by id', () => {
    const set = [policy('max-session-age', { maxAge: '2h' }), policy('banned-users', { users: ['bob'] })]
    const rows = [
      connection({ id: 'b' }),
      connection({ id: 'a' }),
      connection({ id: 'ending', status: 'terminating' }),
      connection({ id: 'banned', username: 'bob' }),
      connection({ id: 'unknown', establishedAt: undefined }),
    ]
    const ids = (list: readonly Connection[]) => upcomingIn(set, list).map(({ connection: { id } }) => id)
    expect(ids(rows)).toEqual(['a', 'b'])
    expect(ids([...rows].reverse())).toEqual(['a', 'b'])
  })

  it('end the search for a deadline where each window is shorter than the grace', () => {
    const brief = policy('off-hours', { timeZone: 'UTC', denied: [{ hours: '12:30-12:40' }] })
    const instants = (graceMs: number) => upcomingIn([{ ...brief, graceMs }], [connection()]).map(({ at }) => at)
    expect(instants(10 * MINUTE - 1)).toEqual([NOON + 40 * MINUTE - 1])
    expect(instants(20 * MINUTE)).toEqual([])
  })

  it('are those of policies that act, where one does, also of a connection that is due in audit mode', () => {
    const set = [
      policy('max-session-age', { maxAge: '30m' }, { name: 'trial', mode: 'audit' }),
      policy('max-session-age', { maxAge: '8h' }, { name: 'daily' }),
    ]
    const [young, due] = [connection({ establishedAt: NOON }), connection({ establishedAt: NOON - HOUR })]
    const rows = (list: readonly Policy[]) =>
      upcomingIn(list, [young, due]).map(({ connection: { id }, policy: { name }, at, acts }) => [id, name, at, acts])
    expect(rows(set)).toEqual([
      [due.id, 'daily', NOON + 7 * HOUR, true],
      [young.id, 'daily', NOON + 8 * HOUR, true],
    ])
    expect(rows(set.slice(0, 1))).toEqual([[young.id, 'trial', NOON + 30 * MINUTE, false]])
  })

  it('are none in a view that shows nothing to decide on', () => {
    const judged = imagine([policy('max-session-age', { maxAge: '2h' })], [])
    const snapshot = { endpointId: '', begunAt: NOON, completedAt: NOON, connections: [connection()] }
    const view = { state: 'blind', snapshot, because: '' } as const
    expect(deadlinesOf({ ...judged, judgement: { ...judged.judgement, view } }).next).toEqual([])
  })
})

describe('the connections in grace', () => {
  const graceful = (name: string, maxAge: string, graceMs: number, mode: Mode = 'enforce') =>
    policy('max-session-age', { maxAge }, { name, graceMs, mode })

  it('are listed with the earliest deadline that ends them, also those that are due in audit mode', () => {
    const [old, young] = [connection({ establishedAt: NOON - 61 * MINUTE }), connection({ establishedAt: NOON })]
    const graceIn = (...set: readonly Policy[]) =>
      inGrace(imagine(set, [old, young])).map(({ connection: { id }, lead, acts }) => [id, lead.policy.name, acts])
    const [slow, fast] = [graceful('slow', '1h', 20 * MINUTE), graceful('fast', '1h', 10 * MINUTE)]
    const trial = graceful('trial', '1h', 5 * MINUTE, 'audit')
    expect(graceIn(slow, fast, trial)).toEqual([[old.id, 'fast', true]])
    expect(graceIn(trial)).toEqual([[old.id, 'trial', false]])
    expect(graceIn(graceful('due', '1h', 0, 'audit'), trial)).toEqual([])
    expect(graceIn(graceful('due', '1h', 0, 'audit'), slow)).toEqual([[old.id, 'slow', true]])
    expect(graceIn(graceful('due', '1h', 0), slow)).toEqual([])
  })

  it('have a later deadline only if it comes before the end of grace', () => {
    const rows = [connection({ establishedAt: NOON - 61 * MINUTE })]
    const next = (...set: readonly Policy[]) => deadlinesOf(imagine(set, rows)).next.map(({ policy: { name } }) => name)
    const hour = graceful('hour', '1h', 20 * MINUTE)
    expect(next(hour)).toEqual([])
    expect(next(hour, graceful('before', '70m', 0))).toEqual(['before'])
    expect(next(hour, graceful('after', '2h', 0))).toEqual([])
    expect(next(graceful('trial', '1h', 5 * MINUTE, 'audit'), graceful('ends', '2h', 0))).toEqual(['ends'])
  })
})

describe('an explanation', () => {
  const short = policy('max-session-age', { maxAge: '30m' }, { name: 'short' })
  const long = policy('max-session-age', { maxAge: '8h' }, { name: 'long' })
  const row = connection()

  it('is the decision, and every verdict with its reason and its next change', () => {
    const free = explain(imagine([short, long], [row]), row, [row])
    expect(free).toMatchObject({ decision: { act: 'terminate', lead: { policy: { name: 'short' } } }, nextAt: NEVER })
    expect(free.verdicts.map(({ verdict, nextAt }) => [verdict.policy.name, verdict.word, nextAt])).toEqual([
      ['short', 'violated', NEVER],
      ['long', 'fine', NOON + 7 * HOUR],
    ])
    expect(new Set(free.verdicts.map(({ because }) => because)).size).toBe(2)
    expect(explain(imagine([long], [row]), row, [row])).toMatchObject({
      decision: { act: 'keep', violated: [] },
      nextAt: NOON + 7 * HOUR,
    })
  })

  it('names the verdicts that the guard holds', () => {
    const actUnder = (policies: readonly Policy[]) => {
      const endpoint = createEndpoint(policies, {
        guard: { maxPercent: 0, minConnections: 0, lookAheadMs: 0 },
        changedAt: NOON,
      })
      const judgement = endpoint.see([row], NOON)
      return explain({ judgement, rules: endpoint.rules, memory: endpoint.memory }, row, [row]).decision
    }
    expect(actUnder([short, long])).toMatchObject({ act: 'held', held: [{ policy: { name: 'short' } }] })
    const unguarded = { ...policy('max-session-age', { maxAge: '40m' }), guard: 'off' as const }
    expect(actUnder([short, unguarded])).toMatchObject({
      act: 'terminate',
      held: [{ policy: { name: 'short' } }],
      lead: { policy: { name: unguarded.name } },
    })
    expect(actUnder([unguarded, long])).toMatchObject({ act: 'terminate', held: [] })
  })
})
