import { expect, it } from 'vitest'
import { parseEndpointPattern } from '../../src/domain/names/endpoint-pattern.ts'
import type { Selector } from '../../src/domain/policies/policy.ts'
import { unmatchedEntries } from '../../src/domain/policies/unmatched-entries.ts'
import { ENDPOINT, PLACE, policy } from './build.ts'

const select = (...sources: readonly string[]): Selector => ({
  users: undefined,
  endpoints: sources.map((source) => {
    const parsed = parseEndpointPattern(source)
    if ('problem' in parsed) throw new Error(parsed.problem)
    return { pattern: parsed.pattern, from: undefined, until: undefined, reason: undefined }
  }),
  regions: undefined,
})

it('finds the entries that match no watched endpoint, but not those that may match one', () => {
  const match = select(ENDPOINT, 'cvpn-endpoint-9*', 'berlin', 'paris', 'tag:env=prod', 'tag:env=prd', '*')
  const tested = policy('max-session-age', { maxAge: '8h' }, { match, exempt: select('tag:team') })
  const listed = { ...PLACE, name: 'berlin', tags: new Map([['env', 'prod']]) }
  const found = (...watched: Parameters<typeof unmatchedEntries>[1]) =>
    unmatchedEntries([tested], watched).map(({ policy: name, selector, entry }) => `${name} ${selector} ${entry}`)
  expect(found(listed)).toEqual([
    'max-session-age match cvpn-endpoint-9*',
    'max-session-age match paris',
    'max-session-age match tag:env=prd',
    'max-session-age exempt tag:team',
  ])
  const untagged = { endpointId: 'cvpn-endpoint-00000000000000001', region: 'eu-west-1', name: 'rome', tags: undefined }
  expect(found(listed, untagged)).toEqual(['max-session-age match cvpn-endpoint-9*', 'max-session-age match paris'])
})
