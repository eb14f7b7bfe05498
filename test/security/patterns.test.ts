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

  const found = (patterns: readonly string[]) =>
    banOf(patterns).problems.map(({ severity, file, line }) => ({ severity, file, line }))
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
  const letter = (index: number, place: number) => letters[Math.floor(index / 36 ** place) % 36]

  it.each([
    ['infixes', (index: number) => `*name-${index}*`],
    ['one beginning', (index: number) => `corp-department-*-${index}`],
    ['one end', (index: number) => `${index}-*@corp.example`],
    ['short ends', (index: number) => `${letter(index, 0)}${letter(index, 1)}*${letter(index, 2)}${letter(index, 3)}`],
    ['own beginnings and ends', (index: number) => (index % 2 ? `ext-${index}-*` : `*@vendor-${index}.example`)],
  ])('has no warning however long the list is, with %s', (_words, pattern) => {
    expect(found(numbered(20_000, pattern))).toEqual([])
  })

  it('has a warning where names take many steps, with what to write instead', () => {
    const loose = numbered(20_000, (index) => `*${[0, 1, 2].map((place) => letter(index, place)).join('*')}`)
    const [warning, ...more] = banOf([...loose, ...loose.map((one) => `${one}*`).slice(0, 2_000)]).problems
    expect(warning).toMatchObject({ severity: 'warning', file: 'a.yaml', line: 3 })
    expect(warning?.message).toMatch(/takes \d+ steps to compare with the 22000 patterns.*Write whole names, or longer/)
    expect(more).toEqual([])
  })

  it.each([
    ['all combinations of two letters', (index: number) => `*${index.toString(2).replace(/./g, (bit) => `${bit}*`)}`],
    [
      'all combinations with question marks',
      (index: number) => `${index.toString(2).padStart(15, '0').replaceAll('1', '?')}x`,
    ],
    ['a pattern that is there again and again', () => '*a*'],
  ])('is refused where names take too many steps: %s', (_words, pattern) => {
    expect(found(numbered(20_000, pattern))).toEqual([{ severity: 'error', file: 'a.yaml', line: 3 }])
  })

  it('counts a group each time it is used', () => {
    const policies = numbered(3, (index) => `  - { name: ban-${index}, kind: banned-users, users: [group:wide] }`)
    const text = `version: 1\ngroups:\n  wide: [${numbered(300, (index) => `"*${index.toString(2).replace(/./g, (bit) => `${bit}*`)}"`).join()}]\npolicies:\n${policies.join('\n')}\n`
    const { problems } = loadPolicies(memoryFiles({ 'a.yaml': text }), ['a.yaml'])
    const lines = (wanted: string) => problems.flatMap(({ severity, line }) => (severity === wanted ? [line] : []))
    expect([lines('error'), lines('warning')]).toEqual([[6], [5, 7]])
  })
})
