import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDecider } from '../../src/domain/judge/decide.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { createPolicyTester, type PolicyCase, type TestedConnection } from '../../src/domain/judge/policy-test.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { HOUR, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { connection, entry, NOON, PLACE, policy } from './build.ts'

const OTHER_ENDPOINT = 'cvpn-endpoint-0fedcba9876543210'

const tested = (
  different: Parameters<typeof connection>[0],
  expected: Partial<TestedConnection['expected']> = {},
  lastActivityAt?: number,
): TestedConnection => ({
  connection: connection(different),
  lastActivityAt,
  expected: { expect: 'keep', by: undefined, nextAt: undefined, ...expected },
})

const daily = policy('max-session-age', { maxAge: '8h' }, { name: 'daily' })
const leavers = policy('banned-users', { users: ['mallory'] }, { name: 'leavers' })
const OLD = { establishedAt: NOON - 9 * HOUR }

const failuresOf = (
  policies: readonly Policy[],
  connections: readonly TestedConnection[],
  different: Partial<PolicyCase> = {},
) => createPolicyTester(policies)({ at: NOON, connections, cuts: [], ...different })

/** What the policies make of one connection, whatever is expected. */
const gotOf = (policies: readonly Policy[], one: TestedConnection, different: Partial<PolicyCase> = {}) => {
  const wrong = { ...one, expected: { ...one.expected, by: ['nobody'] } }
  const [failure] = failuresOf(policies, [wrong], different)
  if (failure === undefined) throw new Error('it passed')
  return failure.got
}

describe('a policy test', () => {
  it('passes where everything is as expected', () => {
    const expected = { expect: 'terminate', by: ['leavers', 'daily'], nextAt: NEVER } as const
    expect(failuresOf([daily, leavers], [tested({ ...OLD, username: 'mallory' }, expected)])).toEqual([])
    expect(failuresOf([daily, leavers], [tested({}, { by: [], nextAt: NOON + 7 * HOUR })])).toEqual([])
  })

  it.each([
    ['terminate', tested({}, { expect: 'terminate' })],
    ['keep', tested(OLD, { expect: 'keep' })],
    ['by, one too few', tested({ ...OLD, username: 'mallory' }, { expect: 'terminate', by: ['daily'] })],
    ['by, one too many', tested(OLD, { expect: 'terminate', by: ['daily', 'leavers'] })],
    ['by, another', tested(OLD, { expect: 'terminate', by: ['leavers'] })],
    ['by, one twice', tested({ ...OLD, username: 'mallory' }, { expect: 'terminate', by: ['daily', 'daily'] })],
    ['nextAt, a millisecond off', tested({}, { nextAt: NOON + 7 * HOUR + 1 })],
    ['nextAt, never', tested({}, { nextAt: NEVER })],
    ['nextAt, though never', tested(OLD, { expect: 'terminate', nextAt: NOON + HOUR })],
  ])('fails where it is not: %s', (_what, one) => {
    const [failure, ...others] = failuresOf([daily, leavers], [one])
    expect(others).toEqual([])
    expect(failure?.tested).toBe(one)
    expect(failure?.explanation.verdicts.map(({ verdict }) => verdict.policy.name)).toEqual(['daily', 'leavers'])
  })

  it('says what came out', () => {
    expect(gotOf([daily, leavers], tested({ ...OLD, username: 'mallory' }))).toEqual({
      expect: 'terminate',
      by: ['daily', 'leavers'],
      nextAt: NEVER,
    })
  })

  it('asks policies in audit mode as well', () => {
    const audit = { ...daily, mode: 'audit' as const }
    expect(gotOf([audit], tested(OLD))).toMatchObject({ expect: 'terminate', by: ['daily'] })
  })

  it('respects grace, to the millisecond, as if it had been decided all along', () => {
    const patient = { ...daily, graceMs: 5 * MINUTE }
    const deadline = NOON - HOUR + 8 * HOUR + 5 * MINUTE
    expect(gotOf([patient], tested({}), { at: deadline - 1 })).toEqual({ expect: 'keep', by: [], nextAt: deadline })
    expect(gotOf([patient], tested({}), { at: deadline })).toMatchObject({ expect: 'terminate', by: ['daily'] })
  })

  it('takes the connections of an endpoint as its snapshot', () => {
    const single = policy('max-sessions', { limit: 1 }, { name: 'single' })
    const two = (endpointId: string) => [
      tested({ id: 'a', establishedAt: NOON - 2 * HOUR }, { expect: 'terminate', by: ['single'] }),
      tested({ id: 'b', establishedAt: NOON - HOUR, endpointId }),
    ]
    expect(failuresOf([single], two(PLACE.endpointId))).toEqual([])
    expect(failuresOf([single], two(OTHER_ENDPOINT)).map((failure) => failure.tested.connection.id)).toEqual(['a'])
  })

  it('counts who is no longer active as gone', () => {
    expect(gotOf([daily], tested({ ...OLD, status: 'terminating' }))).toEqual({ expect: 'keep', by: [], nextAt: NEVER })
  })

  it('looks at where the connection is', () => {
    const elsewhere = policy(
      'max-session-age',
      { maxAge: '8h' },
      {
        match: {
          users: undefined,
          endpoints: [entry(OTHER_ENDPOINT)],
          regions: undefined,
        },
      },
    )
    expect(gotOf([elsewhere], tested(OLD)).expect).toBe('keep')
    expect(gotOf([elsewhere], tested({ ...OLD, endpointId: OTHER_ENDPOINT })).expect).toBe('terminate')
  })
})

describe('counters in a policy test', () => {
  const idle = policy('idle-timeout', { after: '30m' }, { name: 'idle' })
  const limit = policy('max-transfer', { total: '1KiB' }, { name: 'limit' })
  const loud = { ingressBytes: 2000, egressBytes: 0 }

  it('have stood still since the last activity', () => {
    const at = (ms: number) => gotOf([idle], tested({}, {}, NOON - ms))
    expect(at(30 * MINUTE)).toEqual({ expect: 'terminate', by: ['idle'], nextAt: NEVER })
    expect(at(MINUTE)).toEqual({ expect: 'keep', by: [], nextAt: NOON + 29 * MINUTE })
    expect(at(30 * MINUTE - 1)).toEqual({ expect: 'keep', by: [], nextAt: NOON + 1 })
  })

  it('that are unknown, or that stood still nobody knows since when, condemn nobody', () => {
    const unknown = { ingressBytes: undefined, egressBytes: undefined }
    expect(gotOf([idle], tested(unknown, {}, NOON - HOUR)).expect).toBe('keep')
    expect(gotOf([idle], tested({}))).toEqual({ expect: 'keep', by: [], nextAt: NEVER })
    expect(gotOf([limit], tested(unknown)).expect).toBe('keep')
  })

  it('were above a limit since the last activity', () => {
    const patient = { ...limit, graceMs: 10 * MINUTE }
    expect(gotOf([limit], tested(loud)).by).toEqual(['limit'])
    expect(gotOf([patient], tested(loud, {}, NOON - MINUTE))).toEqual({
      expect: 'keep',
      by: [],
      nextAt: NOON + 9 * MINUTE,
    })
    expect(gotOf([patient], tested(loud, {}, NOON - 10 * MINUTE)).by).toEqual(['limit'])
  })
})

describe('cuts in a policy test', () => {
  const cooling = { ...daily, cooldownMs: HOUR }
  const cut = (at: number, name = 'daily', username = 'Alice') => ({
    connection: connection({ username }),
    policy: name,
    at,
  })
  const back = (ms: number) => tested({ establishedAt: NOON - ms })

  it('are followed by the cooldown of their policy', () => {
    const cuts = [cut(NOON - 30 * MINUTE)]
    expect(gotOf([cooling], back(20 * MINUTE), { cuts })).toEqual({
      expect: 'terminate',
      by: ['daily'],
      nextAt: NOON + 30 * MINUTE,
    })
    expect(gotOf([cooling], back(40 * MINUTE), { cuts }).expect).toBe('keep')
    expect(gotOf([daily], back(20 * MINUTE), { cuts }).expect).toBe('keep')
    expect(gotOf([cooling], back(20 * MINUTE), { cuts: [cut(NOON - 30 * MINUTE, 'other')] }).expect).toBe('keep')
    expect(gotOf([cooling], back(20 * MINUTE), { cuts: [cut(NOON - 30 * MINUTE, 'daily', 'bob')] }).expect).toBe('keep')
  })

  it('count from the first of one cooldown, in whichever order they are written', () => {
    const cuts = [cut(NOON - 10 * MINUTE), cut(NOON - 50 * MINUTE), cut(NOON - 3 * HOUR)]
    expect(gotOf([cooling], back(5 * MINUTE), { cuts }).nextAt).toBe(NOON + 10 * MINUTE)
  })
})

describe('a connection whose established time is unknown', () => {
  it('was first seen in the case', () => {
    const closed = policy('off-hours', { timeZone: 'UTC', denied: [{}] }, { name: 'closed', graceMs: 5 * MINUTE })
    const nextAt = NOON + 5 * MINUTE
    expect(gotOf([closed], tested({ establishedAt: undefined }))).toEqual({ expect: 'keep', by: [], nextAt })
  })
})

describe('the tester', () => {
  const ages = fc.array(
    fc.record({ hours: fc.integer({ min: 0, max: 20 }), user: fc.constantFrom('alice', 'mallory') }),
    {
      minLength: 1,
      maxLength: 8,
    },
  )

  it('expects what the daemon would do', () => {
    const policies = [daily, leavers, policy('max-sessions', { limit: 2 }, { name: 'two' })]
    const decider = createDecider(createPolicySet(policies, []), PLACE)
    const run = createPolicyTester(policies)
    fc.assert(
      fc.property(ages, (people) => {
        const connections = people.map(({ hours, user }) =>
          connection({ username: user, establishedAt: NOON - hours * HOUR }),
        )
        const { violating } = decider.decide(connections, NO_HISTORY, NOON, 'enforce')
        const ended = new Set(violating.filter(({ act }) => act === 'terminate').map((one) => one.connection))
        const expecting = (right: boolean) =>
          connections.map(
            (one): TestedConnection => ({
              connection: one,
              lastActivityAt: undefined,
              expected: { expect: ended.has(one) === right ? 'terminate' : 'keep', by: undefined, nextAt: undefined },
            }),
          )
        expect(run({ at: NOON, connections: expecting(true), cuts: [] })).toEqual([])
        expect(run({ at: NOON, connections: expecting(false), cuts: [] }).length).toBe(connections.length)
      }),
    )
  })
})
