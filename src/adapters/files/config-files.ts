import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
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
  read: (path) => attempt(() => ({ bytes: readFileSync(path) })),
  list: (folder) => attempt(() => ({ names: readdirSync(folder) })),
}

const attempt = <Result>(read: () => Result): Result | { readonly why: string } => {
  try {
    return read()
  } catch (error) {
    return { why: whyNot(error) }
  }
}

const REASONS: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead in a circle',
  ENOENT: 'it does not exist',
}

const whyNot = (error: unknown): string => {
  const { code = 'unknown', message } = error as NodeJS.ErrnoException
  return REASONS[code] ?? message
}
