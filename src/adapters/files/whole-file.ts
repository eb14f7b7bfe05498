import { randomUUID } from 'node:crypto'
import { lstat, open, realpath, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { type Disk, disk as hostDisk, syncFolder } from './disk.ts'
import { diskReasonOf, orMissing } from './disk-fault.ts'

/** A file could not be written. The message says which and why. */
export class UnwritableFile extends Error {
  override name = 'UnwritableFile'

  constructor(file: string, why: string) {
    super(`cannot write ${file}: ${why}`)
  }
}

/** Devices and the files of the kernel, whatever they point to: to replace /dev/stdout breaks it for every program. */
const OF_THE_SYSTEM = /^\/(dev|proc|sys)(\/|$)/

/** The path that the file gets: that of its target where the path is a link, so that the link stays. */
const targetOf = async (file: string): Promise<string> => {
  if (OF_THE_SYSTEM.test(resolve(file))) throw new UnwritableFile(file, 'it is not a regular file')
  const folder = await orMissing(realpath(dirname(file)))
  if (folder === undefined) throw new UnwritableFile(file, 'its folder does not exist')
  const isMissing = (await orMissing(lstat(file))) === undefined
  const target = isMissing ? join(folder, basename(file)) : await orMissing(realpath(file))
  if (target === undefined) throw new UnwritableFile(file, 'it is a link to a file that does not exist')
  const found = await orMissing(stat(target))
  if (found?.isDirectory() === true) throw new UnwritableFile(file, 'it is a folder')
  if (found?.isFile() === false || OF_THE_SYSTEM.test(target)) {
    throw new UnwritableFile(file, 'it is not a regular file')
  }
  return target
}

/** What a file that is to be written must not destroy. */
export interface Keep {
  /** Files and folders that are read, now or by the next run. */
  readonly reads: readonly string[]
  /** Whether a file that begins with this text may be replaced. An empty file may. */
  readonly isReplaceable: (head: string) => boolean
}

const HEAD_BYTES = 4096

const headOf = async (file: string): Promise<string> => {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** Throws where a file must not or cannot be written at the path, as far as that shows before the content is known. */
export const expectWritable = async (file: string, { reads, isReplaceable }: Keep): Promise<void> => {
  try {
    const target = await targetOf(file)
    const found = await orMissing(stat(target))
    for (const path of reads) {
      const read = await orMissing(stat(path))
      if (read === undefined) continue
      if (read.dev === found?.dev && read.ino === found.ino) {
        throw new UnwritableFile(file, path === file ? 'it is read' : `it is the same file as ${path}, which is read`)
      }
      if (read.isDirectory() && target.startsWith(`${await realpath(path)}${sep}`)) {
        throw new UnwritableFile(file, `it is in the folder ${path}, all of which is read`)
      }
    }
    if (found !== undefined && found.size > 0 && !isReplaceable(await headOf(target))) {
      throw new UnwritableFile(file, 'it exists and has other content: name another file, or remove this one')
    }
  } catch (error) {
    throw error instanceof UnwritableFile ? error : new UnwritableFile(file, diskReasonOf(error))
  }
}

/**
 * Writes a file as a whole: it gets its name when its content is complete, and replaces a file of that name. The owner
 * alone may read it. Throws the reason of `signal` when it is aborted, and leaves nothing then.
 */
export const writeWholeFile = async (
  file: string,
  parts: Iterable<string | Uint8Array>,
  signal: AbortSignal,
  disk: Disk = hostDisk,
): Promise<void> => {
  let draft: string | undefined
  try {
    const target = await targetOf(file)
    draft = join(dirname(target), `.${basename(target)}.${randomUUID().slice(0, 8)}.new`)
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
    await disk.rename(draft, target)
    await syncFolder(disk, dirname(target))
  } catch (error) {
    if (draft !== undefined) await rm(draft, { force: true }).catch(() => {})
    signal.throwIfAborted()
    throw error instanceof UnwritableFile ? error : new UnwritableFile(file, diskReasonOf(error))
  }
}
