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

  const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'

  /** Texts in which neighbours differ in each letter, and none of which repeats before 36 ** length. */
  const textOf = (at: number, length: number) =>
    Array.from({ length }, (_, place) => LETTERS[(Math.floor(at / 36 ** place) + at * (7 + place)) % 36]).join('')

  it.each([
    ['short ends', (at: number) => `${textOf(at, 2)}*${textOf(at * 31, 3)}`],
    ['infixes', (at: number) => `*${textOf(at, 6)}*`],
    ['a long beginning that all share', (at: number) => `corp-department-*-${textOf(at, 5)}`],
  ])('takes about as many steps for a name in a list that is 16 times as long: %s', (_sort, glob) => {
    const stepsAmong = (count: number) => {
      const { steps } = createGlobIndex(Array.from({ length: count }, (_, at) => glob(at)))
      const names = Array.from({ length: 50 }, (_, at) => glob(at * 13).replaceAll('*', '.person-7.'))
      return Math.max(...names.map((name) => steps(name, 10_000)))
    }
    const [few, many] = [stepsAmong(1_000), stepsAmong(16_000)]
    expect([few, many].map((steps) => steps < 400)).toEqual([true, true])
    expect(many).toBeLessThanOrEqual(few * 2 + 20)
  })
})
