import { randomUUID } from 'node:crypto'
import { rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Disk, disk as hostDisk, syncFolder } from '../audit/disk.ts'
import { orMissing, reasonOf } from '../audit/failure.ts'

/** A file could not be written. The message says which and why. */
export class UnwritableFile extends Error {
  override name = 'UnwritableFile'

  constructor(file: string, why: string) {
    super(`cannot write ${file}: ${why}`)
  }
}

/** Throws where a file cannot be written at the path, as far as that shows before the content is known. */
export const expectWritable = async (file: string): Promise<void> => {
  try {
    // Replacing a device such as /dev/stdout would break it for every program.
    const found = await orMissing(stat(file))
    if (found?.isDirectory() === true) throw new UnwritableFile(file, 'it is a folder')
    if (found?.isFile() === false) throw new UnwritableFile(file, 'it is not a regular file')
    const folder = await orMissing(stat(dirname(file)))
    if (folder?.isDirectory() !== true) throw new UnwritableFile(file, 'its folder does not exist')
  } catch (error) {
    throw error instanceof UnwritableFile ? error : new UnwritableFile(file, reasonOf(error))
  }
}

/**
 * Writes a file as a whole: it gets its name when its content is complete, and replaces a file of that name. The owner
 * alone may read it. Throws the reason of `signal` when it is aborted, and leaves nothing then.
 */
export const writeWholeFile = async (
  file: string,
  parts: Iterable<string>,
  signal: AbortSignal,
  disk: Disk = hostDisk,
): Promise<void> => {
  await expectWritable(file)
  const draft = join(dirname(file), `.${basename(file)}.${randomUUID().slice(0, 8)}.new`)
  try {
    const handle = await disk.open(draft, 'wx', 0o600)
    try {
      for (const part of parts) {
        signal.throwIfAborted()
        await handle.appendFile(part)
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
    await disk.rename(draft, file)
    await syncFolder(disk, dirname(file))
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {})
    signal.throwIfAborted()
    throw new UnwritableFile(file, reasonOf(error))
  }
}
