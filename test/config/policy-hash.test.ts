import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { policyHash, policySetText } from '../../src/config/bind/policy-set-hash.ts'
import { loadConfiguration } from '../../src/config/load.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { HOUR } from '../../src/domain/time/instant.ts'
import { entry, policy } from '../domain/build.ts'
import { GOOD_TREE } from './good-configuration.ts'
import { memoryFiles } from './memory-files.ts'

const NOT_JSON = () => 'a function'

const selector = { users: [entry('ext-*')], endpoints: undefined, regions: undefined }
const base = policy('max-session-age', { maxAge: '8h' }, { match: selector })
const hashOf = (different: Partial<Policy>) => policyHash({ ...base, ...different }, [])

describe('the hash of one policy', () => {
  it.each<[keyof Policy, Partial<Policy>]>([
    ['kind', { kind: policy('posture', { deny: ['old'] }).kind }],
    ['rule', { rule: { maxAgeMs: 9 * HOUR } }],
    ['from', { from: HOUR }],
    ['until', { until: HOUR }],
    ['match', { match: { ...selector, users: [entry('ext-a*')] } }],
    ['exempt', { exempt: selector }],
    ['graceMs', { graceMs: 1 }],
    ['extend', { extend: { byMs: HOUR, times: 1 } }],
    ['cooldownMs', { cooldownMs: 1 }],
    ['cooldownByCommonName', { cooldownByCommonName: true }],
  ])('changes with %s', (_field, different) => {
    expect(hashOf(different)).not.toBe(hashOf({}))
  })

  it.each<[keyof Policy, Partial<Policy>]>([
    ['name', { name: 'other' }],
    ['mode', { mode: 'audit' }],
    ['warn', { warn: [HOUR] }],
    ['timeZone', { timeZone: 'Europe/Berlin' }],
    ['guard', { guard: 'off' }],
    ['message', { message: 'Ask the help desk.' }],
    ['matchGroup', { matchGroup: 'contractors' }],
    ['hash', { hash: 'other' }],
  ])('does not change with %s', (_field, different) => {
    expect(hashOf(different)).toBe(hashOf({}))
  })

  it('changes with facts of the door, and is without them as it was before the key existed', () => {
    const door = {
      idpGroups: [entry('contractors')],
      platform: undefined,
      publicIp: undefined,
      clientVersion: undefined,
    }
    expect(hashOf({ match: { ...selector, door: undefined } })).toBe(hashOf({}))
    const hash = hashOf({ match: { ...selector, door } })
    expect(hash).not.toBe(hashOf({}))
    expect(hashOf({ match: { ...selector, door: { ...door, idpGroups: [entry('staff')] } } })).not.toBe(hash)
  })

  it('of a limit of sessions is with `across: endpoint` as it was before the key existed', () => {
    const [limit, evict, countByCommonName] = [2, 'oldest', false]
    const ofLimit = policy('max-sessions', { limit })
    const hash = policyHash(ofLimit, [])
    expect(policyHash({ ...ofLimit, rule: { limit, evict, countByCommonName } }, [])).toBe(hash)
    expect(policyHash(policy('max-sessions', { limit, across: 'endpoint' }), [])).toBe(hash)
    expect(policyHash(policy('max-sessions', { limit, across: 'all' }), [])).not.toBe(hash)
  })

  it('changes with the users under `protect`', () => {
    expect(policyHash(base, [entry('boss')])).not.toBe(hashOf({}))
  })

  it('stays the same across releases, because state files keep it', () => {
    const { configuration } = loadConfiguration(memoryFiles(GOOD_TREE), 'curfew.yaml')
    expect(configuration?.policies.map(({ name, hash }) => `${name} ${hash.slice(0, 16)}`)).toEqual([
      'daily-reauthentication d394ff32970d34f7',
      'leavers 80d812a26a809ed9',
      'contractors-office-hours 54027d502dc9168d',
      'trial fcff257f89a21956',
      'freeze c6d3170160402765',
    ])
  })
})

describe('the text that is hashed', () => {
  it('is that of JSON.stringify with the keys of every map in order, for any value', () => {
    const key = fc.constantFrom('', 'a', 'b', 'Z', 'ö', '10', '9', '__proto__', 'toJSON')
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.constantFrom(null, undefined, true, 7, Number.NaN, 'alice', '"', NOT_JSON),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map(Object.fromEntries),
      ),
    }))
    const sorted = (_key: string, one: unknown): unknown =>
      typeof one === 'object' && one !== null && !Array.isArray(one)
        ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
        : one
    fc.assert(
      fc.property(value, (one) => {
        expect(policySetText(one)).toBe(JSON.stringify(one, sorted))
      }),
    )
  })

  it('is made of entries whose keys are in order, because others are copied, one by one', () => {
    const { configuration } = loadConfiguration(memoryFiles(GOOD_TREE), 'curfew.yaml')
    const entries = (configuration?.policies ?? []).flatMap(({ match, exempt, kind, rule }) => [
      ...(match?.users ?? []),
      ...(exempt?.users ?? []),
      ...(kind.names?.(rule) ?? []),
    ])
    expect(entries.length).toBeGreaterThan(4)
    for (const map of entries.flatMap((one) => [one, one.pattern])) {
      expect(Object.keys(map)).toEqual(Object.keys(map).toSorted())
    }
  })
})

it('a message changes the hash of the set, which the connect handler logs, and not that of its policy', () => {
  const loaded = (message: string) => {
    const policies = GOOD_TREE['policies/a.yaml'].replace('Closed: ', message)
    return loadConfiguration(memoryFiles({ ...GOOD_TREE, 'policies/a.yaml': policies }), 'curfew.yaml').configuration
  }
  const [before, after] = [loaded('Closed: '), loaded('Not open: ')]
  expect(after?.policySetHash).not.toBe(before?.policySetHash)
  expect(after?.policies.map(({ hash }) => hash)).toEqual(before?.policies.map(({ hash }) => hash))
})
