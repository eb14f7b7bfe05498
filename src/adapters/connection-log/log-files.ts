import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { reasonOf } from '../audit/failure.ts'
import { UnreadableLog } from './unreadable.ts'

export interface LogFile {
  readonly path: string
  /** 0 for what has no size of its own, such as a pipe. */
  readonly bytes: number
}

/** The path that stands for the standard input. */
export const STDIN = '-'

/** The files that a path names: itself, or those in a folder and its folders. Hidden files and folders are left out. */
export const filesAt = async (path: string): Promise<readonly LogFile[]> => {
  if (path === STDIN) return [{ path, bytes: 0 }]
  try {
    const entry = await stat(path)
    if (!entry.isDirectory()) return [{ path, bytes: entry.size }]
    const files = await filesIn(path, [])
    if (files.length > 0) return files
  } catch (error) {
    throw unreadable(path, error)
  }
  throw new UnreadableLog('not-understood', `${path} has no files: name a folder with connection logs`)
}

export const unreadable = (path: string, error: unknown): UnreadableLog =>
  new UnreadableLog('unreadable', `cannot read the log ${path}: ${reasonOf(error)}`, error)

/** `above`: the folders around this one. A link to one of them would never end. */
const filesIn = async (folder: string, above: readonly string[]): Promise<LogFile[]> => {
  const real = await realpath(folder)
  if (above.includes(real)) return []
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort()
  const files: LogFile[] = []
  for (const name of names) {
    const path = join(folder, name)
    const entry = await stat(path)
    if (entry.isDirectory()) files.push(...(await filesIn(path, [...above, real])))
    else if (entry.isFile()) files.push({ path, bytes: entry.size })
  }
  return files
}
