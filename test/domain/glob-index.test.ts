import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGlobIndex } from '../../src/domain/names/glob-index.ts'
import { matchesGlob } from '../../src/domain/names/pattern.ts'

const text = (letters: readonly string[], most: number) =>
  fc.array(fc.constantFrom(...letters), { maxLength: most }).map((parts) => parts.join(''))

const naive = (globs: readonly string[], name: string) =>
  globs.flatMap((glob, index) => (matchesGlob(glob, name) ? [index] : []))

const found = (globs: readonly string[], name: string) => [...createGlobIndex(globs).find(name)].sort((a, b) => a - b)

describe('an index of globs', () => {
  it.each([
    ['letters and wildcards', ['a', 'b', '@', '*', '?', '😀', '\n'], ['a', 'b', '@', '😀', '\n'], 6, 12],
    ['few letters and many wildcards', ['a', '*', '?'], ['a', 'b'], 9, 30],
    ['names with wildcards in them', ['a', '*', '?'], ['a', '*', '?'], 6, 20],
    ['long shared texts', ['corp-', 'abc', '*', '?', 'x'], ['corp-', 'abc', 'x'], 7, 30],
    ['pairs of surrogates that share a half', ['😀', '😁', '🈀', '?', '*'], ['😀', '😁', '🈀'], 6, 20],
  ])('finds the same globs as a comparison with each of them: %s', (_words, inGlobs, inNames, most, count) => {
    fc.assert(
      fc.property(fc.array(text(inGlobs, most), { maxLength: count }), text(inNames, most + 2), (globs, name) => {
        expect(found(globs, name)).toEqual(naive(globs, name))
      }),
      { numRuns: 700 },
    )
  })

  it('finds the same globs for each of many names, whatever it was searched for before', () => {
    const globs = fc.array(text(['a', 'b', '*', '?', 'ab'], 6), { maxLength: 40 })
    fc.assert(
      fc.property(globs, fc.array(text(['a', 'b'], 9), { maxLength: 20 }), (all, names) => {
        const index = createGlobIndex(all)
        for (const name of names) expect([...index.find(name)].sort((a, b) => a - b)).toEqual(naive(all, name))
      }),
      { numRuns: 200 },
    )
  })
})
