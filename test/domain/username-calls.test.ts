import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { createDecider, type Decision, type Decisions, decisionOf } from '../../src/domain/judge/decide.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { isDue, judge } from '../../src/domain/judge/verdict.ts'
import type { UserEntry } from '../../src/domain/names/user-list.ts'
import type { Mode, Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { type CallState, usersToEndAtOnce } from '../../src/domain/terminate/username-calls.ts'
import { HOUR, type Instant, MINUTE } from '../../src/domain/time/instant.ts'
import { connection, entry, NOON, PLACE, policy } from './build.ts'

interface Scene {
  readonly policies: readonly Policy[]
  readonly rows: readonly Connection[]
  readonly protect?: readonly UserEntry[]
  readonly mode?: Mode
  readonly now?: Instant
  readonly calls?: CallState
  /** Policies whose verdicts the guard holds. */
  readonly held?: readonly string[]
}

const togetherIn = ({ policies, rows, protect = [], mode = 'enforce', now = NOON, calls, held = [] }: Scene) => {
  const set = createPolicySet(policies, protect)
  const decisions = createDecider(set, PLACE).decide(rows, NO_HISTORY, now, mode)
  const holding = ({ connection: who, violated }: Decision) => {
    const kept = violated.filter(({ policy: { name } }) => held.includes(name))
    return decisionOf(who, violated, now, mode, kept)
  }
  const guarded: Decisions = { ...decisions, violating: decisions.violating.map(holding) }
  return usersToEndAtOnce({ set, place: PLACE, history: NO_HISTORY, now, mode }, rows, guarded, calls)
}

const namesIn = (scene: Scene) => [...togetherIn(scene).keys()]

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

  it('is for each user by itself, and knows what it ends', () => {
    const both = policy('banned-users', { users: ['mallory', 'oscar'] })
    const [one, other] = [mallory(), mallory()]
    const rows = [one, connection({ username: 'oscar' }), connection(), other, ...times(3, { username: 'oscar' })]
    const found = togetherIn({ policies: [both], rows })
    expect([...found.keys()]).toEqual(['mallory', 'oscar'])
    expect(found.get('mallory')?.map((decision) => decision.connection)).toEqual([one, other])
    expect(found.get('oscar')).toHaveLength(4)
  })

  it('reaches a connection on its way out as well, but none that is out', () => {
    expect(namesIn({ policies: [ban], rows: [...times(2), mallory({ status: 'terminating' })] })).toEqual([])
    expect(namesIn({ policies: [ban], rows: [...times(2), mallory({ status: 'terminated' })] })).toEqual(['mallory'])
    expect(namesIn({ policies: [ban], rows: [...times(5), mallory({ status: 'terminated' })] })).toEqual(['mallory'])
  })

  it('does not reach a connection without a user name', () => {
    const nameless = mallory({ username: undefined, commonName: 'mallory' })
    expect(namesIn({ policies: [ban], rows: [...times(2), nameless] })).toEqual(['mallory'])
    expect(namesIn({ policies: [ban], rows: [nameless, { ...nameless, id: 'another' }] })).toEqual([])
  })

  it('needs one spelling: AWS compares letter by letter', () => {
    expect(namesIn({ policies: [ban], rows: times(2, { username: 'Mallory' }) })).toEqual(['Mallory'])
    expect(namesIn({ policies: [ban], rows: [...times(2), mallory({ username: 'Mallory' })] })).toEqual([])
    const leaving = mallory({ username: 'MALLORY', status: 'terminating' })
    expect(namesIn({ policies: [ban], rows: [...times(2), leaving] })).toEqual([])
  })

  it('is not made where AWS refused it before, nor before each of them may be asked for again', () => {
    const rows = times(3)
    const asked: unknown[] = []
    const calls = (singly: readonly string[], waiting?: string): CallState => ({
      singly: new Set(singly),
      maySend: (id, now) => {
        asked.push(now)
        return id !== waiting
      },
    })
    expect(namesIn({ policies: [ban], rows, calls: calls(['mallory']) })).toEqual([])
    expect(namesIn({ policies: [ban], rows, calls: calls(['oscar'], rows[1]?.id) })).toEqual([])
    expect(namesIn({ policies: [ban], rows, calls: calls(['oscar']) })).toEqual(['mallory'])
    expect(new Set(asked)).toEqual(new Set([NOON]))
  })

  it('needs each of them to be condemned for who the person is', () => {
    const rows = times(2)
    expect(namesIn({ policies: [age], rows })).toEqual([])
    expect(namesIn({ policies: [age, ban], rows })).toEqual(['mallory'])
    expect(namesIn({ policies: [policy('max-session-age', { maxAge: '20h' }), ban], rows })).toEqual(['mallory'])
    const certificate = policy('banned-users', { users: ['cn:stolen'] })
    expect(namesIn({ policies: [certificate], rows: times(2, { commonName: 'stolen' }) })).toEqual([])
    const onlyStolen = { ...ban, match: users('cn:stolen') }
    expect(namesIn({ policies: [onlyStolen], rows: times(2, { commonName: 'stolen' }) })).toEqual([])
    // One of the two would stay if its certificate were another.
    const mixed = [mallory({ commonName: 'stolen' }), mallory()]
    expect(namesIn({ policies: [certificate, age], rows: mixed })).toEqual([])
  })

  it('needs a policy that acts, is past its deadline and is not held', () => {
    const rows = times(2)
    expect(namesIn({ policies: [ban], rows, mode: 'audit' })).toEqual([])
    expect(namesIn({ policies: [{ ...ban, mode: 'audit' }, age], rows })).toEqual([])
    expect(namesIn({ policies: [ban, age], rows, held: [ban.name] })).toEqual([])
    expect(namesIn({ policies: [ban, age], rows, held: [age.name] })).toEqual(['mallory'])
    const closed = policy('off-hours', { timeZone: 'UTC', denied: [{ hours: '11:55-13:00' }] })
    const patient = { ...closed, graceMs: 10 * MINUTE }
    expect(namesIn({ policies: [patient, age], rows, now: NOON + 5 * MINUTE - 1 })).toEqual([])
    expect(namesIn({ policies: [patient, age], rows, now: NOON + 5 * MINUTE })).toEqual(['mallory'])
    // Who came when it was closed has no grace, who was there before has: one name, and not both due.
    const late = mallory({ establishedAt: NOON - 4 * MINUTE })
    const brief = policy('max-session-age', { maxAge: '1m' })
    expect(namesIn({ policies: [patient, brief], rows: [late, ...rows] })).toEqual([])
    expect(namesIn({ policies: [patient, brief], rows: [late, { ...late, id: 'another' }] })).toEqual(['mallory'])
  })

  it('is not made under a policy that spares a certificate, whoever has it now', () => {
    const rows = times(2)
    expect(namesIn({ policies: [{ ...ban, exempt: users('cn:pager') }], rows })).toEqual([])
    expect(namesIn({ policies: [{ ...ban, exempt: users('oscar', 'user:eve') }], rows })).toEqual(['mallory'])
    expect(namesIn({ policies: [ban], rows, protect: [entry('cn:pager')] })).toEqual([])
    expect(namesIn({ policies: [ban], rows, protect: [entry('oscar')] })).toEqual(['mallory'])
    const elsewhere = { users: undefined, endpoints: [entry('cvpn-endpoint-other')], regions: undefined }
    expect(namesIn({ policies: [{ ...ban, exempt: elsewhere }], rows })).toEqual(['mallory'])
  })

  it('would end nobody who would be kept, whatever certificate they came with', () => {
    const who = fc.constantFrom('mallory', 'Mallory', 'oscar', undefined)
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
      username: who,
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
        const standingsOf = createPolicySet(scene.policies, scene.protect).everyStanding(PLACE)
        const isEnded = (one: Connection) =>
          standingsOf(one).some((standing) => isDue(judge(standing, one, NO_HISTORY, NOON), NOON))
        for (const username of togetherIn(scene).keys()) {
          found++
          const fold = (name = '') => name.toLowerCase()
          const theirs = scene.rows.filter(
            (one) => fold(one.username) === fold(username) && one.status !== 'terminated',
          )
          expect(theirs.length).toBeGreaterThan(1)
          expect(theirs.length).toBeLessThan(6)
          for (const one of theirs) {
            expect(one).toMatchObject({ username, status: 'active' })
            for (const commonName of [undefined, 'laptop', 'stolen', 'mallory', 'oscar'])
              expect(isEnded({ ...one, commonName })).toBe(true)
          }
        }
      }),
      { numRuns: 500 },
    )
    expect(found).toBeGreaterThan(0)
  })
})
