import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { printable } from '../../domain/printable.ts'
import { diskReasonOf } from '../files/disk-fault.ts'
import { UnreadableLog } from './unreadable.ts'

export interface LogFile {
  readonly path: string
  /** 0 for what has no size of its own, such as a pipe. */
  readonly bytes: number
}

/** The path that stands for the standard input. */
export const STDIN = '-'

/**
 * The files that a path names: itself, or those in a folder and its folders. Hidden files and folders are left out, and,
 * with a remark, what is no file in a folder. Throws `UnreadableLog`, which names the entry that is in the way.
 */
export const filesAt = async (path: string, onRemark: (text: string) => void): Promise<readonly LogFile[]> => {
  if (path === STDIN) return [{ path, bytes: 0 }]
  const entry = await readable(path, stat(path))
  if (!entry.isDirectory()) return [{ path, bytes: entry.size }]
  const files = await filesIn(path, [], onRemark)
  if (files.length > 0) return files
  throw new UnreadableLog('not-understood', `${path} has no files: name a folder with connection logs`)
}

export const unreadable = (path: string, error: unknown): UnreadableLog =>
  new UnreadableLog('unreadable', `cannot read the log ${path}: ${diskReasonOf(error)}`, error)

const readable = <Value>(path: string, call: Promise<Value>): Promise<Value> =>
  call.catch((error: unknown) => {
    throw unreadable(path, error)
  })

/** `above`: the folders around this one. A link to one of them would never end. */
const filesIn = async (
  folder: string,
  above: readonly string[],
  onRemark: (text: string) => void,
): Promise<LogFile[]> => {
  const real = await readable(folder, realpath(folder))
  if (above.includes(real)) return []
  const names = (await readable(folder, readdir(folder))).filter((name) => !name.startsWith('.')).sort()
  const files: LogFile[] = []
  for (const name of names) {
    const path = join(folder, name)
    const entry = await readable(path, stat(path))
    if (entry.isDirectory()) files.push(...(await filesIn(path, [...above, real], onRemark)))
    else if (entry.isFile()) files.push({ path, bytes: entry.size })
    else onRemark(`${printable(path)} is left out: it is a pipe, a socket or a device, and no file`)
  }
  return files
}
