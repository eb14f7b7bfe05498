import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/config/load.ts'
import { memoryFiles } from './memory-files.ts'

const load = (watch: string, match = '{ endpoints: [cvpn-endpoint-0123456789abcdef9] }') =>
  loadConfiguration(
    memoryFiles({
      'curfew.yaml': `version: 1\npolicies: [./policies]\nwatch:\n${watch}`,
      'policies/a.yaml': `version: 1\npolicies:\n  - { name: age, kind: max-session-age, maxAge: 8h, match: ${match} }\n`,
    }),
    'curfew.yaml',
  )

const LISTED = '  - { region: eu-central-1, endpoints: [cvpn-endpoint-0123456789abcdef0] }\n'
const DISCOVERED = '  - { region: us-east-1, discover: all }\n'

describe('a policy that names an endpoint or a Region', () => {
  it('has a warning if the endpoint is not listed, unless endpoints are discovered', () => {
    const warnings = (watch: string) => load(watch).problems.map(({ severity }) => severity)
    expect(warnings(LISTED)).toEqual(['warning'])
    expect(warnings(LISTED + DISCOVERED)).toEqual([])
  })

  it('has a warning if the Region is not watched', () => {
    const { problems } = load(LISTED + DISCOVERED, '{ regions: [us-west-2] }')
    expect(problems).toMatchObject([{ severity: 'warning', file: 'policies/a.yaml' }])
  })
})

describe('a role', () => {
  it.each([
    'arn:aws:iam::111122223333:role/curfew',
    'arn:aws-cn:iam::111122223333:role/curfew',
    'arn:aws-us-gov:iam::111122223333:role/vpn/ops/curfew@corp.example',
  ])('is accepted as %s', (arn) => {
    const { configuration } = load(`  - { region: us-east-1, discover: all, assumeRole: { arn: "${arn}" } }\n`)
    expect(configuration?.watch[0]?.assumeRole).toEqual({ arn, externalId: undefined })
  })
})
