import * as fs from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from './disk-fault.ts'

/** The file system calls that make files durable. Tests replace them with calls that fail at a given step. */
export type Disk = Pick<typeof fs, 'open' | 'readdir' | 'rename' | 'stat'>

export const disk: Disk = fs

/** Syncs a folder. The name of a new or renamed file is durable only after that. */
export const syncFolder = async (at: Disk, folder: string): Promise<void> => {
  const handle = await at.open(folder, 'r')
  try {
    await handle.sync()
  } catch (error) {
    // Some network file systems cannot sync a folder. They write names to the server at once.
    if (codeOf(error) !== 'EINVAL') throw error
  } finally {
    await handle.close()
  }
}

/** Creates the folder and its missing parents, with access for the owner alone. */
export const makeFolder = async (folder: string): Promise<void> => {
  const first = await fs.mkdir(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let above = dirname(folder); ; above = dirname(above)) {
    await syncFolder(disk, above)
    if (above === dirname(first)) return
  }
}
