import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import type { ConfigFiles } from '../../config/config-files.ts'

/** The disk. Read in one go: a reload must not see the first half of an edit beside the second half of the next. */
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

/** A quarter of a million names. One file shall not take the memory that the daemon has for everything. */
const LARGEST_BYTES = 8_000_000

/** What was looked at may be another by now: the open file is asked, and a pipe in its place keeps nobody waiting. */
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
  `it has ${Math.ceil(size / 1e6)} MB, at most ${LARGEST_BYTES / 1e6} MB are read, and of YAML 2 MB: lists of users go into text files of their own, named with "usersFile"`

const attempt = <Result>(read: () => Result | { readonly why: string }): Result | { readonly why: string } => {
  try {
    return read()
  } catch (error) {
    return { why: whyNot(error) }
  }
}

const REASONS: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'its links lead in a circle',
  ENOENT: 'it does not exist',
}

const whyNot = (error: unknown): string => {
  const { code = 'unknown', message } = error as NodeJS.ErrnoException
  return REASONS[code] ?? message
}
