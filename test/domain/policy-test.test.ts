import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPolicyTester, type PolicyCase, type TestedConnection } from '../../src/domain/judge/policy-test.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { HOUR, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { slowRuns } from '../fuzz-runs.ts'
import { connection, entry, NOON, PLACE, policy } from './build.ts'
import { createEndpoint } from './endpoint.ts'

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

/** The outcome for one connection, whatever the case expects. */
const gotOf = (policies: readonly Policy[], one: TestedConnection, different: Partial<PolicyCase> = {}) => {
  const wrong = { ...one, expected: { ...one.expected, by: ['no such policy'] } }
  const [failure] = failuresOf(policies, [wrong], different)
  if (failure === undefined) throw new Error('the case passed')
  return failure.got
}

describe('a policy test', () => {
  it('passes where every outcome is as expected', () => {
    const expected = { expect: 'terminate', by: ['leavers', 'daily'], nextAt: NEVER } as const
    expect(failuresOf([daily, leavers], [tested({ ...OLD, username: 'mallory' }, expected)])).toEqual([])
    expect(failuresOf([daily, leavers], [tested({}, { by: [], nextAt: NOON + 7 * HOUR })])).toEqual([])
  })

  it.each([
    ['`terminate`, but the connection is kept', tested({}, { expect: 'terminate' })],
    ['`keep`, but the connection is due', tested(OLD, { expect: 'keep' })],
    ['`by` lacks a policy', tested({ ...OLD, username: 'mallory' }, { expect: 'terminate', by: ['daily'] })],
    ['`by` names a policy that is not violated', tested(OLD, { expect: 'terminate', by: ['daily', 'leavers'] })],
    ['`by` names another policy', tested(OLD, { expect: 'terminate', by: ['leavers'] })],
    [
      '`by` names a policy twice',
      tested({ ...OLD, username: 'mallory' }, { expect: 'terminate', by: ['daily', 'daily'] }),
    ],
    ['`nextAt` is a millisecond late', tested({}, { nextAt: NOON + 7 * HOUR + 1 })],
    ['`nextAt` is never, but the connection ends later', tested({}, { nextAt: NEVER })],
    ['`nextAt` is an instant, but nothing changes', tested(OLD, { expect: 'terminate', nextAt: NOON + HOUR })],
  ])('fails where a case expects something else: %s', (_what, one) => {
    const [failure, ...others] = failuresOf([daily, leavers], [one])
    expect(others).toEqual([])
    expect(failure?.tested).toBe(one)
    expect(failure?.explanation.verdicts.map(({ verdict }) => verdict.policy.name)).toEqual(['daily', 'leavers'])
  })

  it('reports the outcome that differs from the expected one', () => {
    expect(gotOf([daily, leavers], tested({ ...OLD, username: 'mallory' }))).toEqual({
      expect: 'terminate',
      by: ['daily', 'leavers'],
      nextAt: NEVER,
    })
  })

  it('judges policies in audit mode as if they acted', () => {
    const audit = { ...daily, mode: 'audit' as const }
    expect(gotOf([audit], tested(OLD))).toMatchObject({ expect: 'terminate', by: ['daily'] })
  })

  it('counts grace from the violation, to the millisecond', () => {
    const patient = { ...daily, graceMs: 5 * MINUTE }
    const deadline = NOON - HOUR + 8 * HOUR + 5 * MINUTE
    expect(gotOf([patient], tested({}), { at: deadline - 1 })).toEqual({ expect: 'keep', by: [], nextAt: deadline })
    expect(gotOf([patient], tested({}), { at: deadline })).toMatchObject({ expect: 'terminate', by: ['daily'] })
  })

  it('judges the connections of one endpoint as its whole snapshot', () => {
    const single = policy('max-sessions', { limit: 1 }, { name: 'single' })
    const two = (endpointId: string) => [
      tested({ id: 'a', establishedAt: NOON - 2 * HOUR }, { expect: 'terminate', by: ['single'] }),
      tested({ id: 'b', establishedAt: NOON - HOUR, endpointId }),
    ]
    expect(failuresOf([single], two(PLACE.endpointId))).toEqual([])
    expect(failuresOf([single], two(OTHER_ENDPOINT)).map((failure) => failure.tested.connection.id)).toEqual(['a'])
  })

  it('keeps a connection that is already terminating', () => {
    expect(gotOf([daily], tested({ ...OLD, status: 'terminating' }))).toEqual({ expect: 'keep', by: [], nextAt: NEVER })
  })

  it('matches policies by the endpoint of the connection', () => {
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
  const heavy = { ingressBytes: 2000, egressBytes: 0 }

  it('last moved at the last activity', () => {
    const at = (ms: number) => gotOf([idle], tested({}, {}, NOON - ms))
    expect(at(30 * MINUTE)).toEqual({ expect: 'terminate', by: ['idle'], nextAt: NEVER })
    expect(at(MINUTE)).toEqual({ expect: 'keep', by: [], nextAt: NOON + 29 * MINUTE })
    expect(at(30 * MINUTE - 1)).toEqual({ expect: 'keep', by: [], nextAt: NOON + 1 })
  })

  it('give no violation if they are unknown, or if the last activity is unknown', () => {
    const unknown = { ingressBytes: undefined, egressBytes: undefined }
    expect(gotOf([idle], tested(unknown, {}, NOON - HOUR)).expect).toBe('keep')
    expect(gotOf([idle], tested({}))).toEqual({ expect: 'keep', by: [], nextAt: NEVER })
    expect(gotOf([limit], tested(unknown)).expect).toBe('keep')
  })

  it('exceed a limit since the last activity', () => {
    const patient = { ...limit, graceMs: 10 * MINUTE }
    expect(gotOf([limit], tested(heavy)).by).toEqual(['limit'])
    expect(gotOf([patient], tested(heavy, {}, NOON - MINUTE))).toEqual({
      expect: 'keep',
      by: [],
      nextAt: NOON + 9 * MINUTE,
    })
    expect(gotOf([patient], tested(heavy, {}, NOON - 10 * MINUTE)).by).toEqual(['limit'])
  })
})

describe('earlier terminations in a policy test', () => {
  const cooling = { ...daily, cooldownMs: HOUR }
  const terminated = (at: number, name = 'daily', username = 'Alice') => ({
    connection: connection({ username }),
    policy: name,
    at,
  })
  const reconnected = (ms: number) => tested({ establishedAt: NOON - ms })

  it('start the cooldown of their policy', () => {
    const cuts = [terminated(NOON - 30 * MINUTE)]
    expect(gotOf([cooling], reconnected(20 * MINUTE), { cuts })).toEqual({
      expect: 'terminate',
      by: ['daily'],
      nextAt: NOON + 30 * MINUTE,
    })
    expect(gotOf([cooling], reconnected(40 * MINUTE), { cuts }).expect).toBe('keep')
    expect(gotOf([daily], reconnected(20 * MINUTE), { cuts }).expect).toBe('keep')
    expect(gotOf([cooling], reconnected(20 * MINUTE), { cuts: [terminated(NOON - 30 * MINUTE, 'other')] }).expect).toBe(
      'keep',
    )
    expect(
      gotOf([cooling], reconnected(20 * MINUTE), { cuts: [terminated(NOON - 30 * MINUTE, 'daily', 'bob')] }).expect,
    ).toBe('keep')
  })

  it('count from the first one within a cooldown, in whatever order the case lists them', () => {
    const cuts = [terminated(NOON - 10 * MINUTE), terminated(NOON - 50 * MINUTE), terminated(NOON - 3 * HOUR)]
    expect(gotOf([cooling], reconnected(5 * MINUTE), { cuts }).nextAt).toBe(NOON + 10 * MINUTE)
  })
})

describe('a connection without an established time in a policy test', () => {
  it('is first seen at the instant of the case', () => {
    const closed = policy('off-hours', { timeZone: 'UTC', denied: [{}] }, { name: 'closed', graceMs: 5 * MINUTE })
    const nextAt = NOON + 5 * MINUTE
    expect(gotOf([closed], tested({ establishedAt: undefined }))).toEqual({ expect: 'keep', by: [], nextAt })
  })
})

describe('the policy tester', () => {
  const ages = fc.array(
    fc.record({ hours: fc.integer({ min: 0, max: 20 }), user: fc.constantFrom('alice', 'mallory') }),
    {
      minLength: 1,
      maxLength: 8,
    },
  )

  it('agrees with the judge of the daemon', () => {
    const policies = [daily, leavers, policy('max-sessions', { limit: 2 }, { name: 'two' })]
    const run = createPolicyTester(policies)
    fc.assert(
      fc.property(ages, (people) => {
        const connections = people.map(({ hours, user }) =>
          connection({ username: user, establishedAt: NOON - hours * HOUR }),
        )
        const { plan } = createEndpoint(policies).see(connections, NOON)
        const ended = new Set(plan.terminate.map((decision) => decision.connection))
        const expecting = (isRight: boolean) =>
          connections.map(
            (one): TestedConnection => ({
              connection: one,
              lastActivityAt: undefined,
              expected: { expect: ended.has(one) === isRight ? 'terminate' : 'keep', by: undefined, nextAt: undefined },
            }),
          )
        expect(run({ at: NOON, connections: expecting(true), cuts: [] })).toEqual([])
        expect(run({ at: NOON, connections: expecting(false), cuts: [] }).length).toBe(connections.length)
      }),
      { numRuns: slowRuns(100) },
    )
  })
})
