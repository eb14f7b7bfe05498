import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PLANTS, VALID_TREE } from './planted-violations.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Report {
  readonly diagnostics: ReadonlyArray<{ readonly code: string; readonly filename: string }>
  readonly number_of_files: number
}

const trees: string[] = []

const lint = (files: Readonly<Record<string, string>>): Report => {
  const tree = mkdtempSync(join(tmpdir(), 'curfew-floors-'))
  trees.push(tree)
  for (const file of ['.oxlintrc.json', 'tsconfig.json']) copyFileSync(join(root, file), join(tree, file))
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  for (const [file, source] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, file)), { recursive: true })
    writeFileSync(join(tree, file), `${source}\n`)
  }
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint')
  const { stdout } = spawnSync(process.execPath, [oxlint, '--format=json'], { cwd: tree, encoding: 'utf8' })
  return JSON.parse(stdout) as Report
}

describe('the floors', () => {
  let valid: Report
  const found = new Map<string, string[]>()

  beforeAll(() => {
    valid = lint(VALID_TREE)
    const planted = lint({ ...VALID_TREE, ...Object.fromEntries(PLANTS.map(({ file, source }) => [file, source])) })
    for (const { filename, code } of planted.diagnostics) found.set(filename, [...(found.get(filename) ?? []), code])
  })

  afterAll(() => {
    for (const tree of trees) rmSync(tree, { recursive: true, force: true })
  })

  it('accept a valid tree, of which every file is checked', () => {
    expect(valid.diagnostics).toEqual([])
    expect(valid.number_of_files).toBe(Object.keys(VALID_TREE).length)
  })

  it('refuse every planted violation by its rule', () => {
    const undetected = PLANTS.filter(({ file, rule }) => !rule.test((found.get(file) ?? []).join(' ')))
    expect(undetected.map(({ what }) => what)).toEqual([])
  })
})

/** The linter cannot distinguish `new Date()`, which reads the clock, from `new Date(at)`, which does not. */
describe.each(['src/domain', 'src/config', 'src/advice', 'src/app'])('%s', (floor) => {
  const files = readdirSync(join(root, floor), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  )
  const readsTheClock = (source: string) => /\bDate\s*\(\s*\)|\bnew\s+Date\b(?!\s*[.(])/.test(source)

  it('never reads the clock of the host', () => {
    expect(['new Date()', 'Date( )', 'new Date'].every(readsTheClock)).toBe(true)
    expect(readsTheClock('new Date(at)')).toBe(false)
    expect(files).not.toEqual([])
    expect(files.filter((file) => readsTheClock(readFileSync(join(root, floor, file), 'utf8')))).toEqual([])
  })
})
