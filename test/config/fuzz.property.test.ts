import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/config/load.ts'
import { loadPolicyTest } from '../../src/config/policy-tests/policy-test-file.ts'
import { fuzzRuns } from '../fuzz-runs.ts'
import { GOOD_TREE } from './good-configuration.ts'
import { GOOD_TEST_TREE } from './good-policy-test.ts'
import { memoryFiles } from './memory-files.ts'
import { mutilated } from './mutilated.ts'
import { expectInside } from './problem-places.ts'

type Tree = Readonly<Record<string, string | Uint8Array>>

/** A tree of files of which one is mutilated. */
const withOneOf = (good: Tree) =>
  fc
    .constantFrom(...Object.keys(good))
    .chain((file) => mutilated(good[file] ?? '').map((bytes): Tree => ({ ...good, [file]: bytes })))

/** As JSON, in which patterns, maps and kinds have what tells them apart. */
const shown = (value: unknown) =>
  JSON.stringify(value, (_key, found: unknown) => (found instanceof Map ? [...found] : found))

describe.each([
  {
    what: 'configuration',
    runs: 24,
    good: GOOD_TREE,
    read: (tree: Tree) => {
      const { problems, configuration } = loadConfiguration(memoryFiles(tree), 'curfew.yaml')
      return { problems, loaded: configuration }
    },
  },
  {
    what: 'file of policy tests',
    runs: 80,
    good: GOOD_TEST_TREE,
    read: (tree: Tree) => {
      const { problems, test } = loadPolicyTest(memoryFiles(tree), 'x.test.yaml')
      return { problems, loaded: test }
    },
  },
])('a mutilated $what', ({ runs, good, read }) => {
  it('is read without a throw, the same each time, and every problem lies inside its file', () => {
    const sound = { hits: 0, misses: 0 }
    fc.assert(
      fc.property(withOneOf(good), (tree) => {
        const { problems, loaded } = read(tree)
        expect(loaded === undefined).toBe(problems.some(({ severity }) => severity === 'error'))
        if (loaded === undefined) sound.misses++
        else sound.hits++
        expectInside(problems, tree)
        const again = read(tree)
        expect(again.problems).toEqual(problems)
        expect(shown(again.loaded)).toBe(shown(loaded))
      }),
      { numRuns: fuzzRuns(runs) },
    )
    // Some edits do no harm and most do: the property looked at both.
    expect(sound.hits).toBeGreaterThan(0)
    expect(sound.misses).toBeGreaterThan(0)
  })
})
