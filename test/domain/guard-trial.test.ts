import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import type { GuardLimits } from '../../src/domain/guard/limits.ts'
import { parseEndpointPattern } from '../../src/domain/names/endpoint-pattern.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, NOON, policy } from './build.ts'
import { createEndpoint } from './endpoint.ts'

const LIMITS: GuardLimits = { maxPercent: 50, minConnections: 10, lookAheadMs: DAY }

/** A policy with a hash of its content, as the configuration makes it. */
const hashed = (kind: string, keys: Record<string, unknown>, different: Partial<Policy>): Policy =>
  policy(kind, keys, { hash: JSON.stringify(keys), ...different })
const age = (maxAge: string, different: Partial<Policy> = {}) => hashed('max-session-age', { maxAge }, different)
const ban = (users: readonly string[], different: Partial<Policy> = {}) => hashed('banned-users', { users }, different)
const officeHours = (different: Partial<Policy> = {}) =>
  hashed('off-hours', { timeZone: 'UTC', allowed: [{ days: 'mon-fri', hours: '07:00-18:30' }] }, different)

const longInForce = (policies: readonly Policy[]) =>
  createEndpoint(policies, { guard: LIMITS, changedAt: NOON - 30 * DAY })
const people = (count: number, who = 'person') =>
  Array.from({ length: count }, (_, index) => connection({ username: `${who}-${index}` }))

/** As many people connect, one at each step, beside others. Each step is judged, and what is planned ends. */
const connects = (
  endpoint: Pick<ReturnType<typeof createEndpoint>, 'see'>,
  from: Instant,
  {
    count,
    steps,
    stepMs = MINUTE,
    others = [],
  }: {
    readonly count: number
    readonly steps: number
    readonly stepMs?: number
    readonly others?: readonly Connection[]
  },
) => {
  const ended = new Set<string>()
  const rows: Connection[] = []
  let holds: readonly string[] = []
  for (let step = 0; step < steps; step++) {
    const at = from + step * stepMs
    if (step < count) rows.push(connection({ username: `person-${step}`, establishedAt: at }))
    const up = [...others, ...rows].filter(({ id }) => !ended.has(id))
    const { plan, acting } = endpoint.see(up, at + 15 * SECOND)
    for (const { connection: one } of plan.terminate) ended.add(one.id)
    holds = [...acting.held]
  }
  return { ended: rows.filter(({ id }) => ended.has(id)).length, holds }
}

const TUESDAY = Date.parse('2026-11-24T08:00:00Z')
const OFFICE_DAY = { count: 40, steps: 44, stepMs: 15 * MINUTE }

describe('a policy that audit mode has shown', () => {
  it('ends everybody in time the day after it is turned to enforce, whatever else was edited within the week', () => {
    const endpoint = longInForce([ban(['x']), officeHours({ mode: 'audit' })])
    endpoint.see(people(1), NOON)
    endpoint.edit([ban(['x', 'y']), officeHours({ mode: 'audit' })], NOON + HOUR)
    endpoint.edit([ban(['x', 'y']), officeHours()], NOON + 5 * HOUR)
    expect(connects(endpoint, TUESDAY, OFFICE_DAY)).toEqual({ ended: 40, holds: [] })
  })

  it('ends everybody in time if the mode of the daemon is turned, and if it came within the week', () => {
    const endpoint = createEndpoint([ban(['x'])], { guard: LIMITS, changedAt: NOON - 30 * DAY, mode: 'audit' })
    endpoint.see(people(1), NOON)
    endpoint.edit([ban(['x', 'y']), officeHours()], NOON + HOUR)
    endpoint.edit([ban(['x', 'y', 'z']), officeHours()], NOON + 5 * HOUR, { mode: 'enforce' })
    endpoint.edit([ban(['x']), officeHours()], NOON + 6 * HOUR)
    expect(connects(endpoint, TUESDAY, OFFICE_DAY)).toEqual({ ended: 40, holds: [] })
  })

  it('is held if it is edited as it is turned to enforce', () => {
    const endpoint = longInForce([ban(['x'], { mode: 'audit' })])
    endpoint.see(people(1, 'other'), NOON)
    endpoint.edit([ban(['person-*'])], NOON + HOUR)
    expect(connects(endpoint, TUESDAY, { count: 12, steps: 12 })).toEqual({ ended: 10, holds: ['banned-users'] })
  })
})

describe('a policy that `guard: off` has let act', () => {
  const staff = people(10, 'staff')

  /** A ban of thirty people that is held, confirmed, and carried out. `guard: off` is removed then. */
  const confirmed = () => {
    const endpoint = longInForce([ban(['x'])])
    endpoint.see([...people(30), ...staff], NOON)
    expect(endpoint.edit([ban(['person-*'])], NOON + MINUTE).plan.terminate).toEqual([])
    expect(endpoint.edit([ban(['person-*'], { guard: 'off' })], NOON + 5 * MINUTE).plan.terminate.length).toBe(30)
    endpoint.see(staff, NOON + 10 * MINUTE)
    endpoint.edit([ban(['person-*'])], NOON + 30 * MINUTE)
    return endpoint
  }
  const reconnecting = { count: 30, steps: 30, others: staff }

  it('ends those whom it bans when they connect again, once `guard: off` is removed', () => {
    expect(connects(confirmed(), NOON + 20 * HOUR, reconnecting)).toEqual({ ended: 30, holds: [] })
  })

  it('ends them also after one name more', () => {
    const endpoint = confirmed()
    endpoint.edit([ban(['person-*', 'zoe'])], NOON + HOUR)
    expect(connects(endpoint, NOON + 20 * HOUR, reconnecting)).toEqual({ ended: 30, holds: [] })
  })

  it('ends the sessions that are older than a lower age', () => {
    const rows = Array.from({ length: 40 }, (_, at) => ({ ...connection(), establishedAt: NOON - at * 15 * MINUTE }))
    const endpoint = longInForce([age('10h')])
    endpoint.see(rows, NOON)
    endpoint.edit([age('4h')], NOON + MINUTE)
    endpoint.edit([age('4h', { guard: 'off' })], NOON + 2 * MINUTE)
    endpoint.edit([age('4h')], NOON + HOUR)
    expect(connects(endpoint, TUESDAY, { count: 20, steps: 50, stepMs: 10 * MINUTE })).toEqual({ ended: 20, holds: [] })
  })

  it('is held if it then means everybody', () => {
    const endpoint = confirmed()
    endpoint.edit([ban(['person-*', 'staff-*'])], NOON + HOUR)
    const { ended } = connects(endpoint, NOON + 20 * HOUR, { count: 0, steps: 1, others: people(40, 'staff') })
    expect(ended).toBe(0)
    expect(endpoint.see(people(40, 'staff'), NOON + 21 * HOUR).acting.held).toEqual(new Set(['banned-users']))
  })

  it('is no excuse for another policy once it is deleted', () => {
    const endpoint = confirmed()
    endpoint.edit([], NOON + HOUR)
    endpoint.see(staff, NOON + 2 * HOUR)
    endpoint.edit([ban(['person-*'], { name: 'other' })], NOON + 3 * HOUR)
    expect(connects(endpoint, NOON + 20 * HOUR, reconnecting)).toEqual({ ended: 20, holds: ['other'] })
  })

  it('is held on an endpoint that other tags make it select', () => {
    const parsed = parseEndpointPattern('tag:env=dev')
    if ('problem' in parsed) throw new Error(parsed.problem)
    const one = { pattern: parsed.pattern, from: undefined, until: undefined, reason: undefined }
    const match = { users: undefined, endpoints: [one], regions: undefined }
    const rules = (guard: Policy['guard'], maxAge = '11h') => [ban(['person-*'], { match, guard }), age(maxAge)]
    const facts = (env: string) => ({ tags: new Map([['env', env]]) })
    const endpoint = createEndpoint(rules('on', '10h'), {
      guard: LIMITS,
      changedAt: NOON - 30 * DAY,
      facts: facts('prod'),
    })
    endpoint.see(staff, NOON)
    endpoint.edit(rules('off'), NOON + MINUTE)
    endpoint.edit(rules('on'), NOON + 2 * MINUTE)
    endpoint.list(facts('dev'), NOON + 3 * MINUTE)
    expect(connects(endpoint, NOON + HOUR, reconnecting)).toEqual({ ended: 10, holds: ['banned-users'] })
  })
})

describe('an edit within the week after another one', () => {
  it('is undone to the version before it, also of a policy whose name every object has', () => {
    const named = { name: 'constructor' }
    const endpoint = longInForce([age('10h'), ban(['x'], named)])
    endpoint.see([], NOON)
    endpoint.edit([age('11h'), ban(['x'], named)], NOON)
    endpoint.edit([age('11h'), ban(['person-*'], named)], NOON + MINUTE)
    expect(connects(endpoint, NOON + HOUR, { count: 12, steps: 12 })).toEqual({ ended: 10, holds: ['constructor'] })
    const held = Object.entries(endpoint.memory.kept().guard.standings).find(([name]) => name === 'constructor')?.[1]
    expect(held).toMatchObject({ state: 'held', before: { hash: ban(['x']).hash } })
  })

  it.each([0, 3, 3.6, 5, 6.5, 6.99])('holds a ban of everybody, %f days later', (days) => {
    const endpoint = longInForce([age('10h'), ban(['x'])])
    endpoint.see(people(2, 'other'), NOON)
    endpoint.edit([age('11h'), ban(['x'])], NOON)
    const night = NOON + days * DAY
    endpoint.see([], night)
    endpoint.edit([age('11h'), ban(['person-*'])], night + MINUTE)
    // The daemon is started again before the company connects.
    const restarted = createEndpoint([age('11h'), ban(['person-*'])], {
      guard: LIMITS,
      changedAt: night + MINUTE,
      kept: endpoint.memory.kept(),
    })
    for (const one of [endpoint, restarted])
      expect(connects(one, night + 13 * HOUR, { count: 12, steps: 12 })).toEqual({
        ended: 10,
        holds: ['banned-users'],
      })
  })

  it('is compared with the rules before it for half a week at least, however many edits follow each other', () => {
    for (let hours = 12; hours <= 14 * 24; hours += 28) {
      const endpoint = longInForce([age('10h'), ban(['x'])])
      let at = NOON
      for (; at < NOON + hours * HOUR; at += 6 * HOUR) {
        endpoint.see([], at)
        endpoint.edit([age('10h', { hash: `edit-${at}` }), ban(['x'])], at)
      }
      endpoint.edit([age('10h'), ban(['person-*'])], at)
      expect(connects(endpoint, at + 3 * DAY + 11 * HOUR, { count: 12, steps: 12 })).toEqual({
        ended: 10,
        holds: ['banned-users'],
      })
    }
  })
})
