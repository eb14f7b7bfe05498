import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { type Decision, type DueDecision, decisionOf } from '../../src/domain/judge/decide.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { judge } from '../../src/domain/judge/verdict.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { byUrgency, etaSeconds, planOf } from '../../src/domain/terminate/plan.ts'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, ENFORCE, entry, NOON, PLACE, policy } from './build.ts'
import { createEndpoint } from './endpoint.ts'

const ban = policy('banned-users', { users: ['al*'] })
const age = policy('max-session-age', { maxAge: '30m' })

/** The decision of the policies about one connection at noon; nothing is held. */
const decision = (policies: readonly Policy[], different: Partial<Connection> = {}): Decision => {
  const decided = connection(different)
  const verdicts = createPolicySet(policies, [])
    .everyApplicability(PLACE)(decided)
    .map((applicability) => judge(applicability, decided, NO_HISTORY, NOON))
  return decisionOf(decided, verdicts, NOON, ENFORCE)
}

const dueDecision = (policies: readonly Policy[], different: Partial<Connection> = {}): DueDecision => {
  const found = decision(policies, different)
  if (found.act === 'keep') throw new Error(`${found.connection.id} is not due`)
  return found
}

describe('the order of a plan', () => {
  it('is the rank of the leading kind, then the deadline, then the id', () => {
    const banned = decision([ban, age], { id: 'z', establishedAt: NOON - 31 * MINUTE })
    const [older, old] = [
      decision([age], { id: 'y', username: 'bob', establishedAt: NOON - 3 * HOUR }),
      decision([age], { id: 'x', username: 'bob', establishedAt: NOON - 2 * HOUR }),
    ]
    const alike = ['v', 'w'].map((id) => decision([age], { id, username: 'bob', establishedAt: NOON - 2 * HOUR }))
    const expected = [banned, older, ...alike, old]
    expect(planOf({ violating: [...expected].reverse() }).terminate).toEqual(expected)
    expect(planOf({ violating: expected }).terminate).toEqual(expected)
  })

  it('puts connections last whose violations are all in grace', () => {
    const inGrace = decision([{ ...age, graceMs: 2 * HOUR }], { id: 'a' })
    const due = decision([age], { id: 'b' })
    expect(inGrace.lead).toBeUndefined()
    expect([byUrgency(inGrace, due), byUrgency(due, inGrace)].map(Math.sign)).toEqual([1, -1])
    const another = decision([{ ...age, graceMs: 2 * HOUR }], { id: 'c' })
    expect([byUrgency(inGrace, another), byUrgency(another, inGrace)].map(Math.sign)).toEqual([-1, 1])
  })
})

describe('a plan', () => {
  it('separates connections that end, that the guard holds, that audit mode reports, and that are in grace', () => {
    const match = (user: string) => ({ users: [entry(user)], endpoints: undefined, regions: undefined })
    const endpoint = createEndpoint(
      [
        { ...ban, name: 'ends', match: match('alan'), guard: 'off' },
        { ...ban, name: 'held', match: match('alba') },
        { ...ban, name: 'audited', match: match('aldo'), mode: 'audit' },
        { ...age, name: 'in-grace', match: match('alma'), graceMs: 2 * HOUR },
      ],
      { guard: { maxPercent: 0, minConnections: 0, lookAheadMs: 0 }, changedAt: NOON },
    )
    const { plan } = endpoint.see(
      ['alma', 'aldo', 'alba', 'alan'].map((username) => connection({ id: username, username })),
      NOON,
    )
    const idsOf = (decisions: readonly DueDecision[]) => decisions.map(({ connection: { id } }) => id)
    expect([idsOf(plan.terminate), idsOf(plan.held), idsOf(plan.audit)]).toEqual([['alan'], ['alba'], ['aldo']])
    expect(plan.calls.map(({ decisions }) => decisions)).toEqual([plan.terminate])
  })

  it('has one call for each connection', () => {
    const two = [dueDecision([ban], { id: 'a' }), dueDecision([ban], { id: 'b', username: undefined })]
    expect(planOf({ violating: two }).calls).toEqual(
      two.map((one) => ({
        selector: 'connection-id',
        endpointId: ENDPOINT,
        username: undefined,
        decisions: [one],
      })),
    )
  })

  it('has one call for all connections of a user, in the place of the most urgent of them', () => {
    const at = (id: string, hours: number, username: string) =>
      dueDecision([ban], { id, username, establishedAt: NOON - hours * HOUR })
    const [first, second, third, fourth] = [
      at('d', 5, 'alan'),
      at('c', 4, 'alice'),
      at('b', 3, 'alan'),
      at('a', 2, 'alice'),
    ] as const
    const fifth = at('e', 1, 'alice')
    const together = new Map([['alice', [fifth, fourth, second]]])
    const { calls, terminate } = planOf({ violating: [fifth, fourth, third, second, first] }, together)
    expect(terminate).toEqual([first, second, third, fourth, fifth])
    expect(calls.map(({ selector, username, decisions }) => [selector, username, decisions])).toEqual([
      ['connection-id', undefined, [first]],
      ['username', 'alice', [second, fourth, fifth]],
      ['connection-id', undefined, [third]],
    ])
    expect(new Set(calls.map(({ endpointId }) => endpointId))).toEqual(new Set([ENDPOINT]))
  })

  it('takes as long as the token bucket asks for', () => {
    expect([0, 40, 41, 44, 60].map((calls) => etaSeconds(calls, { burst: 40, perSecond: 4 }))).toEqual([
      0, 0, 0.25, 1, 5,
    ])
  })
})
