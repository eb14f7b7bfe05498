import type { ConfigFiles } from './config-files.ts'
import { admit, realFolderOf, resolvePath } from './config-paths.ts'
import type { NamedPath } from './policy-file-list.ts'
import type { Problem } from './yaml/problem.ts'
import type { YamlFile } from './yaml/yaml-file.ts'

/**
 * The folders in which policies and lists of users may lie, links followed: that of the daemon's file, and those that
 * `readFrom` names. Folders that cannot be read are reported.
 */
export const policyRoots = (
  files: ConfigFiles,
  file: Pick<YamlFile, 'path' | 'problem'>,
  readFrom: readonly string[],
  visit: (path: string) => void,
): readonly string[] => [
  realFolderOf(files, file.path),
  ...readFrom.flatMap((written, index) => {
    const path = resolvePath(file.path, written)
    visit(path)
    const found = admit(files, path, undefined)
    if (found.kind === 'folder') return [found.realPath]
    const why = found.kind === 'refused' ? found.why : `${path} is not a folder: name the folder that holds the file`
    file.problem(['readFrom', index], why)
    return []
  }),
]

/** The paths that the daemon's file names under `policies`. */
export const namedPolicies = (
  files: ConfigFiles,
  holder: string,
  written: readonly string[],
  roots: readonly string[],
  problem: (index: number, message: string, severity?: Problem['severity']) => void,
): NamedPath[] => {
  const own = files.look(holder)
  return written.map((path, index) => ({
    path: resolvePath(holder, path),
    roots,
    ...('realPath' in own ? { daemonFile: own.realPath } : {}),
    problem: (message, severity) => problem(index, message, severity),
  }))
}
