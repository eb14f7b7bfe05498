import { describe, expect, it } from 'vitest'
import { policyFileWarnings } from '../../src/advice/file-warnings.ts'
import { loadPolicies } from '../../src/config/load.ts'
import { fold } from '../../src/domain/names/fold.ts'
import { matchesGlob, parsePattern } from '../../src/domain/names/pattern.ts'
import { memoryFiles } from '../config/memory-files.ts'

const NOW = Date.UTC(2026, 10, 23, 12)

// No test asserts a duration: a search that is not linear would exceed the time limit of the tests.
describe('a name that is made to be slow', () => {
  it('costs no more than its length to compare, however many blanks stand in it', () => {
    const blanks = '\u00a0'.repeat(1_000_000)
    expect(fold(`ä${blanks}b${blanks}`)).toHaveLength(1_000_002)
  })
})

describe('a pattern that is made to be slow', () => {
  it.each([
    ['many stars', '*a'.repeat(512)],
    ['many stars and an end that no name has', `${'*a'.repeat(511)}*b`],
    ['stars and question marks', '*?'.repeat(512)],
    ['a long text after a star', `*${'a'.repeat(1000)}b*`],
    ['only stars', '*'.repeat(1024)],
  ])('costs at most the product of its length and the length of the name: %s', (_name, glob) => {
    const name = 'a'.repeat(1023)
    let hits = 0
    for (let index = 0; index < 100; index++) if (matchesGlob(glob, `${name}${index % 10}`)) hits++
    expect([0, 100]).toContain(hits)
  })

  it('is refused if it is longer than any name', () => {
    expect(parsePattern('a'.repeat(1024))).toHaveProperty('pattern')
    expect(parsePattern(`user:${'a'.repeat(1024)}`)).toHaveProperty('pattern')
    expect(parsePattern('a'.repeat(1025))).toHaveProperty('problem')
    expect(parsePattern(`*${'a'.repeat(2_000_000)}`)).toHaveProperty('problem')
  })

  it('does not slow down the comparison of all patterns with each other', () => {
    const wide = Array.from({ length: 200 }, (_, index) => `"*${'a'.repeat(900)}${index}*"`)
    const narrow = Array.from({ length: 900 }, (_, index) => `"${'a'.repeat(1000)}${index}*"`)
    const files = memoryFiles({
      'a.yaml': `version: 1\npolicies:\n  - { name: wide, kind: banned-users, users: [${wide.join()}] }\n`,
      'b.yaml': `version: 1\npolicies:\n  - { name: narrow, kind: banned-users, users: [${narrow.join()}] }\n`,
    })
    const { policies, problems } = loadPolicies(files, ['a.yaml', 'b.yaml'])
    expect(problems).toEqual([])
    expect(policyFileWarnings(files, ['a.yaml', 'b.yaml'], policies ?? [], NOW)).toEqual([])
  })

  const banOf = (patterns: readonly string[]) =>
    loadPolicies(
      memoryFiles({
        'a.yaml': `version: 1\npolicies:\n  - { name: ban, kind: banned-users, usersFile: ./users.txt }\n`,
        'users.txt': `${patterns.join('\n')}\n`,
      }),
      ['a.yaml'],
    )
  const numbered = (count: number, pattern: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => pattern(index))

  it.each([
    ['without a literal end', (index: number) => `*name-${index}*`, 'at both ends'],
    ['with one beginning', (index: number) => `corp-*${index % 10}`, 'begin with "corp-"'],
    ['with one end', (index: number) => `${index % 10}*@corp.example`, 'end in "@corp.example"'],
  ])('is refused at its line where 200 others %s must be compared with every name', (_name, pattern, words) => {
    expect(banOf(numbered(200, pattern)).problems.filter(({ severity }) => severity === 'error')).toEqual([])
    const errors = banOf(numbered(10_000, pattern)).problems.filter(({ severity }) => severity === 'error')
    expect(errors).toMatchObject([{ file: 'users.txt', line: 201 }])
    expect(errors[0]?.message).toContain(words)
  })

  it('is not refused where names are found by their ends', () => {
    const many = numbered(10_000, (index) => (index % 2 === 0 ? `ext-${index}-*` : `*@vendor-${index}.example`))
    expect(banOf(many).problems.filter(({ severity }) => severity === 'error')).toEqual([])
  })

  it('counts a group once for each policy that uses it', () => {
    const policies = numbered(3, (index) => `  - { name: ban-${index}, kind: banned-users, users: [group:wide] }`)
    const text = `version: 1\ngroups:\n  wide: [${numbered(100, (index) => `"*name-${index}*"`).join()}]\npolicies:\n${policies.join('\n')}\n`
    const { problems } = loadPolicies(memoryFiles({ 'a.yaml': text }), ['a.yaml'])
    expect(problems.filter(({ severity }) => severity === 'error')).toMatchObject([{ file: 'a.yaml', line: 7 }])
  })
})
