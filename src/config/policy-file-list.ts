import { join } from 'node:path'
import type { ConfigFiles } from './config-files.ts'
import { admit, isPolicyFileName } from './config-paths.ts'
import type { Problem } from './yaml/problem.ts'

/** A file or folder of policies that somebody named. */
export interface NamedPath {
  readonly path: string
  /** Where it must lie, links followed. Undefined: anywhere. */
  readonly root: string | undefined
  /** Says what is wrong with it where it was named. */
  problem(message: string, severity?: Problem['severity']): void
}

/** The policy files at the named paths, in order; a folder's own by name. One that is named twice counts once. `visit` hears of every path that was looked at. */
export const listPolicyFiles = (
  files: ConfigFiles,
  named: readonly NamedPath[],
  visit: (path: string) => void,
): string[] => {
  const listed = new Map<string, string>()

  /** Takes up a file; of a folder, says where it really is. */
  const add = (path: string, { root, problem }: NamedPath): string | undefined => {
    visit(path)
    const found = admit(files, path, root)
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
      // A folder is read one level deep.
      if (files.look(path).kind !== 'folder') add(path, { ...one, root: one.root ?? folder })
    }
  }
  return [...listed.values()]
}
