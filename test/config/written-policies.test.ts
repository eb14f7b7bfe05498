import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/config/load.ts'
import { bindWritten } from '../../src/config/written-policies.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { GOOD_CURFEW, GOOD_TREE, PEOPLE } from './good-configuration.ts'
import { memoryFiles } from './memory-files.ts'

const load = (tree: Parameters<typeof memoryFiles>[0]) => loadConfiguration(memoryFiles(tree), 'curfew.yaml')

const ONE = 'version: 1\npolicies:\n  - { name: one, kind: max-session-age, maxAge: 1h }\n'

describe('policies in their written form', () => {
  it('are bound to what they were, after a state file kept them', () => {
    const { configuration } = load(GOOD_TREE)
    const bound = bindWritten(JSON.parse(JSON.stringify(configuration?.written)))
    // The rules hold functions. The hash compares what they were made of.
    const comparable = (policies: readonly Policy[] = []) => policies.map(({ rule: _rule, ...rest }) => rest)
    expect(comparable(bound?.policies)).toEqual(comparable(configuration?.policies))
    expect(bound?.protect).toEqual(configuration?.protect)
    expect(bound?.policies.every(({ hash }) => /^[0-9a-f]{64}$/.test(hash))).toBe(true)
  })

  it('have no groups, calendars and protected users where the operator wrote none', () => {
    const tree = { 'curfew.yaml': GOOD_CURFEW.replace(/^protect:.*$/m, ''), 'policies/a.yaml': ONE }
    const { configuration } = load({ ...tree, 'more.yml': ONE.replace('one', 'two'), 'people.csv': PEOPLE })
    expect(configuration?.policies).toHaveLength(2)
    expect(bindWritten(JSON.parse(JSON.stringify(configuration?.written)))?.policies).toEqual(configuration?.policies)
  })

  it.each([
    ['nothing', undefined],
    ['no map', []],
    ['no policies', { groups: {} }],
    ['an unknown kind', { policies: [{ name: 'a', kind: 'horoscope' }] }],
    ['a key that no version knows', { policies: [{ name: 'a', kind: 'max-session-age', maxAge: '1h', moon: 'full' }] }],
    ['a cycle of names', { policies: [{ name: 'a', kind: 'max-session-age', maxAge: '1h' }], groups: 7 }],
  ])('are refused if there is %s', (_what, written) => {
    expect(bindWritten(written)).toBeUndefined()
  })

  it('are refused if a group is missing', () => {
    const { configuration } = load(GOOD_TREE)
    expect(bindWritten({ ...configuration?.written, groups: {} })).toBeUndefined()
  })
})
