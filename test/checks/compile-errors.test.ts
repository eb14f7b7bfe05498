import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** New facts and keys that nobody has decided about, and two kinds of time in one place. */
const PLANTED: Readonly<Record<string, (source: string) => string>> = {
  'src/domain/connection.ts': (source) =>
    source.replace(
      'export interface Connection {',
      'export interface Connection {\n  readonly plantedFact: string | undefined',
    ),
  'src/domain/policies/policy.ts': (source) =>
    source.replace(
      'export interface Policy {',
      'export interface Policy {\n  readonly plantedKey: Instant | undefined',
    ),
  'src/domain/terminate/termination.ts': (source) =>
    source.replace("readonly what: 'refused' }", "readonly what: 'refused' }\n  | { readonly what: 'doubled' }"),
  'src/app/mixed-times.ts': () =>
    [
      "import type { Clock } from './clock.ts'",
      "import { type Elapsed, msBetween } from '../domain/time/elapsed.ts'",
      "import type { Instant } from '../domain/time/instant.ts'",
      'export const stored = (clock: Clock): Instant => clock.elapsed()',
      'export const paced = (clock: Clock): Elapsed => clock.now()',
      'export const waited = (clock: Clock, since: Instant): number => msBetween(since, clock.elapsed())',
      'export const passed = (clock: Clock, since: Elapsed): number => clock.now() - since',
      '',
    ].join('\n'),
}

/** The compiler reads these, and what they import. The adapters, with the types of the AWS SDK, take most of its time. */
const READ = ['src/domain', 'src/config/bind/policy-set-hash.ts', 'src/advice/shadow.ts', 'src/app/mixed-times.ts']

describe('what the compiler asks for', () => {
  const tree = mkdtempSync(join(tmpdir(), 'curfew-compile-'))
  let errors: readonly string[] = []
  const errorsIn = (file: string) => errors.filter((line) => line.startsWith(`${file}(`))

  beforeAll(() => {
    cpSync(join(root, 'src'), join(tree, 'src'), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
    writeFileSync(join(tree, 'package.json'), readFileSync(join(root, 'package.json')))
    const settings = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as { compilerOptions: object }
    writeFileSync(
      join(tree, 'tsconfig.json'),
      JSON.stringify({
        ...settings,
        include: READ,
        compilerOptions: { ...settings.compilerOptions, skipLibCheck: true },
      }),
    )
    for (const [file, plant] of Object.entries(PLANTED)) {
      const source = file.endsWith('mixed-times.ts') ? '' : readFileSync(join(tree, file), 'utf8')
      const planted = plant(source)
      if (planted === source) throw new Error(`${file} has another shape: the plant must follow it`)
      writeFileSync(join(tree, file), planted)
    }
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '--noEmit', '-p', 'tsconfig.json'], {
      cwd: tree,
      encoding: 'utf8',
    })
    errors = stdout.split('\n')
  })

  afterAll(() => {
    rmSync(tree, { recursive: true, force: true })
  })

  it('asks what a new fact of a connection is to the judge', () => {
    expect(errorsIn('src/domain/connection.ts')).toEqual([expect.stringContaining("'plantedFact' is missing")])
  })

  it.each(['src/config/bind/policy-set-hash.ts', 'src/advice/shadow.ts'])(
    'asks what a new key of a policy is to %s',
    (file) => {
      expect(errorsIn(file).join('\n')).toContain("'plantedKey' is missing")
    },
  )

  it('refuses every mixture of instants and elapsed time', () => {
    const lines = errorsIn('src/app/mixed-times.ts').map((line) => Number(/\((\d+),/.exec(line)?.[1]))
    expect([...new Set(lines)]).toEqual([4, 5, 6, 7])
  })

  it('asks what a new happening means for a termination', () => {
    expect(errorsIn('src/domain/terminate/termination.ts')).not.toEqual([])
  })
})
