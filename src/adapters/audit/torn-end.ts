import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Disk, syncFolder } from '../files/disk.ts'
import { codeOf } from '../files/disk-fault.ts'
import { tornName } from './file-names.ts'
import type { Tail } from './tail.ts'

/** A torn end that was removed, and the file that keeps it. */
export interface Repair {
  readonly keptAs: string
  readonly bytes: number
  /** The number of the line that was being written. */
  readonly seq: number
}

/** Removes the torn end once a copy of it is on disk. The copy matters: whole lines may follow a hole. */
export const removeTornEnd = async (
  disk: Disk,
  file: string,
  handle: FileHandle,
  { head, length, torn }: Tail,
): Promise<Repair | undefined> => {
  if (torn.length === 0) return undefined
  const seq = head.seq + 1
  const { copy, keptAs } = await openNew(disk, file, seq)
  try {
    await copy.writeFile(torn)
    await copy.sync()
  } finally {
    await copy.close()
  }
  await syncFolder(disk, dirname(file))
  await handle.truncate(length)
  await handle.sync()
  return { keptAs, bytes: torn.length, seq }
}

const openNew = async (disk: Disk, file: string, seq: number) => {
  for (let attempt = 1; ; attempt++) {
    const keptAs = tornName(file, seq, attempt)
    try {
      return { copy: await disk.open(keptAs, 'wx', 0o600), keptAs }
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
  }
}
