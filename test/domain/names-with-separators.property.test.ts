import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createReconnects } from '../../src/app/reconnects.ts'
import type { Connection } from '../../src/domain/connection.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, entry, NOON, PLACE, policy, VIOLATION } from './build.ts'
import { createEndpoint } from './endpoint.ts'

/** Names that look like two names, or like another kind of name, once parts are joined. */
const pairs = ['\n', ' ', ':'].flatMap((between) => [`a${between}b`, `b${between}a`])
const name = fc.oneof(fc.constant(undefined), fc.constantFrom('a', 'b', 'cn:a', 'user:a'), fc.constantFrom(...pairs))
const principal = fc.record({ username: name, commonName: name })
/** Pairs of names that give the same text once they are joined with a newline. */
const divided = fc.shuffledSubarray(
  ['a', 'b', 'a\nb', 'b\na'].flatMap((username) =>
    ['a', 'b\na', undefined].map((commonName) => ({ username, commonName })),
  ),
  { minLength: 6 },
)
const people = fc.array(principal, { minLength: 10, maxLength: 40 })

type Names = Pick<Connection, 'username' | 'commonName'>

/** Who a connection belongs to, by a comparison of the names themselves. */
const isSamePerson = (one: Names, other: Names) =>
  one.username === undefined
    ? other.username === undefined && one.commonName !== undefined && one.commonName === other.commonName
    : one.username === other.username

describe('whatever characters names hold', () => {
  it('a policy applies to a principal as if no other principal was asked for before', () => {
    let found = 0
    fc.assert(
      fc.property(divided, fc.constantFrom('user:a', 'cn:a'), (rows, listed) => {
        const match = { users: [entry(listed)], endpoints: undefined, regions: undefined }
        const limited = policy('max-session-age', { maxAge: '1m' }, { match })
        const applicabilitiesOf = createPolicySet([limited], []).applicabilities(PLACE)
        for (const names of rows) {
          const row = connection(names)
          const [own] = createPolicySet([limited], []).applicabilities(PLACE)(row)
          expect(applicabilitiesOf(row).map(({ matched }) => matched)).toEqual(own === undefined ? [] : [own.matched])
          if (own !== undefined) found++
        }
      }),
    )
    expect(found).toBeGreaterThan(10)
  })

  it('max-sessions counts the connections of each person, and of nobody else', () => {
    fc.assert(
      fc.property(people, (rows) => {
        const connections = rows.map((names, index) => connection({ ...names, establishedAt: NOON - HOUR + index }))
        const endpoint = createEndpoint([
          policy('max-sessions', { limit: 1, evict: 'newest', countByCommonName: true }, { guard: 'off' }),
        ])
        endpoint.see(connections, NOON)
        connections.forEach((row, index) => {
          const isSurplus = connections.slice(0, index).some((earlier) => isSamePerson(earlier, row))
          const violated = endpoint.verdictsOf(row.id, NOON).filter(({ word }) => word === 'violated')
          expect(violated).toHaveLength(isSurplus ? 1 : 0)
        })
      }),
    )
  })

  it('a cooldown applies to the person who was ended, and to nobody else', () => {
    const cooling = policy('max-session-age', { maxAge: '8h' }, { cooldownMs: HOUR, cooldownByCommonName: true })
    fc.assert(
      fc.property(principal, people, (ended, rows) => {
        const memory = createMemory()
        memory.terminate(cooling, ended, NOON)
        const kept = createMemory(JSON.parse(JSON.stringify({ ...memory.kept(), watchedSince: NOON })))
        for (const one of [memory, kept]) {
          const history = one.history({ now: NOON, fresh: true, acts: () => true, changedAt: () => NOON })
          for (const { username, commonName } of rows) {
            const at = history.terminatedAt(cooling, { username, commonName })
            expect(at).toBe(isSamePerson(ended, { username, commonName }) ? NOON : undefined)
          }
        }
      }),
    )
  })

  it('a reconnect is one of the person who was ended, and of nobody else', () => {
    fc.assert(
      fc.property(principal, people, (ended, rows) => {
        const reconnects = createReconnects()
        reconnects.terminated({ ...VIOLATION, ...ended }, NOON)
        const again = rows.map((names) => connection({ ...names, establishedAt: NOON + SECOND }))
        const found = reconnects.observe(again, NOON + MINUTE).map((reconnect) => reconnect.connection.id)
        expect(found).toEqual(again.filter((row) => isSamePerson(ended, row)).map(({ id }) => id))
      }),
    )
  })
})
