import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { GOOD_TREE } from './good-configuration.ts'
import { memoryFiles } from './memory-files.ts'

const RUNS = process.env.CURFEW_DEEP === '1' ? 20_000 : 400

type Edit = (bytes: Uint8Array) => Uint8Array

const splice = (bytes: Uint8Array, start: number, drop: number, insert: Uint8Array): Uint8Array =>
  new Uint8Array([...bytes.subarray(0, start), ...insert, ...bytes.subarray(start + drop)])

const utf8 = (text: string) => new TextEncoder().encode(text)
const lines = (bytes: Uint8Array) => new TextDecoder().decode(bytes).split('\n')

/** A place in the file, as a share of its length: edits come one after the other, and each changes the length. */
const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const at = (share: number, length: number) => Math.floor(share * length)

/** What breaks YAML and its readers. */
const SPITE = [
  '*',
  '&a ',
  '!x ',
  '- ',
  ': ',
  '? ',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '|',
  '>',
  '#',
  '\t',
  '\r',
  '\0',
  '%YAML 1.1\n',
  '---\n',
  '...\n',
  '~',
  'null',
  '007',
  '.inf',
  '0x1F',
  '\ufeff',
  '\u2028',
  '\ud83d\ude00',
  '<<: *a',
  '__proto__: 1\n',
  'group:',
  'constructor',
  'x'.repeat(300),
  '[['.repeat(600),
] // prettier-ignore

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 1, max: 9 })).map(
    ([share, drop]): Edit =>
      (bytes) =>
        splice(bytes, at(share, bytes.length), drop, new Uint8Array()),
  ),
  fc.tuple(place, fc.uint8Array({ maxLength: 4 }), fc.nat(2)).map(
    ([share, insert, drop]): Edit =>
      (bytes) =>
        splice(bytes, at(share, bytes.length), drop, insert),
  ),
  fc.tuple(place, fc.constantFrom(...SPITE), fc.nat(3)).map(
    ([share, insert, drop]): Edit =>
      (bytes) =>
        splice(bytes, at(share, bytes.length), drop, utf8(insert)),
  ),
  fc.tuple(place, fc.integer({ min: 1, max: 3 })).map(
    ([share, count]): Edit =>
      (bytes) => {
        const all = lines(bytes)
        all.splice(at(share, all.length), count)
        return utf8(all.join('\n'))
      },
  ),
  fc.tuple(place, place).map(
    ([one, other]): Edit =>
      (bytes) => {
        const tokens = new TextDecoder().decode(bytes).split(/(\s+)/)
        const [a, b] = [at(one, tokens.length), at(other, tokens.length)]
        ;[tokens[a], tokens[b]] = [tokens[b] ?? '', tokens[a] ?? '']
        return utf8(tokens.join(''))
      },
  ),
  fc.tuple(place, fc.integer({ min: -4, max: 4 })).map(
    ([share, shift]): Edit =>
      (bytes) => {
        const all = lines(bytes)
        const line = at(share, all.length)
        const old = all[line] ?? ''
        all[line] = shift < 0 ? old.slice(-shift) : ' '.repeat(shift) + old
        return utf8(all.join('\n'))
      },
  ),
)

const encode = (content: string | Uint8Array) => (typeof content === 'string' ? utf8(content) : content)

describe('a mutilated configuration', () => {
  it('is read without a throw, and every problem lies inside its file', () => {
    const sound = { hits: 0 }
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(GOOD_TREE) as (keyof typeof GOOD_TREE)[])),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (file, edits) => {
          const bytes = edits.reduce((all, change) => change(all), encode(GOOD_TREE[file]))
          const tree: Record<string, string | Uint8Array> = { ...GOOD_TREE, [file]: bytes }
          const { problems, configuration } = loadConfiguration(memoryFiles(tree), 'curfew.yaml')
          expect(configuration === undefined).toBe(problems.some(({ severity }) => severity === 'error'))
          if (configuration !== undefined) sound.hits++
          for (const problem of problems) {
            const content = tree[problem.file]
            expect(content).toBeDefined()
            const rows = lines(encode(content ?? ''))
            expect(problem.line).toBeGreaterThanOrEqual(1)
            expect(problem.line).toBeLessThanOrEqual(rows.length)
            expect(problem.column).toBeGreaterThanOrEqual(1)
            expect(problem.column).toBeLessThanOrEqual((rows[problem.line - 1] ?? '').length + 1)
            expect(formatProblem(problem)).not.toMatch(/\p{Cc}/u)
          }
        },
      ),
      { numRuns: RUNS },
    )
    // Some edits do no harm and most do: the property looked at both.
    expect(sound.hits).toBeGreaterThan(0)
    expect(sound.hits).toBeLessThan(RUNS)
  })
})
