import { basename, dirname, isAbsolute, join, sep } from 'node:path'
import type { ConfigFiles, Found } from './config-files.ts'

/** A path in a configuration, relative to the file that holds it. */
export const resolvePath = (holder: string, path: string): string =>
  isAbsolute(path) ? path : join(dirname(holder), path)

/** The folder of a file, links followed; as it was named if it cannot be read, which then holds nothing. */
export const realFolderOf = (files: ConfigFiles, file: string): string => {
  const folder = dirname(file)
  const found = files.look(folder)
  return found.kind === 'folder' ? found.realPath : folder
}

/** What stands at a path that a configuration may read, or why it may not. `root` is where it must lie, links followed. */
export const admit = (
  files: ConfigFiles,
  path: string,
  root: string | undefined,
):
  | { readonly kind: 'file' | 'folder'; readonly realPath: string }
  | { readonly kind: 'refused'; readonly why: string } => {
  const found: Found = files.look(path)
  const refused = (why: string) => ({ kind: 'refused' as const, why: `${path} ${why}` })
  if (found.kind === 'missing') return refused('does not exist: correct the path, or create the file')
  if (found.kind === 'unreadable') return refused(`cannot be read: ${found.why}`)
  if (found.kind === 'other') return refused('is neither a file nor a folder: correct the path')
  const { kind, realPath } = found
  if (root === undefined || isInside(root, realPath)) return { kind, realPath }
  return refused(`leads to ${realPath}, outside of ${root}: move it into that folder`)
}

const isInside = (folder: string, realPath: string): boolean =>
  realPath === folder || realPath.startsWith(folder.endsWith(sep) ? folder : folder + sep)

/** A mounted ConfigMap holds copies in folders that begin with a dot; `*.test.yaml` belongs to `curfew test`. */
export const isPolicyFileName = (path: string): boolean => {
  const name = basename(path)
  return /\.ya?ml$/.test(name) && !name.startsWith('.') && !/\.test\.ya?ml$/.test(name)
}
