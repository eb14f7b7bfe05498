import { describe, expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { workspace } from './curfew.ts'
import { AGE_POLICY, OFFICE, startOffice, terminatedIds } from './office.ts'

const ELSEWHERE = 'cvpn-endpoint-0123456789abcdef1'
const UNTAGGED = 'cvpn-endpoint-0123456789abcdef2'
const ROLE = 'arn:aws:iam::444455556666:role/curfew'

const scenario = {
  roles: [{ arn: ROLE, externalId: 'curfew' }],
  endpoints: [
    { id: OFFICE, name: 'office', region: 'eu-central-1', authentication: 'federated' as const },
    {
      id: ELSEWHERE,
      name: 'elsewhere',
      region: 'us-east-1',
      account: '444455556666',
      authentication: 'directory' as const,
      tags: { 'vpn-policy': 'enforced' },
    },
    { id: UNTAGGED, name: 'lab', region: 'us-east-1', account: '444455556666', authentication: 'directory' as const },
  ],
}

const curfewYaml = (externalId: string) => `
version: 1
mode: enforce
policies: [./policies.yaml]
poll: { minGap: 1s }
watch:
  - region: eu-central-1
    endpoints: [{ id: ${OFFICE}, name: office }]
  - region: us-east-1
    discover: { tags: { vpn-policy: enforced } }
    assumeRole: { arn: ${ROLE}, externalId: ${externalId} }
`

const startRegions = async () => {
  const office = await startOffice(scenario)
  const [here, there] = [OFFICE, ELSEWHERE].map((endpointId) =>
    office.world.connect({ endpointId, username: 'bob', ageMs: 9 * HOUR }),
  )
  office.world.connect({ endpointId: UNTAGGED, username: 'bob', ageMs: 9 * HOUR })
  return { office, here, there }
}

describe('several Regions and accounts', () => {
  it('are enforced together: listed endpoints, and those discovered by tags in another account', async () => {
    const { office, here, there } = await startRegions()
    await using _office = office
    await using space = await workspace({ 'curfew.yaml': curfewYaml('curfew'), 'policies.yaml': AGE_POLICY })
    const { code, log } = await space.run(['run', '--once', '-c', 'curfew.yaml'], office.env)
    expect(code).toBe(0)
    expect(new Set(terminatedIds(office))).toEqual(new Set([here, there]))
    const outcomes = log.filter(({ event }) => event === 'termination')
    expect(new Set(outcomes.map(({ account, region, name }) => [account, region, name].join(' ')))).toEqual(
      new Set(['111122223333 eu-central-1 office', '444455556666 us-east-1 elsewhere']),
    )
  })

  it('do not block each other: a wrong external id is one clear line, and the rest is enforced', async () => {
    const { office, here } = await startRegions()
    await using _office = office
    await using space = await workspace({ 'curfew.yaml': curfewYaml('wrong'), 'policies.yaml': AGE_POLICY })
    const { code, log } = await space.run(['run', '--once', '-c', 'curfew.yaml'], office.env)
    expect(code).toBe(1)
    expect(terminatedIds(office)).toEqual([here])
    expect(log.find(({ event }) => event === 'discovery-failed')?.msg).toContain(ROLE)
    const plan = await space.run(['plan', '-c', 'curfew.yaml'], office.env)
    expect(plan.code).toBe(1)
    expect(plan.stderr).toContain(ROLE)
  })
})
