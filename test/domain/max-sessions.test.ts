import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { createDecider } from '../../src/domain/judge/decide.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { connection, entry, NOON, PLACE, policy } from './build.ts'

const at = (minutes: number, different: Partial<Connection> = {}) =>
  connection({ establishedAt: NOON - HOUR + minutes * MINUTE, ...different })

const sinces = (policies: readonly Policy[], rows: readonly Connection[]) => {
  const decider = createDecider(createPolicySet(policies, []), PLACE)
  return rows.map((row) => {
    const verdicts = decider.verdictsOf(row.id, rows, NO_HISTORY, NOON, 'enforce')
    return verdicts.find(({ policy: { kind } }) => kind.kind === 'max-sessions')?.since
  })
}

const limit = (most: number, more: Record<string, unknown> = {}, different: Partial<Policy> = {}) =>
  policy('max-sessions', { limit: most, ...more }, different)

describe('max-sessions', () => {
  it('ends the oldest, each since the one was established that was one too many', () => {
    const rows = [at(1), at(2), at(3), at(4)]
    expect(sinces([limit(2)], rows)).toEqual([rows[2]?.establishedAt, rows[3]?.establishedAt, undefined, undefined])
  })

  it('or the newest, since they came', () => {
    const rows = [at(1), at(2), at(3), at(4)]
    const expected = [undefined, undefined, rows[2]?.establishedAt, rows[3]?.establishedAt]
    expect(sinces([limit(2, { evict: 'newest' })], rows)).toEqual(expected)
  })

  it('of those that came together ends the one whose id comes first', () => {
    const rows = [at(1, { id: 'b' }), at(1, { id: 'a' }), at(1, { id: 'c' })]
    expect(sinces([limit(2)], rows).map(Boolean)).toEqual([false, true, false])
    expect(sinces([limit(2, { evict: 'newest' })], rows).map(Boolean)).toEqual([false, false, true])
  })

  it('does not take a common name for a user of that name', () => {
    const rows = [at(1, { username: 'laptop' }), at(2, { username: undefined, commonName: 'laptop' })]
    expect(sinces([limit(1, { countByCommonName: true })], rows)).toEqual([undefined, undefined])
  })

  it('counts a person once however the name is spelled, and different people apart', () => {
    expect(sinces([limit(1)], [at(1, { username: 'Bob' }), at(2, { username: 'bOB' }), at(3)]).map(Boolean)).toEqual([
      true,
      false,
      false,
    ])
  })

  it('does not count shared common names together unless it is told to', () => {
    const shared = { username: undefined, commonName: 'laptop' }
    const rows = [at(1, shared), at(2, shared)]
    expect(sinces([limit(1)], rows)).toEqual([undefined, undefined])
    expect(sinces([limit(1, { countByCommonName: true })], rows).map(Boolean)).toEqual([true, false])
  })

  it('does not count who is exempt, who has no established time, who is leaving, or whom another policy ends anyway', () => {
    const exempt = { users: [entry('cn:pager')], endpoints: undefined, regions: undefined }
    const uncounted = [
      at(1, { commonName: 'pager' }),
      at(2, { establishedAt: undefined }),
      at(3, { status: 'terminating' }),
    ]
    expect(sinces([limit(1, {}, { exempt })], [...uncounted, at(4)])).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    // One that is not counted makes no older one too many.
    expect(sinces([limit(1)], [at(1), at(2, { status: 'terminating' })])).toEqual([undefined, undefined])
    const pager = at(2, { commonName: 'pager' })
    expect(sinces([limit(1)], [at(1), pager]).map(Boolean)).toEqual([true, false])
    expect(sinces([limit(1, {}, { exempt })], [at(1), pager])).toEqual([undefined, undefined])
    const match = { ...exempt, users: [entry('cn:alice')] }
    expect(sinces([limit(1, {}, { match })], [at(1), pager])).toEqual([undefined, undefined])
    const age = policy('max-session-age', { maxAge: '50m' })
    expect(sinces([limit(1), age], [at(1), at(30)])).toEqual([undefined, undefined])
    expect(sinces([limit(1), { ...age, mode: 'audit' as const }], [at(1), at(30)]).map(Boolean)).toEqual([true, false])
  })

  it('keeps exactly as many as are allowed, and those that a sort would keep', () => {
    const person = fc.constantFrom('alice', 'bob')
    const rows = fc.array(fc.tuple(person, fc.integer({ min: 0, max: 20 })), { maxLength: 12 })
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 4 }), fc.constantFrom('oldest', 'newest'), (people, most, evict) => {
        const connections = people.map(([username, minutes]) => at(minutes, { username }))
        const found = sinces([limit(most, { evict })], connections)
        for (const who of ['alice', 'bob']) {
          const theirs = connections.filter(({ username }) => username === who)
          const order = [...theirs].sort(
            (a, b) => (a.establishedAt ?? 0) - (b.establishedAt ?? 0) || (a.id < b.id ? -1 : 1),
          )
          const kept = evict === 'oldest' ? order.slice(Math.max(0, order.length - most)) : order.slice(0, most)
          const survivors = connections.filter((row, index) => row.username === who && found[index] === undefined)
          expect(new Set(survivors)).toEqual(new Set(kept))
        }
      }),
    )
  })
})

describe('posture', () => {
  const verdict = (keys: Record<string, unknown>, posture: readonly string[] | undefined) => {
    const who = connection({ posture })
    const decider = createDecider(createPolicySet([policy('posture', keys)], []), PLACE)
    return decider.verdictsOf(who.id, [who], NO_HISTORY, NOON, 'enforce')[0]
  }

  it.each([
    [{ require: ['managed'] }, ['managed', 'patched'], 'fine'],
    [{ require: ['managed', 'patched'] }, ['managed'], 'violated'],
    [{ deny: ['jailbroken'] }, ['managed'], 'fine'],
    [{ deny: ['jailbroken'] }, ['managed', 'jailbroken'], 'violated'],
    [{ require: ['managed'] }, [], 'unknown'],
    [{ require: ['managed'] }, undefined, 'unknown'],
  ])('%j of %j is %s', (keys, posture, word) => {
    expect(verdict(keys, posture)?.word).toBe(word)
  })

  it('is violated since the connection was established', () => {
    expect(verdict({ deny: ['x'] }, ['x'])?.since).toBe(NOON - HOUR)
  })
})
