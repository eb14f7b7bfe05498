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

/** A tree of files with one mutilated file. */
const withOneOf = (good: Tree) =>
  fc
    .constantFrom(...Object.keys(good))
    .chain((file) => mutilated(good[file] ?? '').map((bytes): Tree => ({ ...good, [file]: bytes })))

/** The value as JSON, with the entries of maps, so that different values have different texts. */
const jsonOf = (value: unknown) =>
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
    what: 'policy test file',
    runs: 134,
    good: GOOD_TEST_TREE,
    read: (tree: Tree) => {
      const { problems, test } = loadPolicyTest(memoryFiles(tree), 'x.test.yaml')
      return { problems, loaded: test }
    },
  },
])('a mutilated $what', ({ runs, good, read }) => {
  it('is read without an exception and with the same result each time, and every problem lies inside of its file', () => {
    const counts = { valid: 0, invalid: 0 }
    fc.assert(
      fc.property(withOneOf(good), (tree) => {
        const { problems, loaded } = read(tree)
        expect(loaded === undefined).toBe(problems.some(({ severity }) => severity === 'error'))
        if (loaded === undefined) counts.invalid++
        else counts.valid++
        expectInside(problems, tree)
        const again = read(tree)
        expect(again.problems).toEqual(problems)
        expect(jsonOf(again.loaded)).toBe(jsonOf(loaded))
      }),
      { numRuns: fuzzRuns(runs) },
    )
    // The property covers harmless edits as well as harmful ones.
    expect(counts.valid).toBeGreaterThan(0)
    expect(counts.invalid).toBeGreaterThan(0)
  })
})
