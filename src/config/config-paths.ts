import { basename, dirname, isAbsolute, join, sep } from 'node:path'
import type { ConfigFiles, Found } from './config-files.ts'

/** A path in a configuration, relative to the file that holds it. */
export const resolvePath = (holder: string, path: string): string =>
  isAbsolute(path) ? path : join(dirname(holder), path)

/**
 * The real folder of a file, links followed. If the folder cannot be read, its path as written, which contains no file.
 */
export const realFolderOf = (files: ConfigFiles, file: string): string => {
  const folder = dirname(file)
  const found = files.look(folder)
  return found.kind === 'folder' ? found.realPath : folder
}

/** The absolute path with all links followed. Of a path that leads to nothing, as far as there are folders. */
export const realPathOf = (files: ConfigFiles, path: string): string => {
  const found = files.look(path)
  if ('realPath' in found) return found.realPath
  const folder = dirname(path)
  return folder === path ? path : join(realPathOf(files, folder), basename(path))
}

/**
 * The file or folder at a path, or why a configuration may not read it. With links followed, it must lie in one of
 * `roots`.
 */
export const admit = (
  files: ConfigFiles,
  path: string,
  roots: readonly string[] | undefined,
):
  | { readonly kind: 'file' | 'folder'; readonly realPath: string }
  | { readonly kind: 'refused'; readonly why: string } => {
  const found: Found = files.look(path)
  const refused = (why: string) => ({ kind: 'refused' as const, why: `${path} ${why}` })
  if (found.kind === 'missing') return refused('does not exist: correct the path, or create the file')
  if (found.kind === 'unreadable') return refused(`cannot be read: ${found.why}`)
  if (found.kind === 'other') return refused('is neither a file nor a folder: correct the path')
  const { kind, realPath } = found
  if (roots === undefined || roots.some((root) => isInside(root, realPath))) return { kind, realPath }
  return refused(
    `leads to ${realPath}, outside of ${roots.join(' and ')}: move it into that folder, or name its folder under "readFrom" in curfew.yaml`,
  )
}

const isInside = (folder: string, realPath: string): boolean =>
  realPath === folder || realPath.startsWith(folder.endsWith(sep) ? folder : folder + sep)

/**
 * Names with a leading dot are excluded: a mounted ConfigMap keeps copies in such folders. `*.test.yaml` is for `curfew
 * test`.
 */
export const isPolicyFileName = (path: string): boolean => {
  const name = basename(path)
  return /\.ya?ml$/.test(name) && !name.startsWith('.') && !/\.test\.ya?ml$/.test(name)
}
