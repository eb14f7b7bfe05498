import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Disk, syncFolder } from './disk.ts'
import { codeOf } from './failure.ts'
import { tornName } from './file-names.ts'
import type { Tail } from './tail.ts'

/** A torn end that was cut off, and where it is kept. */
export interface Repair {
  readonly keptAs: string
  readonly bytes: number
  /** The line that was being written. */
  readonly seq: number
}

/** Cuts the torn end off, once a copy of it is on disk: it may hold whole lines after a hole. */
export const cutTornEnd = async (
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
