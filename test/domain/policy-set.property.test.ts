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
const names = fc.record({
  username: fc.constantFrom(undefined, 'alice', 'Bob', 'carol@corp.example'),
  commonName: fc.constantFrom(undefined, 'bob', 'ALICE', 'device-7'),
})

describe('the applicabilities of a connection', () => {
  it('are the same whether all lists are searched at once or each by itself', () => {
    let applicable = 0
    fc.assert(
      fc.property(
        fc.array(selector, { maxLength: 6 }),
        fc.array(names, { minLength: 1, maxLength: 5 }),
        (all, people) => {
          const set = createPolicySet(
            all.map((match, index) =>
              policy('banned-users', { users: ['mallory'] }, { name: `policy-${index}`, match }),
            ),
            [entry('root', { until: NOON })],
          )
          const [fast, plain] = [set.applicabilities(PLACE), set.everyApplicability(PLACE)]
          for (const principal of people) {
            const row = connection(principal)
            const summary = ({ policy: { name }, matched }: ReturnType<typeof fast>[number]) => [name, matched]
            const expected = plain(row).filter(({ matched }) => matched !== 'no')
            applicable += expected.length
            expect(fast(row).map(summary)).toEqual(expected.map(summary))
          }
        },
      ),
    )
    // Otherwise a set without any applicable policy would pass.
    expect(applicable).toBeGreaterThan(50)
  })

  it('include every policy whose list holds the same entry', () => {
    const team = [entry('alice')]
    const match = { users: team, endpoints: undefined, regions: undefined }
    const set = createPolicySet(
      ['one', 'other'].map((name) => policy('max-session-age', { maxAge: '1h' }, { name, match })),
      [],
    )
    expect(
      set
        .applicabilities(PLACE)(connection())
        .map((applicability) => applicability.policy.name),
    ).toEqual(['one', 'other'])
  })
})
