import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { loadConfiguration, loadPolicies } from '../../src/config/load.ts'
import type { Problem } from '../../src/config/yaml/problem.ts'
import { type Entry, memoryFiles } from './memory-files.ts'

/**
 * One case of `broken/`, named after its mistake. A file under `daemon/` is a daemon's file (`curfew.yaml`); any other
 * file is a policies file. A folder with a `curfew.yaml` is one case, made of that file and all files beside and below it.
 * Every other folder only groups cases. Each file lists its expected problems in comments at its end, or at its beginning
 * where the mistake would hide them: `# expect LINE:COLUMN part of the message`.
 */
export interface BrokenCase {
  /** The path of the case in `broken/`. */
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

const ROOT = new URL('./broken', import.meta.url).pathname

const POLICY = 'version: 1\npolicies:\n  - { name: good, kind: max-session-age, maxAge: 8h }\n'

/** The other files of each case. They are valid, so that a case has no problem but its own. */
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

const isFolder = (path: string): boolean => statSync(path).isDirectory()

const filesIn = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return isFolder(path) ? filesIn(path) : [path]
  })

const caseOf = (path: string, texts: BrokenCase['texts'], problems: readonly Problem[]): BrokenCase => ({
  name: relative(ROOT, path),
  problems,
  texts,
  expected: [...texts].flatMap(([file, text]) => expectationsIn(file, text)),
})

const folderCase = (folder: string): BrokenCase => {
  const texts = new Map(filesIn(folder).map((file) => [relative(folder, file), readFileSync(file)]))
  const { problems } = loadConfiguration(memoryFiles(Object.fromEntries(texts)), 'curfew.yaml')
  return caseOf(folder, texts, problems)
}

const fileCase = (path: string): BrokenCase => {
  const file = basename(path)
  const texts = new Map([[file, readFileSync(path)]])
  const files = memoryFiles({ ...AROUND, 'policies/good.yaml': POLICY, ...Object.fromEntries(texts) })
  const isDaemonFile = relative(ROOT, path).startsWith('daemon/')
  const { problems } = isDaemonFile ? loadConfiguration(files, file) : loadPolicies(files, [file])
  return caseOf(path, texts, problems)
}

const casesAt = (path: string): BrokenCase[] => {
  if (!isFolder(path)) return [fileCase(path)]
  if (existsSync(join(path, 'curfew.yaml'))) return [folderCase(path)]
  return readdirSync(path).flatMap((name) => casesAt(join(path, name)))
}

export const brokenCases = (): BrokenCase[] => casesAt(ROOT)

/** The paths of all files under `broken/`, to check that each of them is part of a case. */
export const brokenFiles = (): string[] => filesIn(ROOT).map((file) => relative(ROOT, file))
