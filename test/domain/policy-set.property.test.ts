import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { connection, entry, NOON, PLACE, policy } from './build.ts'

const pattern = fc.constantFrom('alice', 'ALICE', 'al*', '*', '?ob', 'user:bob', 'cn:bob', 'cn:*', '*@corp.example')
const users = fc.array(pattern, { minLength: 1, maxLength: 3 }).map((sources) => sources.map((one) => entry(one)))
const selector = fc.record({
  users: fc.option(users, { nil: undefined }),
  endpoints: fc.option(
    fc.constantFrom('cvpn-endpoint-*', 'cvpn-endpoint-other').map((one) => [entry(one)]),
    { nil: undefined },
  ),
  regions: fc.constant(undefined),
})
const someone = fc.record({
  username: fc.constantFrom(undefined, 'alice', 'Bob', 'carol@corp.example'),
  commonName: fc.constantFrom(undefined, 'bob', 'ALICE', 'device-7'),
})

describe('who stands under what', () => {
  it('is the same whether all lists are looked through at once or each by itself', () => {
    let named = 0
    fc.assert(
      fc.property(
        fc.array(selector, { maxLength: 6 }),
        fc.array(someone, { minLength: 1, maxLength: 5 }),
        (all, who) => {
          const set = createPolicySet(
            all.map((match, index) =>
              policy('banned-users', { users: ['mallory'] }, { name: `policy-${index}`, match }),
            ),
            [entry('root', { until: NOON })],
          )
          const [fast, plain] = [set.standings(PLACE), set.everyStanding(PLACE)]
          for (const names of who) {
            const row = connection(names)
            const told = ({ policy: { name }, matched }: ReturnType<typeof fast>[number]) => [name, matched]
            const expected = plain(row).filter(({ matched }) => matched !== 'no')
            named += expected.length
            expect(fast(row).map(told)).toEqual(expected.map(told))
          }
        },
      ),
    )
    // Otherwise it would hold of a set that finds nobody.
    expect(named).toBeGreaterThan(50)
  })

  it('counts an entry for each list that it stands in', () => {
    const team = [entry('alice')]
    const match = { users: team, endpoints: undefined, regions: undefined }
    const set = createPolicySet(
      ['one', 'other'].map((name) => policy('max-session-age', { maxAge: '1h' }, { name, match })),
      [],
    )
    expect(
      set
        .standings(PLACE)(connection())
        .map((standing) => standing.policy.name),
    ).toEqual(['one', 'other'])
  })
})
