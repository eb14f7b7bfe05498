import { describe, expect, it } from 'vitest'
import { configurationHash } from '../../src/app/configuration-hash.ts'
import type { Assignment } from '../../src/app/daemon.ts'
import type { WatchEntry } from '../../src/app/watch-list.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'

const OFFICE: WatchEntry = {
  site: {
    region: 'eu-central-1',
    endpointUrl: undefined,
    assumeRole: { arn: 'arn:aws:iam::111122223333:role/curfew', externalId: 'office' },
  },
  endpoints: [
    { id: 'cvpn-endpoint-0123456789abcdef0', name: 'office' },
    { id: 'cvpn-endpoint-0123456789abcdef1', name: undefined },
  ],
  discover: {
    tags: new Map([
      ['team', 'net'],
      ['stage', 'prod'],
    ]),
  },
  readsTags: false,
}
const OTHER_ROLE: WatchEntry = { ...OFFICE, site: { ...OFFICE.site, assumeRole: undefined } }
const LAB: WatchEntry = {
  site: { region: 'us-east-1', endpointUrl: 'https://ec2.example', assumeRole: undefined },
  endpoints: [],
  discover: 'all',
}

const BASE: Assignment = {
  policies: createPolicySet([], []),
  written: { policies: [] },
  settings: {
    mode: 'enforce',
    staleAfterMs: 300_000,
    minGapMs: 5000,
    termination: { verifyWithinMs: 60_000, attempts: 3 },
    guard: { maxPercent: 50, minConnections: 10, lookAheadMs: 0 },
    policySetHash: 'abc',
  },
  schedule: '*/15 * * * * *',
  terminationRate: { burst: 40, perSecond: 4 },
  watch: [OFFICE, OTHER_ROLE, LAB],
}

const settings = (different: Partial<Assignment['settings']>): Assignment => ({
  ...BASE,
  settings: { ...BASE.settings, ...different },
})
const office = (different: Partial<WatchEntry>): Assignment => ({
  ...BASE,
  watch: [{ ...OFFICE, ...different }, OTHER_ROLE, LAB],
})
const site = (different: Partial<WatchEntry['site']>) => office({ site: { ...OFFICE.site, ...different } })
const { termination, guard } = BASE.settings
/** A value with a field that this release does not know. */
const withMore = <Value extends object>(value: Value): Value => Object.assign({ addedLater: 1 }, value)

describe('the hash of a configuration', () => {
  // Replicas of another release have made the same one: a change here is a new generation without an edit.
  it('is that of earlier releases', () => {
    expect(configurationHash(BASE)).toBe('1fd0ce08f9fad2ec5dc4b8fabd7ace7baaa3eb63b0cfcffa1e3ec591d44890df')
  })

  it.each<readonly [string, Assignment]>([
    ['the mode', settings({ mode: 'audit' })],
    ['poll.staleAfter', settings({ staleAfterMs: 1 })],
    ['poll.minGap', settings({ minGapMs: 1 })],
    ['termination.attempts', settings({ termination: { ...termination, attempts: 1 } })],
    ['termination.verifyWithin', settings({ termination: { ...termination, verifyWithinMs: 1 } })],
    ['guard.maxPercent', settings({ guard: { ...guard, maxPercent: 1 } })],
    ['guard.minConnections', settings({ guard: { ...guard, minConnections: 1 } })],
    ['guard.lookAhead', settings({ guard: { ...guard, lookAheadMs: 1 } })],
    ['the policy set', settings({ policySetHash: 'def' })],
    ['the schedule', { ...BASE, schedule: '* * * * *' }],
    ['the burst', { ...BASE, terminationRate: { burst: 1, perSecond: 4 } }],
    ['the rate', { ...BASE, terminationRate: { burst: 40, perSecond: 1 } }],
    ['a Region', site({ region: 'eu-west-1' })],
    ['a URL', site({ endpointUrl: 'https://ec2.example' })],
    ['a role', site({ assumeRole: { arn: 'arn:aws:iam::111122223333:role/other', externalId: 'office' } })],
    ['an external id', site({ assumeRole: { arn: 'arn:aws:iam::111122223333:role/curfew', externalId: undefined } })],
    ['an endpoint less', office({ endpoints: OFFICE.endpoints.slice(1) })],
    ['the name of an endpoint', office({ endpoints: OFFICE.endpoints.map(({ id }) => ({ id, name: 'b' })) })],
    ['no discovery', office({ discover: undefined })],
    ['discovery of all', office({ discover: 'all' })],
    ['a tag', office({ discover: { tags: new Map([['team', 'net']]) } })],
    ['an entry less', { ...BASE, watch: [OFFICE, LAB] }],
    [
      'the first entry of a Region, through which an endpoint is watched',
      { ...BASE, watch: [OTHER_ROLE, OFFICE, LAB] },
    ],
  ])('changes with %s', (_what, edited) => {
    expect(configurationHash(edited)).not.toBe(configurationHash(BASE))
  })

  it.each<readonly [string, Assignment]>([
    ['the order of Regions', { ...BASE, watch: [LAB, OFFICE, OTHER_ROLE] }],
    ['the order of endpoints in an entry', office({ endpoints: OFFICE.endpoints.toReversed() })],
    [
      'the order of tags',
      office({
        discover: {
          tags: new Map([
            ['stage', 'prod'],
            ['team', 'net'],
          ]),
        },
      }),
    ],
    [
      'the order of keys',
      { ...BASE, settings: { ...BASE.settings, guard: { lookAheadMs: 0, minConnections: 10, maxPercent: 50 } } },
    ],
    ['what follows from the policies', office({ readsTags: true })],
    ['the part that a daemon serves', { ...BASE, isPart: true }],
    ['values of another release', withMore({ ...BASE, written: {}, settings: withMore(BASE.settings) })],
  ])('does not change with %s', (_what, same) => {
    expect(configurationHash(same)).toBe(configurationHash(BASE))
  })
})
