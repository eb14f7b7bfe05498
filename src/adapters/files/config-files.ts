import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import type { ConfigFiles } from '../../config/config-files.ts'
import { permissionDenied } from './permission-denied.ts'

/** Configuration files on disk. Synchronous, so that a reload does not mix parts of two edits. */
export const diskFiles: ConfigFiles = {
  look(path) {
    try {
      const realPath = realpathSync(path)
      const entry = statSync(realPath)
      return { kind: entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other', realPath }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      return code === 'ENOENT' || code === 'ENOTDIR' ? { kind: 'missing' } : { kind: 'unreadable', why: whyNot(error) }
    }
  },
  read: (path) => attempt(() => readBounded(path)),
  list: (folder) => attempt(() => ({ names: readdirSync(folder) })),
}

/** Room for 250,000 names. A single file must not use up the memory of the daemon. */
const LARGEST_BYTES = 8_000_000

/** Checks the open file: the path may have changed since `look`. Without O_NONBLOCK the open of a pipe would hang. */
const readBounded = (path: string): { readonly bytes: Uint8Array } | { readonly why: string } => {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const entry = fstatSync(file)
    if (entry.isDirectory()) return { why: 'it is a folder' }
    if (!entry.isFile()) return { why: 'it is not a file' }
    if (entry.size > LARGEST_BYTES) return { why: tooLarge(entry.size) }
    return { bytes: readFileSync(file) }
  } finally {
    closeSync(file)
  }
}

const tooLarge = (size: number) =>
  `it has ${Math.ceil(size / 1e6)} MB; the limit is ${LARGEST_BYTES / 1e6} MB, and 2 MB for YAML: move lists of users to text files and name these with "usersFile"`

const attempt = <Result>(read: () => Result | { readonly why: string }): Result | { readonly why: string } => {
  try {
    return read()
  } catch (error) {
    return { why: whyNot(error) }
  }
}

const REASONS: Record<string, string> = {
  get EACCES() {
    return permissionDenied()
  },
  EPERM: 'the operation is not permitted',
  ELOOP: 'its symbolic links form a loop',
  ENOENT: 'it does not exist',
}

const whyNot = (error: unknown): string => {
  const { code = 'unknown', message } = error as NodeJS.ErrnoException
  return REASONS[code] ?? message
}
