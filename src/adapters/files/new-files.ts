import { lstat, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type Disk, disk as hostDisk, syncFolder } from './disk.ts'
import { codeOf, diskReasonOf, orMissing } from './disk-fault.ts'
import { readRegularFile } from './regular-file.ts'

export type NewFiles =
  /** The names of the files that were written. The others had this content already. */
  | { readonly written: readonly string[] }
  /** Files that are there with another content. Nothing was written. */
  | { readonly different: readonly string[] }
  /** The disk refused. Nothing of what was written is left. */
  | { readonly why: string }

/** Writes files into a folder, all or none. A file that is there is never changed. */
export const writeNewFiles = async (
  named: string,
  texts: ReadonlyMap<string, string>,
  disk: Disk = hostDisk,
): Promise<NewFiles> => {
  /** The files and folders that are removed, the last one first, if the disk refuses a later one. */
  const made: string[] = []
  // Step by step: Node's recursive mkdir never ends where a file system such as /proc refuses new folders.
  const make = async (path: string): Promise<void> => {
    if ((await orMissing(disk.stat(path))) !== undefined) return
    await make(dirname(path))
    await mkdir(path)
    made.push(path)
  }
  try {
    const folder = resolve(named)
    if ((await orMissing(disk.stat(folder)))?.isDirectory() === false) return { why: 'it is not a folder' }
    const missing: string[] = []
    const different: string[] = []
    for (const [name, text] of texts) {
      const path = join(folder, name)
      if ((await orMissing(lstat(path))) === undefined) missing.push(name)
      else if (!(await holds(path, text))) different.push(name)
    }
    if (different.length > 0) return { different }
    await make(folder)
    // Every file is complete and synced before the first one gets its name.
    const drafts = await mkdtemp(join(folder, '.curfew-'))
    made.push(drafts)
    for (const [index, name] of missing.entries()) {
      const handle = await disk.open(join(drafts, String(index)), 'wx')
      try {
        await handle.writeFile(texts.get(name) ?? '')
        await handle.sync()
      } finally {
        await handle.close()
      }
    }
    for (const [index, name] of missing.entries()) {
      const path = join(folder, name)
      await make(dirname(path))
      await disk.rename(join(drafts, String(index)), path)
      made.push(path)
      await syncFolder(disk, dirname(path))
    }
    await rm(drafts, { recursive: true })
    return { written: missing }
  } catch (error) {
    for (const path of made.toReversed()) await rm(path, { recursive: true, force: true }).catch(() => {})
    return { why: diskReasonOf(error) }
  }
}

const NOT_A_FILE: readonly unknown[] = ['EISDIR', 'ENOTFILE', 'ENOENT', 'ELOOP']

/** A folder, a pipe or a link to nothing does not hold the text. */
const holds = async (path: string, text: string): Promise<boolean> => {
  try {
    return (await readRegularFile(path)).equals(Buffer.from(text))
  } catch (error) {
    if (NOT_A_FILE.includes(codeOf(error))) return false
    throw error
  }
}
