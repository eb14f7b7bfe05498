import type { Pattern } from '../../domain/names/pattern.ts'
import type { FileEntry } from '../../domain/policies/policy.ts'
import type { ConfigFiles } from '../config-files.ts'
import { admit, realFolderOf, resolvePath } from '../config-paths.ts'
import { limited, type Problem } from '../yaml/problem.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'
import { createListCosts, type ListProblem } from './costly-lists.ts'
import { readUsersFile } from './users-file.ts'
import type { Vocabulary } from './vocabulary.ts'

/** The names and files that policies refer to. */
export interface References {
  readonly vocabulary: Vocabulary
  /** Counts what a list costs, and returns the problem if that is much. */
  readonly costly: (patterns: readonly Pattern[]) => ListProblem | undefined
  /**
   * Reads the text file that a policy of `holder` names. If it cannot be read, `unreadable` is called with the reason.
   */
  textFile(holder: YamlFile, written: string, unreadable: (reason: string) => void): TextFile | undefined
}

export interface TextFile {
  readonly entries: readonly FileEntry[]
  /** Reports a problem in a line of the file, an error by default. `policy` is the name of the policy that uses it. */
  problem(line: number, message: string, policy: string | undefined, severity?: Problem['severity']): void
}

/**
 * `roots` are the folders in which the files must lie, links followed; by default the folder of the file that names them.
 * `visit` is called with every path that was looked at.
 */
export const createReferences = (
  files: ConfigFiles,
  vocabulary: Vocabulary,
  roots: readonly string[] | undefined,
  report: (problem: Problem) => void,
  visit: (path: string) => void,
): References => {
  const known = new Map<string, TextFile | { readonly why: string }>()

  const read = (path: string, folders: readonly string[]): TextFile | { readonly why: string } => {
    visit(path)
    const found = admit(files, path, folders)
    if (found.kind === 'refused') return found
    if (found.kind !== 'file') return { why: `${path} is not a file: name a text file with one pattern per line` }
    const content = readUsersFile(files, path)
    if ('why' in content) return { why: `${path} cannot be read: ${content.why}` }
    const reportLimited = limited(report)
    return {
      entries: content.entries,
      problem: (line, message, policy, severity = 'error') =>
        reportLimited({
          severity,
          file: path,
          line,
          column: 1,
          ...(policy === undefined ? {} : { policy }),
          message,
        }),
    }
  }

  return {
    vocabulary,
    costly: createListCosts(),
    textFile(holder, written, unreadable) {
      const path = resolvePath(holder.path, written)
      const file = known.get(path) ?? read(path, roots ?? [realFolderOf(files, holder.path)])
      known.set(path, file)
      if ('entries' in file) return file
      unreadable(file.why)
      return undefined
    },
  }
}
