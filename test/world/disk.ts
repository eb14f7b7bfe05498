import type { FileHandle } from 'node:fs/promises'
import type { Disk } from '../../src/adapters/files/disk.ts'
import type { Random } from '../../src/simulator/random.ts'
import type { Process } from './process.ts'

interface File {
  chunks: Buffer[]
  length: number
  /** The number of bytes that survive a power failure. */
  synced: number
}

const failure = (code: string) => Object.assign(new Error(code), { code })

/** A disk that can be full. A power failure keeps the synced bytes, and a random part of the others. */
export const createDisk = (
  random: Random,
  syncMs: { readonly from: number; readonly to: number },
  onSynced: (path: string, bytes: Buffer) => void,
) => {
  const files = new Map<string, File>()
  const state = { isFull: false }

  const whole = (file: File): Buffer => {
    const bytes = Buffer.concat(file.chunks)
    file.chunks = [bytes]
    return bytes
  }

  const truncate = (file: File, length: number) => {
    const bytes = Buffer.from(whole(file).subarray(0, length))
    file.chunks = [bytes]
    file.length = bytes.length
  }

  const sync = (path: string, file: File) => {
    const from = Math.min(file.synced, file.length)
    if (file.length > from) onSynced(path, whole(file).subarray(from))
    file.synced = file.length
  }

  const synced = async (process: Process, path: string, file: File) => {
    const ms = random.within(syncMs)
    if (ms > 0) await process.clock.sleep(ms, new AbortController().signal)
    sync(path, file)
  }

  const append = (file: File, bytes: Buffer) => {
    // A full disk may still write a part of the bytes.
    const written = state.isFull ? bytes.subarray(0, random.within({ from: 0, to: bytes.length - 1 })) : bytes
    file.chunks.push(Buffer.from(written))
    file.length += written.length
    if (state.isFull) throw failure('ENOSPC')
  }

  const handleOf = (path: string, file: File, process: Process) => ({
    stat: async () => ({ isFile: () => true, size: file.length, ino: path, dev: 1 }),
    read: async (buffer: Buffer, offset: number, length: number, position: number) => ({
      bytesRead: whole(file).copy(buffer, offset, position, position + length),
    }),
    appendFile: (bytes: Buffer) => process.ask(async () => append(file, bytes)),
    writeFile: (bytes: Buffer) => process.ask(async () => append(file, bytes)),
    truncate: (length: number) => process.ask(async () => truncate(file, length)),
    datasync: () => process.ask(() => synced(process, path, file)),
    sync: () => process.ask(() => synced(process, path, file)),
    close: async () => {},
  })

  return {
    state,

    /** The disk for one process. It has only the folder of the audit trail. */
    seenBy: (process: Process): Disk => {
      const disk = {
        async open(path: string, flags: string) {
          const known = files.get(path)
          if (flags === 'wx' && known !== undefined) throw failure('EEXIST')
          const file = known ?? { chunks: [], length: 0, synced: 0 }
          if (flags !== 'r') files.set(path, file)
          return handleOf(path, file, process) as unknown as FileHandle
        },
        readdir: async () => [],
        rename: async () => {
          throw failure('EPERM')
        },
        async stat(path: string) {
          const file = files.get(path)
          if (file === undefined) throw failure('ENOENT')
          return { size: BigInt(file.length), ino: path, dev: 1 }
        },
      }
      return disk as unknown as Disk
    },

    /** Drops the bytes that are not synced, except a random part. */
    losePower(): void {
      for (const file of files.values()) {
        if (file.length <= file.synced) continue
        truncate(file, file.synced + random.within({ from: 0, to: file.length - file.synced }))
      }
    },

    text: (path: string): string => {
      const file = files.get(path)
      return file === undefined ? '' : whole(file).toString()
    },
  }
}

export type SimulatedDisk = ReturnType<typeof createDisk>
