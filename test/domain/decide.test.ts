import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { alsoBy, createDecider } from '../../src/domain/decide.ts'
import { HOUR, MINUTE } from '../../src/domain/instant.ts'
import { NO_HISTORY } from '../../src/domain/memory.ts'
import { byUrgency, etaSeconds, planOf } from '../../src/domain/plan.ts'
import type { Mode, Policy } from '../../src/domain/policy.ts'
import { createPolicySet } from '../../src/domain/policy-set.ts'
import { upcoming } from '../../src/domain/upcoming.ts'
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
})
