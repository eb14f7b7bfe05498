import { join } from 'node:path'
import type { ConfigFiles } from './config-files.ts'
import { admit, isPolicyFileName } from './config-paths.ts'
import type { Problem } from './yaml/problem.ts'

/** A file or folder of policies that the configuration or the command line names. */
export interface NamedPath {
  readonly path: string
  /** The folders in one of which it must lie, links followed; undefined if it may lie anywhere. */
  readonly roots: readonly string[] | undefined
  /** The daemon's own file, links followed. It is no policies file of the folder in which it lies. */
  readonly daemonFile?: string
  /** Reports a problem at the place that names the path. */
  problem(message: string, severity?: Problem['severity']): void
}

/**
 * The policy files at the named paths, in order; those of a folder by name. A file that is named twice is listed once.
 * `visit` is called with every path that was looked at.
 */
export const listPolicyFiles = (
  files: ConfigFiles,
  named: readonly NamedPath[],
  visit: (path: string) => void,
): string[] => {
  const listed = new Map<string, string>()

  /** Lists a file. Of a folder, returns the real path. */
  const add = (path: string, { roots, problem }: NamedPath): string | undefined => {
    visit(path)
    const found = admit(files, path, roots)
    if (found.kind === 'refused') problem(found.why)
    if (found.kind === 'folder') return found.realPath
    if (found.kind === 'file' && !listed.has(found.realPath)) listed.set(found.realPath, path)
    return undefined
  }

  for (const one of named) {
    const folder = add(one.path, one)
    if (folder === undefined) continue
    const list = files.list(one.path)
    if ('why' in list) {
      one.problem(`the folder ${one.path} cannot be read: ${list.why}`)
      continue
    }
    const names = list.names.filter(isPolicyFileName).sort()
    if (names.length === 0) one.problem(`the folder ${one.path} holds no policy file (*.yaml or *.yml)`, 'warning')
    for (const name of names) {
      const path = join(one.path, name)
      const found = files.look(path)
      // Folders inside of a folder are not read.
      if (found.kind === 'folder' || ('realPath' in found && found.realPath === one.daemonFile)) continue
      add(path, { ...one, roots: one.roots ?? [folder] })
    }
  }
  return [...listed.values()]
}
