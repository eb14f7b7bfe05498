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
  const NAMED = '  - { region: eu-central-1, endpoints: [{ id: cvpn-endpoint-0123456789abcdef0, name: Berlin }] }\n'

  it.each([
    ['cvpn-endpoint-0123456789abcdef9', NAMED, ['error']],
    ['cvpn-endpoint-0123456789abcdef9', LISTED, ['error']],
    ['cvpn-endpoint-0123456789abcdef9', LISTED + DISCOVERED, []],
    ['cvpn-endpoint-0*', LISTED, []],
    ['berlin', NAMED, []],
    ['BER*', NAMED, []],
    ['paris', NAMED, ['error']],
    ['paris', NAMED + DISCOVERED, []],
    // The tag Name of the endpoint may be Paris.
    ['paris', LISTED, ['warning']],
    ['*cdef0', NAMED, ['error']],
    ['*cdef0', LISTED, ['warning']],
    ['*', LISTED, []],
    ['tag:env=prod', NAMED, []],
    ['tag:env', LISTED, []],
  ])('reports %s that nothing under `watch` has as an id or name', (entry, watch, severities) => {
    for (const selector of ['match', 'exempt']) {
      const { problems } = load(
        watch,
        selector === 'match'
          ? `{ endpoints: ["${entry}"] }`
          : `{ regions: ["eu-*"] }, exempt: { endpoints: ["${entry}"] }`,
      )
      expect(problems.map(({ severity }) => severity)).toEqual(severities)
    }
  })

  it('warns of a pattern of ids that fits a name too, also where endpoints are discovered', () => {
    const named = NAMED.replace('Berlin', 'cvpn-berlin')
    for (const watch of [named, named + DISCOVERED]) {
      const { problems } = load(watch, '{ endpoints: ["cvpn-*"] }')
      expect(problems).toMatchObject([{ severity: 'warning', message: expect.stringContaining('"cvpn-berlin"') }])
      for (const entry of ['cvpn-b*', 'cvpn-endpoint-*']) {
        expect(load(watch, `{ endpoints: ["${entry}"] }`).problems).toEqual([])
      }
    }
  })

  it('suggests the nearest id or name', () => {
    const messages = (entry: string) =>
      load(NAMED, `{ endpoints: ["${entry}"] }`).problems.map(({ message }) => message)
    expect(messages('belin')).toEqual([expect.stringMatching(/matches none of the endpoints .*Berlin/)])
    expect(messages('*cdef0')).toEqual([expect.stringContaining('does not begin with cvpn-endpoint-')])
  })

  it('has no such error beside a mistake under `watch`, which may have named it', () => {
    const { problems } = load(
      '  - { region: eu-central-1, endpoints: [cvpn-endpoint-9, cvpn-endpoint-0123456789abcdef0] }\n',
    )
    expect(new Set(problems.map(({ file }) => file))).toEqual(new Set(['curfew.yaml']))
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
