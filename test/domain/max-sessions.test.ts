import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { HOUR, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { connection, entry, judged, NOON, policy } from './build.ts'
import { createEndpoint } from './endpoint.ts'

const at = (minutes: number, different: Partial<Connection> = {}) =>
  connection({ establishedAt: NOON - HOUR + minutes * MINUTE, ...different })

const violatedSince = (policies: readonly Policy[], rows: readonly Connection[]) => {
  const endpoint = createEndpoint(policies)
  endpoint.see(rows, NOON)
  return rows.map((row) => {
    const verdicts = endpoint.verdictsOf(row.id, NOON)
    return verdicts.find(({ policy: { kind } }) => kind.kind === 'max-sessions')?.since
  })
}

const limit = (most: number, more: Record<string, unknown> = {}, different: Partial<Policy> = {}) =>
  policy('max-sessions', { limit: most, ...more }, different)

describe('max-sessions', () => {
  it('ends the oldest, each since the connection was established that made it surplus', () => {
    const rows = [at(1), at(2), at(3), at(4)]
    expect(violatedSince([limit(2)], rows)).toEqual([
      rows[2]?.establishedAt,
      rows[3]?.establishedAt,
      undefined,
      undefined,
    ])
  })

  it('ends the newest with `evict: newest`, each since it was established', () => {
    const rows = [at(1), at(2), at(3), at(4)]
    const expected = [undefined, undefined, rows[2]?.establishedAt, rows[3]?.establishedAt]
    expect(violatedSince([limit(2, { evict: 'newest' })], rows)).toEqual(expected)
  })

  it('orders connections that were established together by their ids', () => {
    const rows = [at(1, { id: 'b' }), at(1, { id: 'a' }), at(1, { id: 'c' })]
    expect(violatedSince([limit(2)], rows).map(Boolean)).toEqual([false, true, false])
    expect(violatedSince([limit(2, { evict: 'newest' })], rows).map(Boolean)).toEqual([false, false, true])
  })

  it('counts a common name apart from a user of the same name', () => {
    const rows = [at(1, { username: 'laptop' }), at(2, { username: undefined, commonName: 'laptop' })]
    expect(violatedSince([limit(1, { countByCommonName: true })], rows)).toEqual([undefined, undefined])
  })

  it('counts all spellings of a user name together, and different users apart', () => {
    expect(
      violatedSince([limit(1)], [at(1, { username: 'Bob' }), at(2, { username: 'bOB' }), at(3)]).map(Boolean),
    ).toEqual([true, false, false])
  })

  it('does not count shared common names together without `countByCommonName`', () => {
    const shared = { username: undefined, commonName: 'laptop' }
    const rows = [at(1, shared), at(2, shared)]
    expect(violatedSince([limit(1)], rows)).toEqual([undefined, undefined])
    expect(violatedSince([limit(1, { countByCommonName: true })], rows).map(Boolean)).toEqual([true, false])
  })

  it('counts no connection that is exempt, has no established time, is terminating, or ends regardless', () => {
    const exempt = { users: [entry('cn:pager')], endpoints: undefined, regions: undefined }
    const uncounted = [
      at(1, { commonName: 'pager' }),
      at(2, { establishedAt: undefined }),
      at(3, { status: 'terminating' }),
    ]
    expect(violatedSince([limit(1, {}, { exempt })], [...uncounted, at(4)])).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    // A connection that is not counted makes no older one surplus.
    expect(violatedSince([limit(1)], [at(1), at(2, { status: 'terminating' })])).toEqual([undefined, undefined])
    const pager = at(2, { commonName: 'pager' })
    expect(violatedSince([limit(1)], [at(1), pager]).map(Boolean)).toEqual([true, false])
    expect(violatedSince([limit(1, {}, { exempt })], [at(1), pager])).toEqual([undefined, undefined])
    const match = { ...exempt, users: [entry('cn:alice')] }
    expect(violatedSince([limit(1, {}, { match })], [at(1), pager])).toEqual([undefined, undefined])
    const age = policy('max-session-age', { maxAge: '50m' })
    expect(violatedSince([limit(1), age], [at(1), at(30)])).toEqual([undefined, undefined])
    expect(violatedSince([limit(1), { ...age, mode: 'audit' as const }], [at(1), at(30)]).map(Boolean)).toEqual([
      true,
      false,
    ])
  })

  it('explains that a connection is surplus or not, and how many are allowed', () => {
    const { why, applicability } = judged(limit(2), connection())
    expect(why).toBe('not surplus: at most 2 connections are allowed per user and endpoint')
    const violated = { word: 'violated', since: NOON, until: NEVER } as const
    expect(applicability.judge.because(connection(), violated, NOON)).toBe(
      'surplus, as one of the oldest connections of this user: at most 2 connections are allowed per user and endpoint',
    )
    expect(judged(limit(1), connection()).why).toMatch(/at most 1 connection is allowed/)
  })

  it('keeps exactly the connections that a sort by age keeps', () => {
    const principal = fc.constantFrom('alice', 'bob')
    const rows = fc.array(fc.tuple(principal, fc.integer({ min: 0, max: 20 })), { maxLength: 12 })
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 4 }), fc.constantFrom('oldest', 'newest'), (people, most, evict) => {
        const connections = people.map(([username, minutes]) => at(minutes, { username }))
        const found = violatedSince([limit(most, { evict })], connections)
        for (const user of ['alice', 'bob']) {
          const ofUser = connections.filter(({ username }) => username === user)
          const order = [...ofUser].sort(
            (a, b) => (a.establishedAt ?? 0) - (b.establishedAt ?? 0) || (a.id < b.id ? -1 : 1),
          )
          const kept = evict === 'oldest' ? order.slice(Math.max(0, order.length - most)) : order.slice(0, most)
          const remaining = connections.filter((row, index) => row.username === user && found[index] === undefined)
          expect(new Set(remaining)).toEqual(new Set(kept))
        }
      }),
    )
  })
})

describe('posture', () => {
  const verdict = (keys: Record<string, unknown>, posture: readonly string[] | undefined) => {
    const subject = connection({ posture })
    const endpoint = createEndpoint([policy('posture', keys)])
    endpoint.see([subject], NOON)
    return endpoint.verdictsOf(subject.id, NOON)[0]
  }

  it.each([
    [{ require: ['managed'] }, ['managed', 'patched'], 'fine'],
    [{ require: ['managed', 'patched'] }, ['managed'], 'violated'],
    [{ deny: ['jailbroken'] }, ['managed'], 'fine'],
    [{ deny: ['jailbroken'] }, ['managed', 'jailbroken'], 'violated'],
    [{ require: ['managed'] }, [], 'unknown'],
    [{ require: ['managed'] }, undefined, 'unknown'],
  ])('%j finds a connection with the statuses %j %s', (keys, posture, word) => {
    expect(verdict(keys, posture)?.word).toBe(word)
  })

  it('is violated since the connection was established', () => {
    expect(verdict({ deny: ['x'] }, ['x'])?.since).toBe(NOON - HOUR)
  })
})
