import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import type { DueDecision } from '../../src/domain/judge/decide.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { isDue, judge } from '../../src/domain/judge/verdict.ts'
import { violationOf } from '../../src/domain/judge/violation.ts'
import type { UserEntry } from '../../src/domain/names/user-list.ts'
import type { Mode, Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { HOUR, type Instant, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { slowRuns } from '../fuzz-runs.ts'
import { connection, entry, NOON, PLACE, policy } from './build.ts'
import { createEndpoint } from './endpoint.ts'

interface Scene {
  readonly policies: readonly Policy[]
  readonly rows: readonly Connection[]
  readonly protect?: readonly UserEntry[]
  readonly mode?: Mode
  readonly now?: Instant
  /** When a first snapshot showed the rows, before the one at `now`. */
  readonly firstSeenAt?: Instant
  /** User names that AWS refused to end by one call. */
  readonly singly?: readonly string[]
  /** A connection with an earlier call that AWS refused at this instant. */
  readonly refused?: { readonly row: Connection; readonly at: Instant }
  /** Policies whose verdicts the guard holds. */
  readonly held?: readonly string[]
}

/** The calls by user name that are planned at `now`, by user name. */
const callsByNameIn = (scene: Scene): ReadonlyMap<string, readonly DueDecision[]> => {
  const { policies, rows, protect = [], mode = 'enforce', now = NOON, firstSeenAt, singly = [] } = scene
  const { refused, held = [] } = scene
  const endpoint = createEndpoint(
    policies.map((one): Policy => (held.includes(one.name) ? one : { ...one, guard: 'off' })),
    {
      protect,
      mode,
      // The guard holds whatever an edit made due.
      ...(held.length > 0 ? { guard: { maxPercent: 0, minConnections: 0, lookAheadMs: 0 }, changedAt: now } : {}),
    },
  )
  const { terminations } = endpoint.memory
  if (firstSeenAt !== undefined) endpoint.see(rows, firstSeenAt)
  for (const username of singly) terminations.singly.add(username)
  if (refused !== undefined) {
    const { row, at } = refused
    const first = endpoint.see(rows, at).plan.terminate.find((one) => one.connection.id === row.id)
    if (first === undefined) throw new Error(`${row.id} is not due`)
    const { retry } = endpoint.rules
    const violation = violationOf(first, at, first.lead)
    terminations.happen(row.id, { what: 'taken', violation, callId: '', selector: 'connection-id' }, at, retry)
    terminations.happen(row.id, { what: 'left' }, at, retry)
    terminations.happen(row.id, { what: 'refused' }, at, retry)
  }
  const { calls } = endpoint.see(rows, now).plan
  return new Map(
    calls.flatMap(({ username, decisions }) => (username === undefined ? [] : ([[username, decisions]] as const))),
  )
}

const namesIn = (scene: Scene) => [...callsByNameIn(scene).keys()]

const mallory = (different: Partial<Connection> = {}) => connection({ username: 'mallory', ...different })
const times = (count: number, different: Partial<Connection> = {}) =>
  Array.from({ length: count }, () => mallory(different))
const ban = policy('banned-users', { users: ['mallory'] })
const age = policy('max-session-age', { maxAge: '30m' })
const users = (...sources: string[]) => ({
  users: sources.map((source) => entry(source)),
  endpoints: undefined,
  regions: undefined,
})

describe('a call that ends all connections of a user', () => {
  it.each([
    [1, false],
    [2, true],
    [5, true],
    [6, false],
  ])('may end %i: %s', (count, isOne) => {
    expect(namesIn({ policies: [ban], rows: times(count) })).toEqual(isOne ? ['mallory'] : [])
  })

  it('is planned for each user separately, with all decisions that it carries out', () => {
    const both = policy('banned-users', { users: ['mallory', 'oscar'] })
    const [one, other] = [mallory(), mallory()]
    const rows = [one, connection({ username: 'oscar' }), connection(), other, ...times(3, { username: 'oscar' })]
    const found = callsByNameIn({ policies: [both], rows })
    expect([...found.keys()].sort()).toEqual(['mallory', 'oscar'])
    expect(found.get('mallory')?.map((decision) => decision.connection)).toEqual([one, other])
    expect(found.get('oscar')).toHaveLength(4)
  })

  it('is not planned while AWS terminates one of the connections, and does not count terminated ones', () => {
    expect(namesIn({ policies: [ban], rows: [...times(2), mallory({ status: 'terminating' })] })).toEqual([])
    expect(namesIn({ policies: [ban], rows: [...times(2), mallory({ status: 'terminated' })] })).toEqual(['mallory'])
    expect(namesIn({ policies: [ban], rows: [...times(5), mallory({ status: 'terminated' })] })).toEqual(['mallory'])
  })

  it('does not count connections without a user name', () => {
    const nameless = mallory({ username: undefined, commonName: 'mallory' })
    expect(namesIn({ policies: [ban], rows: [...times(2), nameless] })).toEqual(['mallory'])
    expect(namesIn({ policies: [ban], rows: [nameless, { ...nameless, id: 'another' }] })).toEqual([])
  })

  it('needs one spelling of the user name, because AWS compares names letter by letter', () => {
    expect(namesIn({ policies: [ban], rows: times(2, { username: 'Mallory' }) })).toEqual(['Mallory'])
    expect(namesIn({ policies: [ban], rows: [...times(2), mallory({ username: 'Mallory' })] })).toEqual([])
    const terminating = mallory({ username: 'MALLORY', status: 'terminating' })
    expect(namesIn({ policies: [ban], rows: [...times(2), terminating] })).toEqual([])
  })

  it('is not planned for a user name that AWS refused before', () => {
    const rows = times(3)
    expect(namesIn({ policies: [ban], rows, singly: ['mallory'] })).toEqual([])
    expect(namesIn({ policies: [ban], rows, singly: ['oscar'] })).toEqual(['mallory'])
  })

  it('is not planned before each of the connections may be tried again', () => {
    const [first, second, third] = [mallory(), mallory(), mallory()]
    const scene = { policies: [ban], rows: [first, second, third], refused: { row: second, at: NOON } }
    expect(namesIn({ ...scene, now: NOON + 5 * SECOND - 1 })).toEqual([])
    expect(namesIn({ ...scene, now: NOON + 5 * SECOND })).toEqual(['mallory'])
  })

  it('needs each of the connections to be due because of the user name alone', () => {
    const rows = times(2)
    expect(namesIn({ policies: [age], rows })).toEqual([])
    expect(namesIn({ policies: [age, ban], rows })).toEqual(['mallory'])
    expect(namesIn({ policies: [policy('max-session-age', { maxAge: '20h' }), ban], rows })).toEqual(['mallory'])
    const certificate = policy('banned-users', { users: ['cn:stolen'] })
    expect(namesIn({ policies: [certificate], rows: times(2, { commonName: 'stolen' }) })).toEqual([])
    const onlyStolen = { ...ban, match: users('cn:stolen') }
    expect(namesIn({ policies: [onlyStolen], rows: times(2, { commonName: 'stolen' }) })).toEqual([])
    // One of the two would be kept if its certificate were another.
    const mixed = [mallory({ commonName: 'stolen' }), mallory()]
    expect(namesIn({ policies: [certificate, age], rows: mixed })).toEqual([])
  })

  it('needs a verdict of a policy that acts, that is due and that the guard does not hold', () => {
    const rows = times(2)
    expect(namesIn({ policies: [ban], rows, mode: 'audit' })).toEqual([])
    expect(namesIn({ policies: [{ ...ban, mode: 'audit' }, age], rows })).toEqual([])
    expect(namesIn({ policies: [ban, age], rows, held: [ban.name] })).toEqual([])
    expect(namesIn({ policies: [ban, age], rows, held: [age.name] })).toEqual(['mallory'])
    const closed = policy('off-hours', { timeZone: 'UTC', denied: [{ hours: '11:55-13:00' }] })
    const patient = { ...closed, graceMs: 10 * MINUTE }
    const firstSeenAt = NOON - 5 * MINUTE
    const inGrace = { policies: [patient, age], rows, firstSeenAt }
    expect(namesIn({ ...inGrace, now: NOON + 5 * MINUTE - 1 })).toEqual([])
    expect(namesIn({ ...inGrace, now: NOON + 5 * MINUTE })).toEqual(['mallory'])
    // A connection established in the closed window has no grace. An older one of the same user has, and is not due.
    const late = mallory({ establishedAt: NOON - 4 * MINUTE })
    const brief = policy('max-session-age', { maxAge: '1m' })
    expect(namesIn({ policies: [patient, brief], rows: [late, ...rows] })).toEqual([])
    expect(namesIn({ policies: [patient, brief], rows: [late, { ...late, id: 'another' }] })).toEqual(['mallory'])
  })

  it('is not planned under a policy that exempts any certificate', () => {
    const rows = times(2)
    expect(namesIn({ policies: [{ ...ban, exempt: users('cn:pager') }], rows })).toEqual([])
    expect(namesIn({ policies: [{ ...ban, exempt: users('oscar', 'user:eve') }], rows })).toEqual(['mallory'])
    expect(namesIn({ policies: [ban], rows, protect: [entry('cn:pager')] })).toEqual([])
    expect(namesIn({ policies: [ban], rows, protect: [entry('oscar')] })).toEqual(['mallory'])
    const elsewhere = { users: undefined, endpoints: [entry('cvpn-endpoint-other')], regions: undefined }
    expect(namesIn({ policies: [{ ...ban, exempt: elsewhere }], rows })).toEqual(['mallory'])
  })

  it('ends only connections that are due, whatever certificate they have', () => {
    const anyUsername = fc.constantFrom('mallory', 'Mallory', 'mallory ', 'oscar', undefined)
    const pattern = fc.constantFrom('mallory', 'user:mallory', 'cn:stolen', 'o*', 'cn:s*', 'stolen')
    const list = fc.array(pattern, { minLength: 1, maxLength: 2 })
    const selector = fc.option(
      list.map((sources) => users(...sources)),
      { nil: undefined },
    )
    const anyPolicy = fc.record({
      base: fc.oneof(
        list.map((named) => policy('banned-users', { users: named })),
        fc.constant(policy('off-hours', { timeZone: 'UTC', denied: [{ hours: '11:00-13:00' }] })),
        fc.constant(age),
      ),
      match: selector,
      exempt: selector,
    })
    const row = fc.record({
      username: anyUsername,
      commonName: fc.constantFrom('stolen', 'laptop', undefined),
      status: fc.constantFrom('active', 'active', 'active', 'terminating', 'terminated'),
    })
    const scenes = fc.record({
      policies: fc
        .array(anyPolicy, { minLength: 1, maxLength: 3 })
        .map((made) => made.map(({ base, ...rest }, index): Policy => ({ ...base, ...rest, name: `policy-${index}` }))),
      rows: fc
        .array(row, { minLength: 2, maxLength: 7 })
        .map((made) => made.map((different) => connection({ ...different, establishedAt: NOON - HOUR }))),
      protect: fc.array(
        pattern.map((source) => entry(source)),
        { maxLength: 1 },
      ),
    })
    let found = 0
    fc.assert(
      fc.property(scenes, (scene) => {
        const applicabilitiesOf = createPolicySet(scene.policies, scene.protect).everyApplicability(PLACE)
        const isEnded = (one: Connection) =>
          applicabilitiesOf(one).some((applicability) => isDue(judge(applicability, one, NO_HISTORY, NOON), NOON))
        for (const username of callsByNameIn(scene).keys()) {
          found++
          const fold = (name = '') => name.trim().toLowerCase()
          const ofUser = scene.rows.filter(
            (one) => fold(one.username) === fold(username) && one.status !== 'terminated',
          )
          expect(ofUser.length).toBeGreaterThan(1)
          expect(ofUser.length).toBeLessThan(6)
          for (const one of ofUser) {
            expect(one).toMatchObject({ username, status: 'active' })
            for (const commonName of [undefined, 'laptop', 'stolen', 'mallory', 'oscar'])
              expect(isEnded({ ...one, commonName })).toBe(true)
          }
        }
      }),
      { numRuns: slowRuns(500) },
    )
    expect(found).toBeGreaterThan(0)
  })
})
