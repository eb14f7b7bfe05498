import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/yaml/problem.ts'
import { GOOD_CURFEW, GOOD_TREE } from './good-configuration.ts'
import { type Entry, memoryFiles } from './memory-files.ts'

type Tree = Readonly<Record<string, Entry>>

const load = (tree: Tree) => loadConfiguration(memoryFiles(tree), 'curfew.yaml')
const HASH = load(GOOD_TREE).policySetHash ?? ''
const OTHER = '0123456789abcdef'.repeat(4)

const withApproved = (approved: string, tree: Tree = {}) =>
  load({ ...GOOD_TREE, 'curfew.yaml': `${GOOD_CURFEW}approved: ${approved}\n`, ...tree })

describe('a policy set under `approved`', () => {
  it.each([
    ['in the daemon’s file', `{ hashes: [${OTHER}, ${HASH}] }`, {}],
    ['in a file of one hash', '{ file: ./approved.txt }', { 'approved.txt': `${HASH}\n` }],
    [
      'in a file with comments',
      '{ file: ./approved.txt }',
      { 'approved.txt': `# four eyes\r\n\r\n${OTHER}\r\n  ${HASH}  # checked by bob` },
    ],
  ])('is in force if its hash is %s', (_where, approved, tree) => {
    const { problems, configuration, policySetHash } = withApproved(approved, tree)
    expect(problems.map(formatProblem)).toEqual([])
    expect(configuration?.policySetHash).toBe(HASH)
    expect(policySetHash).toBe(HASH)
  })

  it.each([
    ['is not there', `{ hashes: [${OTHER}] }`, {}],
    ['is not in the file', '{ file: ./approved.txt }', { 'approved.txt': `${OTHER}\n# ${HASH}\n` }],
    ['is wanted from an empty file', '{ file: ./approved.txt }', { 'approved.txt': '' }],
    ['is wanted from a file that is missing', '{ file: ./approved.txt }', {}],
  ])('is refused if its hash %s, but the hash can be printed', (_why, approved, tree) => {
    const { problems, configuration, policySetHash } = withApproved(approved, tree)
    expect(problems.map(({ severity }) => severity)).toEqual(['error'])
    expect(configuration).toBeUndefined()
    expect(policySetHash).toBe(HASH)
  })

  it('is refused with its hash and the way to approve it, at the key', () => {
    const { problems } = withApproved(`{ hashes: [${OTHER}] }`)
    const line = GOOD_CURFEW.split('\n').length
    expect(problems.map(formatProblem)).toEqual([
      `curfew.yaml:${line}:1: error: the policy set ${HASH} is not approved: let a second person check the policies and add this hash, which "curfew validate --hash" prints, or undo the edit`,
    ])
  })

  it('has no hash beside another error, and is not asked for then', () => {
    const { problems, policySetHash } = withApproved(`{ hashes: [${OTHER}] }`, { 'banned.txt': 'a\tb\n' })
    expect(problems.map(({ file }) => file)).toEqual(['banned.txt'])
    expect(policySetHash).toBeUndefined()
  })

  it('is watched for edits, also while its file is missing', () => {
    expect(withApproved('{ file: ./approved.txt }').sources).toContain('approved.txt')
  })

  it('causes a warning in a command that only shows it', () => {
    const files = memoryFiles({ ...GOOD_TREE, 'curfew.yaml': `${GOOD_CURFEW}approved: { hashes: [${OTHER}] }\n` })
    const { configuration, problems } = loadConfiguration(files, 'curfew.yaml', { unapproved: 'warning' })
    expect(configuration?.policySetHash).toBe(HASH)
    expect(problems.map(({ severity }) => severity)).toEqual(['warning'])
  })
})

it('the hash of a policy set does not depend on the folder', () => {
  const moved = Object.fromEntries(Object.entries(GOOD_TREE).map(([path, entry]) => [`/srv/elsewhere/${path}`, entry]))
  const { policySetHash } = loadConfiguration(memoryFiles(moved, '/'), '/srv/elsewhere/curfew.yaml')
  expect(policySetHash).toBe(HASH)
})
