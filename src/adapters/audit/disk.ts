import * as fs from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from './failure.ts'

/** What an audit trail asks of the file system: another one may stand in that fails at a given step. */
export type Disk = Pick<typeof fs, 'open' | 'readdir' | 'rename' | 'stat'>

export const disk: Disk = fs

/** A name is on disk only once its folder is. */
export const syncFolder = async (at: Disk, folder: string): Promise<void> => {
  const handle = await at.open(folder, 'r')
  try {
    await handle.sync()
  } catch (error) {
    // Some network file systems know no sync of a folder; they write names through.
    if (codeOf(error) !== 'EINVAL') throw error
  } finally {
    await handle.close()
  }
}

/** Makes the folder, for its owner alone, and what is missing above it. */
export const makeFolder = async (folder: string): Promise<void> => {
  const first = await fs.mkdir(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let above = dirname(folder); ; above = dirname(above)) {
    await syncFolder(disk, above)
    if (above === dirname(first)) return
  }
}
