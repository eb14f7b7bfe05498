import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCoverIndex } from '../../src/advice/cover-index.ts'
import { coversGlob, globTokens } from '../../src/advice/glob-cover.ts'
import { policyWarnings } from '../../src/advice/policy-warnings.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { entry, NOON, PLACE, policy } from '../domain/build.ts'
import { fuzzRuns } from '../fuzz-runs.ts'

describe('the index of patterns', () => {
  const pattern = fc
    .array(fc.constantFrom('a', 'b', '😀', '*', '?'), { minLength: 1, maxLength: 7 })
    .map((all) => all.join(''))

  it('finds every pattern that covers another one', () => {
    let covering = 0
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 20 }), pattern, (wide, narrow) => {
        const index = createCoverIndex<string>(wide.length)
        for (const one of wide) index.add(one, one)
        const covers = wide.filter((one) => coversGlob(globTokens(one), globTokens(narrow)))
        covering += covers.length
        expect([...index.find(narrow)]).toEqual(expect.arrayContaining(covers))
      }),
      { numRuns: fuzzRuns(600) },
    )
    expect(covering).toBeGreaterThan(100)
  })

  it('finds no pattern with another beginning or end', () => {
    const index = createCoverIndex<string>(9)
    for (const one of ['ext-*', '*@corp.example', 'bob', 'b?', '*']) index.add(one, one)
    expect([...index.find('ext-bob@vendor.example')].toSorted()).toEqual(['*', 'ext-*'])
    expect([...index.find('bob')].toSorted()).toEqual(['*', 'b?', 'bob'])
  })

  it('keeps the first values of a place', () => {
    const index = createCoverIndex<number>(2)
    for (const value of [1, 2, 3]) index.add('*', value)
    expect([...index.find('bob')]).toEqual([1, 2])
  })
})

describe('comparisons of policies with each other', () => {
  /** How often a review reads a field that each comparison of two policies reads. */
  const readsAmong = (count: number, made: (index: number) => Policy): number => {
    let reads = 0
    const policies = Array.from({ length: count }, (_, index) => {
      const { graceMs, ...rest } = made(index)
      return {
        ...rest,
        name: `p${index}`,
        get graceMs() {
          reads++
          return graceMs
        },
      }
    })
    policyWarnings({ policies, protect: [], places: [PLACE], now: NOON })
    return reads
  }
  const usersOf = (...sources: readonly string[]) => ({
    match: { users: sources.map((source) => entry(source)), endpoints: undefined, regions: undefined, door: undefined },
  })

  it.each<[string, number, (index: number) => Policy]>([
    ['of other users', 0, (index) => policy('max-sessions', { limit: 1 }, usersOf(`user${index}`, `team${index}-*`))],
    ['of other domains', 0, (index) => policy('max-sessions', { limit: 1 }, usersOf(`*@corp${index}.example`))],
    ['that ban others', 0, (index) => policy('banned-users', { users: [`user${index}`, `*-${index}.example`] })],
    ['of the same users', 200, (index) => policy('max-sessions', { limit: index + 1 }, usersOf('staff-*'))],
    ['without users', 200, (index) => policy('max-session-age', { maxAge: `${index + 1}m` })],
  ])('are for each policy no more than a constant, among policies %s', (_, most, made) => {
    const [some, twice] = [readsAmong(250, made), readsAmong(500, made)]
    expect(twice).toBeLessThanOrEqual(2 * some + 500)
    expect(twice).toBeLessThanOrEqual(500 * (2 * most + 20))
  })
})
