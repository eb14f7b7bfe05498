import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { type Decision, decisionOf } from '../../src/domain/judge/decide.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { judge } from '../../src/domain/judge/verdict.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { byUrgency, etaSeconds, planOf } from '../../src/domain/terminate/plan.ts'
import { HOUR, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { connection, NOON, PLACE, policy } from './build.ts'

const ban = policy('banned-users', { users: ['al*'] })
const age = policy('max-session-age', { maxAge: '30m' })

/** What policies make of one connection at noon; the guard may hold all of it. */
const decision = (policies: readonly Policy[], different: Partial<Connection> = {}, isHeld = false): Decision => {
  const who = connection(different)
  const verdicts = createPolicySet(policies, [])
    .everyStanding(PLACE)(who)
    .map((standing) => judge(standing, who, NO_HISTORY, NOON))
  return decisionOf(who, verdicts, NOON, 'enforce', isHeld ? verdicts : [])
}

const planned = (violating: readonly Decision[], together: ReadonlyMap<string, readonly Decision[]> = new Map()) =>
  planOf(
    {
      now: NOON,
      active: violating.length,
      protectedConnections: 0,
      violating,
      unknown: new Map(),
      nearMisses: [],
      foreseen: [],
      wakeAt: NEVER,
      askAt: NEVER,
    },
    together,
  )

describe('the order of a plan', () => {
  it('is the rank of the kind that leads, then the deadline, then the id', () => {
    const banned = decision([ban, age], { id: 'z', establishedAt: NOON - 31 * MINUTE })
    const [older, old] = [
      decision([age], { id: 'y', username: 'bob', establishedAt: NOON - 3 * HOUR }),
      decision([age], { id: 'x', username: 'bob', establishedAt: NOON - 2 * HOUR }),
    ]
    const alike = ['v', 'w'].map((id) => decision([age], { id, username: 'bob', establishedAt: NOON - 2 * HOUR }))
    const expected = [banned, older, ...alike, old]
    expect(planned([...expected].reverse()).terminate).toEqual(expected)
    expect(planned(expected).terminate).toEqual(expected)
  })

  it('puts last whom nobody ends yet', () => {
    const inGrace = decision([{ ...age, graceMs: 2 * HOUR }], { id: 'a' })
    const due = decision([age], { id: 'b' })
    expect(inGrace.lead).toBeUndefined()
    expect([byUrgency(inGrace, due), byUrgency(due, inGrace)].map(Math.sign)).toEqual([1, -1])
    const another = decision([{ ...age, graceMs: 2 * HOUR }], { id: 'c' })
    expect([byUrgency(inGrace, another), byUrgency(another, inGrace)].map(Math.sign)).toEqual([-1, 1])
  })
})

describe('what is planned', () => {
  it('is told apart: what ends, what is held, what is audited', () => {
    const [ends, held, audited, kept] = [
      decision([ban]),
      decision([ban], {}, true),
      decision([{ ...ban, mode: 'audit' }]),
      decision([{ ...age, graceMs: 2 * HOUR }]),
    ] as const
    const plan = planned([kept, audited, held, ends])
    expect(plan).toMatchObject({ terminate: [ends], held: [held], audit: [audited] })
    expect(plan.calls.map(({ decisions }) => decisions)).toEqual([[ends]])
  })

  it('is one call for each connection', () => {
    const two = [decision([ban], { id: 'a' }), decision([ban], { id: 'b', username: undefined })]
    expect(planned(two).calls).toEqual(
      two.map((one) => ({
        selector: 'connection-id',
        endpointId: PLACE.endpointId,
        username: undefined,
        decisions: [one],
      })),
    )
  })

  it('is one call for all connections of a user, where the foremost of them stands', () => {
    const at = (id: string, hours: number, username: string) =>
      decision([ban], { id, username, establishedAt: NOON - hours * HOUR })
    const [first, second, third, fourth] = [
      at('d', 5, 'alan'),
      at('c', 4, 'alice'),
      at('b', 3, 'alan'),
      at('a', 2, 'alice'),
    ] as const
    const fifth = at('e', 1, 'alice')
    const together = new Map([['alice', [fifth, fourth, second]]])
    const { calls, terminate } = planned([fifth, fourth, third, second, first], together)
    expect(terminate).toEqual([first, second, third, fourth, fifth])
    expect(calls.map(({ selector, username, decisions }) => [selector, username, decisions])).toEqual([
      ['connection-id', undefined, [first]],
      ['username', 'alice', [second, fourth, fifth]],
      ['connection-id', undefined, [third]],
    ])
    expect(new Set(calls.map(({ endpointId }) => endpointId))).toEqual(new Set([PLACE.endpointId]))
  })

  it('takes as long as the bucket lets it', () => {
    expect([0, 40, 41, 44, 60].map((calls) => etaSeconds(calls, { burst: 40, perSecond: 4 }))).toEqual([
      0, 0, 0.25, 1, 5,
    ])
  })
})
