import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfiguration, loadPolicies } from '../../src/config/load.ts'
import type { Problem } from '../../src/config/yaml/problem.ts'
import { type Entry, memoryFiles } from './memory-files.ts'

/**
 * One case of `broken/`, named after what is wrong. A file is a policies file, or the daemon's file if its name begins
 * with `curfew-`; a folder holds a `curfew.yaml` and what it names. Each file says what is wrong with it in comments at
 * its end (or at its beginning, where the fault would swallow them): `# expect LINE:COLUMN part of the message`.
 */
export interface BrokenCase {
  readonly name: string
  readonly problems: readonly Problem[]
  readonly expected: readonly ExpectedProblem[]
  /** The files of the case, by the paths in its problems. */
  readonly texts: ReadonlyMap<string, Uint8Array>
}

export interface ExpectedProblem {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly part: string
}

const FOLDER = new URL('./broken', import.meta.url).pathname

const POLICY = 'version: 1\npolicies:\n  - { name: good, kind: max-session-age, maxAge: 8h }\n'

/** What stands beside each case, so that only what it is about is wrong. */
const AROUND: Readonly<Record<string, Entry>> = {
  'empty.txt': '# nobody yet\n\n',
  'banned.txt': 'mallory\n',
  'secret.txt': { why: 'permission denied' },
  '/passwd': 'root\n',
  '/etc/elsewhere/policy.yaml': POLICY,
}

const expectationsIn = (file: string, bytes: Uint8Array): ExpectedProblem[] =>
  [
    ...Buffer.from(bytes)
      .toString('utf8')
      .matchAll(/^# expect (\d+):(\d+) (.+)$/gm),
  ].map(([, line, column, part = '']) => ({ file, line: Number(line), column: Number(column), part }))

const filesIn = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? filesIn(path) : [path]
  })

export const brokenCases = (): BrokenCase[] =>
  readdirSync(FOLDER).map((name) => {
    const path = join(FOLDER, name)
    if (statSync(path).isDirectory()) {
      const texts = new Map(filesIn(path).map((file) => [file.slice(path.length + 1), readFileSync(file)]))
      const { problems } = loadConfiguration(memoryFiles(Object.fromEntries(texts)), 'curfew.yaml')
      return { name, problems, texts, expected: [...texts].flatMap(([file, text]) => expectationsIn(file, text)) }
    }
    const texts = new Map([[name, readFileSync(path)]])
    const files = memoryFiles({ ...AROUND, 'policies/good.yaml': POLICY, ...Object.fromEntries(texts) })
    const { problems } = name.startsWith('curfew-') ? loadConfiguration(files, name) : loadPolicies(files, [name])
    return { name, problems, texts, expected: [...texts].flatMap(([file, text]) => expectationsIn(file, text)) }
  })
