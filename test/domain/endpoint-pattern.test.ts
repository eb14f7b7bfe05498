import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type EndpointEntry, hitsEndpoint, parseEndpointPattern } from '../../src/domain/names/endpoint-pattern.ts'
import type { Location } from '../../src/domain/names/location.ts'
import { hitsPlace } from '../../src/domain/names/selector.ts'
import { ALL_TIME } from '../../src/domain/time/period.ts'
import { ENDPOINT, NOON } from './build.ts'

const patternOf = (source: string) => {
  const parsed = parseEndpointPattern(source)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed.pattern
}
const tags = (all: Record<string, string>) => new Map(Object.entries(all))
const at = (different: Partial<Location> = {}): Location => ({
  endpointId: ENDPOINT,
  region: 'eu-central-1',
  ...different,
})
const hit = (source: string, location: Location) => hitsEndpoint(patternOf(source), location)

describe('an entry of `endpoints`', () => {
  it.each([
    [ENDPOINT, true],
    [ENDPOINT.toUpperCase(), true],
    ['cvpn-endpoint-0123*', true],
    ['cvpn-endpoint-?123456789abcdef0', true],
    ['cvpn-endpoint-1*', false],
    // Patterns that break off within `cvpn-endpoint-` were written before there were names.
    ['cvpn-endpoint*', true],
    ['cvpn-*', true],
    ['cvpn*', true],
    ['cvpn-e?dpoint-*', true],
    ['*', true],
    ['**', true],
  ])('%s is compared with the id, whatever the name and the tags are: %s', (source, expected) => {
    for (const location of [at(), at({ name: 'berlin' }), at({ tags: new Map() }), at({ tags: tags({ Name: 'x' }) })]) {
      expect(hit(source, location)).toBe(expected)
    }
  })

  it.each(['berlin', 'BERLIN', 'ber*', '?erlin', '*lin'])('%s is compared with the name of `watch`', (source) => {
    expect(hit(source, at({ name: 'Berlin' }))).toBe(true)
    expect(hit(source, at({ name: 'Berlin', tags: tags({ Name: 'paris' }) }))).toBe(true)
    expect(hit(source, at({ name: 'paris', tags: tags({ Name: 'Berlin' }) }))).toBe(false)
  })

  it('is compared with the tag Name where `watch` gives no name, and is unknown before AWS has listed the tags', () => {
    expect(hit('berlin', at({ tags: tags({ Name: 'Berlin' }) }))).toBe(true)
    expect(hit('berlin', at({ tags: tags({ name: 'Berlin' }) }))).toBe(false)
    expect(hit('berlin', at())).toBe('unknown')
  })

  it.each(['?*', 'c*', '*def0', '*point*', 'cvpn'])('%s is of names, so that no id matches it by chance', (source) => {
    expect(hit(source, at({ tags: new Map() }))).toBe(false)
    expect(hit(source, at())).toBe('unknown')
  })

  it.each([
    ['tag:env', true],
    ['TAG:env', true],
    ['tag:env=prod', true],
    ['tag:env=pr*', true],
    ['tag:env=?rod', true],
    ['tag:env=*', true],
    ['tag:team=a=b', true],
    ['tag:empty', true],
    ['tag:empty=*', true],
    ['tag:empty=?*', false],
    // Keys and values are spelled as at AWS.
    ['tag:Env', false],
    ['tag:env=PROD', false],
    ['tag:env=pro', false],
    ['tag:cost', false],
    ['tag:toString', false],
  ])('%s is compared with the tags: %s', (source, expected) => {
    expect(hit(source, at({ name: 'prod', tags: tags({ env: 'prod', team: 'a=b', empty: '' }) }))).toBe(expected)
    expect(hit(source, at({ name: 'prod' }))).toBe('unknown')
  })

  it.each([
    ['tag:', 'no key'],
    ['tag:=prod', 'no key'],
    ['tag:env=', 'write tag:env for any value'],
    ['tag: env=prod', 'white space'],
    ['tag:env =prod', 'white space'],
    ['tag:env= prod', 'white space'],
    ['tag:env*=prod', 'wildcard in its key'],
    ['tag:?=prod', 'wildcard in its key'],
    ['tag:env=a\tb', 'control character'],
    ['tag:env=pr\u200bod', 'U+200B'],
    [`tag:${'k'.repeat(129)}`, 'longer than a tag'],
    [`tag:env=${'v'.repeat(257)}`, 'longer than a tag'],
    ['', 'empty'],
    [' berlin', 'white space'],
  ])('cannot be %j: %s', (source, problem) => {
    expect(parseEndpointPattern(source)).toEqual({ problem: expect.stringContaining(problem) })
  })
})

const entryOf = (source: string, until?: number): EndpointEntry => ({
  pattern: patternOf(source),
  from: undefined,
  until,
  reason: undefined,
})

/** A glob as a regular expression. */
const expressionOf = (glob: string, flags: string) =>
  new RegExp(
    `^${glob
      .replace(/[.\\+^$()[\]{}|]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    `su${flags}`,
  )

/** The rules of the page, each as one line. */
const naiveHit = (source: string, { endpointId, name, tags: known }: Location): boolean | 'unknown' => {
  if (/^\*+$/.test(source)) return true
  if (source.startsWith('tag:')) {
    const [, key = '', value = '*'] = /^tag:([^=]*)=?(.+)?$/.exec(source) ?? []
    return known === undefined ? 'unknown' : known.has(key) && expressionOf(value, '').test(known.get(key) ?? '')
  }
  if (source.startsWith('cvpn-')) return expressionOf(source, 'i').test(endpointId)
  const shown = name ?? (known === undefined ? undefined : (known.get('Name') ?? null))
  return shown === undefined ? 'unknown' : shown !== null && shown !== '' && expressionOf(source, 'i').test(shown)
}

describe('a list of endpoints', () => {
  const source = fc.constantFrom(
    '*',
    ENDPOINT,
    'cvpn-*',
    'cvpn-endpoint-9*',
    'berlin',
    'BER*',
    '?',
    '*.eu',
    'tag:env',
    'tag:env=prod',
    'tag:env=p*',
    'tag:Env=?',
    'tag:Name=ber*',
    'tag:team=a=b',
  )
  const value = fc.constantFrom('', 'prod', 'p', 'Berlin', 'b.eu', 'a=b')
  const location = fc.record({
    endpointId: fc.constantFrom(ENDPOINT, 'cvpn-endpoint-99999999999999999'),
    region: fc.constant('eu-central-1'),
    name: fc.constantFrom(undefined, undefined, 'Berlin', 'x', 'b.eu'),
    tags: fc.option(
      fc
        .uniqueArray(fc.tuple(fc.constantFrom('env', 'Env', 'Name', 'team'), value), { selector: ([key]) => key })
        .map((pairs) => new Map(pairs)),
      { nil: undefined, freq: 2 },
    ),
  })

  it('matches if one entry does, and is unknown if only an unknown one may', () => {
    const seen = new Set<unknown>()
    fc.assert(
      fc.property(fc.array(source, { minLength: 1, maxLength: 3 }), location, (sources, where) => {
        const results = sources.map((one) => naiveHit(one, where))
        const expected = results.includes(true) ? true : results.includes('unknown') ? 'unknown' : 'no'
        const endpoints = sources.map((one) => entryOf(one))
        const found = hitsPlace({ users: undefined, endpoints, regions: undefined }, where)
        seen.add(expected)
        expect(typeof found === 'object' ? found.periods === ALL_TIME : found).toBe(expected)
      }),
    )
    expect(seen).toEqual(new Set([true, 'unknown', 'no']))
  })

  it('is unknown while an unknown entry may match for longer than a known one', () => {
    const endpoints = [entryOf(ENDPOINT, NOON), entryOf('tag:env=prod')]
    expect(hitsPlace({ users: undefined, endpoints, regions: undefined }, at())).toBe('unknown')
    const listed = at({ tags: tags({ env: 'dev' }) })
    expect(hitsPlace({ users: undefined, endpoints, regions: undefined }, listed)).toMatchObject({
      periods: [{ until: NOON }],
    })
  })
})
