import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGlobIndex } from '../../src/domain/names/glob-index.ts'
import { matchesGlob } from '../../src/domain/names/pattern.ts'

const text = (letters: readonly string[], most: number) =>
  fc.array(fc.constantFrom(...letters), { maxLength: most }).map((parts) => parts.join(''))

describe('an index of globs', () => {
  it('finds the same globs as a comparison with each of them', () => {
    const globs = fc.array(text(['a', 'b', '@', '*', '?', '😀', '\n'], 6), { maxLength: 12 })
    fc.assert(
      fc.property(globs, text(['a', 'b', '@', '😀', '\n'], 6), (all, name) => {
        const naive = all.flatMap((glob, index) => (matchesGlob(glob, name) ? [index] : []))
        expect([...createGlobIndex(all).find(name)].sort((a, b) => a - b)).toEqual(naive)
      }),
      { numRuns: 3000 },
    )
  })
})
