import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import type { GuardLimits } from '../../src/domain/guard/limits.ts'
import type { Judgement } from '../../src/domain/judge/judge-endpoint.ts'
import { parseEndpointPattern } from '../../src/domain/names/endpoint-pattern.ts'
import type { Policy, Selector } from '../../src/domain/policies/policy.ts'
import { DAY, HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { connection, entry, NOON, policy } from './build.ts'
import { createEndpoint } from './endpoint.ts'

const LIMITS: GuardLimits = { maxPercent: 50, minConnections: 10, lookAheadMs: DAY }

const endpoints = (source: string): Selector => {
  const parsed = parseEndpointPattern(source)
  if ('problem' in parsed) throw new Error(parsed.problem)
  const one = { pattern: parsed.pattern, from: undefined, until: undefined, reason: undefined }
  return { users: undefined, endpoints: [one], regions: undefined }
}
/** A policy for the endpoints of `source`. */
const age = (maxAge: string, source: string, different: Partial<Policy> = {}) =>
  policy('max-session-age', { maxAge }, { match: endpoints(source), hash: `${maxAge} ${source}`, ...different })

const people = (count: number, different: Partial<Connection> = {}) =>
  Array.from({ length: count }, (_, index) => connection({ username: `person-${index}`, ...different }))
const tags = (all: Record<string, string>) => ({ tags: new Map(Object.entries(all)) })
const [DEV, PROD] = [tags({ env: 'dev' }), tags({ env: 'prod' })]

const effectOf = ({ plan, acting, decisions, reselected }: Judgement) => ({
  ended: plan.terminate.length,
  holds: [...acting.held],
  unknown: [...(decisions?.unknown.values() ?? [])].reduce((sum, { size }) => sum + size, 0),
  reselected: [...reselected],
})
const QUIET = { ended: 0, holds: [], unknown: 0, reselected: [] }
const NAME = 'max-session-age'

/** A policy for endpoints with the tag env=prod, in force for long on an endpoint with these facts. */
const inForce = (
  rows: readonly Connection[],
  facts: Parameters<ReturnType<typeof createEndpoint>['list']>[0],
  policies: readonly Policy[] = [age('8h', 'tag:env=prod')],
) => {
  const endpoint = createEndpoint(policies, { guard: LIMITS, changedAt: NOON - 30 * DAY, facts })
  return { ...endpoint, first: endpoint.see(rows, NOON) }
}
const old = { establishedAt: NOON - 9 * HOUR }

describe('tags of an endpoint that change', () => {
  it('make the guard hold a policy that would now end everybody on it', () => {
    const endpoint = inForce(people(100, old), DEV)
    expect(effectOf(endpoint.first)).toEqual(QUIET)
    expect(effectOf(endpoint.list(PROD, NOON + MINUTE))).toEqual({ ...QUIET, holds: [NAME], reselected: [NAME] })
    expect(effectOf(endpoint.see(people(100, old), NOON + 2 * MINUTE))).toMatchObject({ ended: 0, holds: [NAME] })
  })

  it('make the guard hold a policy that would end everybody within the time that it looks ahead', () => {
    const endpoint = inForce(people(100), DEV)
    expect(effectOf(endpoint.list(PROD, NOON + MINUTE))).toMatchObject({ ended: 0, holds: [NAME] })
  })

  it('let a policy end a few', () => {
    const rows = [...people(95), ...people(5, old)]
    const endpoint = createEndpoint([age('8h', 'tag:env=prod')], { guard: { ...LIMITS, lookAheadMs: 0 }, facts: DEV })
    endpoint.see(rows, NOON)
    expect(effectOf(endpoint.list(PROD, NOON + MINUTE))).toMatchObject({ ended: 5, holds: [], reselected: [NAME] })
  })

  it('that change back release the hold', () => {
    const endpoint = inForce(people(100, old), DEV)
    endpoint.list(PROD, NOON + MINUTE)
    expect(effectOf(endpoint.list(DEV, NOON + 2 * MINUTE))).toEqual({ ...QUIET, reselected: [NAME] })
    expect(effectOf(endpoint.list(PROD, NOON + 3 * MINUTE))).toMatchObject({ ended: 0, holds: [NAME] })
  })

  it('leave policies as they are that select the endpoint as before', () => {
    const endpoint = inForce(people(100, old), PROD)
    expect(endpoint.first.plan.terminate).toHaveLength(100)
    const other = endpoint.list(tags({ env: 'prod', team: 'vpn' }), NOON + MINUTE)
    expect(effectOf(other)).toMatchObject({ ended: 100, holds: [], reselected: [] })
  })

  it('hold a policy from which the endpoint was exempt', () => {
    const strict = policy(NAME, { maxAge: '8h' }, { exempt: endpoints('tag:env=dev'), hash: 'exempt' })
    const endpoint = inForce(people(100, old), DEV, [strict])
    expect(effectOf(endpoint.list(PROD, NOON + MINUTE))).toMatchObject({ ended: 0, holds: [NAME] })
  })

  it('do not count ends that another policy brings anyway', () => {
    const both = [age('8h', 'tag:env=prod'), age('8h', 'tag:env=dev', { name: 'other' })]
    const endpoint = inForce(people(100), DEV, both)
    const moved = endpoint.list(PROD, NOON + MINUTE)
    expect(effectOf(moved)).toMatchObject({ holds: [], reselected: [NAME, 'other'] })
  })

  it('count an operator\u2019s next edit against what ended there before the change', () => {
    const endpoint = inForce(people(100), DEV)
    endpoint.list(PROD, NOON + MINUTE)
    expect(effectOf(endpoint.edit([age('9h', 'tag:env=prod')], NOON + 2 * MINUTE))).toMatchObject({ holds: [NAME] })
    const released = endpoint.edit([age('9h', 'tag:env=prod', { guard: 'off' })], NOON + 3 * MINUTE)
    expect(effectOf(released)).toMatchObject({ holds: [] })
  })

  it('hold a policy that ends people who connect afterwards, for the endpoint was empty', () => {
    const closed = policy(
      'off-hours',
      { timeZone: 'UTC', allowed: [{ days: 'sat', hours: '07:00-08:00' }] },
      { match: endpoints('tag:env=prod'), hash: 'closed' },
    )
    const busy = people(100, { establishedAt: NOON - MINUTE })
    const endpoint = inForce(busy, DEV, [closed])
    endpoint.see([], NOON + MINUTE)
    endpoint.list(PROD, NOON + 2 * MINUTE)
    const later = people(100, { establishedAt: NOON + 4 * MINUTE })
    expect(effectOf(endpoint.see(later, NOON + 5 * MINUTE))).toMatchObject({ ended: 0, holds: ['off-hours'] })
  })

  it('give a connection its grace, though it has violated the policy since it was established', () => {
    const ban = policy(
      'banned-users',
      { users: ['alice'] },
      { match: endpoints('tag:env=prod'), graceMs: 10 * MINUTE, hash: 'ban' },
    )
    const endpoint = inForce([connection()], DEV, [ban])
    expect(effectOf(endpoint.list(PROD, NOON + MINUTE))).toMatchObject({ ended: 0 })
    expect(effectOf(endpoint.judge(NOON + 11 * MINUTE - 1))).toMatchObject({ ended: 0 })
    expect(effectOf(endpoint.judge(NOON + 11 * MINUTE))).toMatchObject({ ended: 1 })
  })
})

describe('a name of an endpoint that changes', () => {
  it('counts like a tag', () => {
    const endpoint = inForce(people(100, old), { name: 'paris' }, [age('8h', 'berlin')])
    expect(effectOf(endpoint.list({ name: 'Berlin' }, NOON + MINUTE))).toMatchObject({ ended: 0, holds: [NAME] })
  })
})

describe('tags that are not known', () => {
  it('keep every connection', () => {
    const { first } = inForce(people(100, old), {})
    expect(effectOf(first)).toEqual({ ...QUIET, unknown: 100 })
  })

  it('are compared with those that were known last, also by an earlier process', () => {
    const rows = people(100, old)
    const before = inForce(rows, PROD)
    const kept = structuredClone(before.memory.kept())
    const after = createEndpoint([age('8h', 'tag:env=prod')], { guard: LIMITS, kept })
    expect(effectOf(after.see(rows, NOON + MINUTE))).toEqual({ ...QUIET, unknown: 100 })
    expect(effectOf(after.list(PROD, NOON + 2 * MINUTE))).toMatchObject({ ended: 100, holds: [], reselected: [] })

    const changed = createEndpoint([age('8h', 'tag:env=prod')], { guard: LIMITS, kept })
    changed.list({}, NOON + MINUTE)
    changed.see(rows, NOON + MINUTE)
    changed.list(DEV, NOON + 2 * MINUTE)
    expect(effectOf(changed.list(PROD, NOON + 3 * MINUTE))).toMatchObject({ ended: 0, holds: [NAME] })
  })

  it('put off the comparison of an edit until they are known', () => {
    const rows = people(100)
    const kept = inForce(rows, PROD, [age('48h', 'tag:env=prod')]).memory.kept()
    const endpoint = createEndpoint([age('48h', 'tag:env=prod')], { guard: LIMITS, kept })
    endpoint.see(rows, NOON + MINUTE)
    expect(effectOf(endpoint.edit([age('30m', 'tag:env=prod')], NOON + 2 * MINUTE))).toEqual({ ...QUIET, unknown: 100 })
    expect(effectOf(endpoint.list(PROD, NOON + 3 * MINUTE))).toMatchObject({ ended: 0, holds: [NAME] })
  })

  it('do not matter to a policy that exempts users of another endpoint', () => {
    const exempt = { ...endpoints('tag:env=dev'), users: [entry('nobody')] }
    const { first } = inForce(people(100, old), {}, [policy(NAME, { maxAge: '8h' }, { exempt, hash: 'users' })])
    expect(effectOf(first)).toMatchObject({ unknown: 0 })
  })
})
