import { type FileHandle, realpath, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AuditError } from '../../app/audit.ts'
import type { Clock } from '../../app/clock.ts'
import type { HistoryFile } from '../../app/connection-history.ts'
import type { HistoryLine } from '../../domain/recording/history-line.ts'
import { DAY, HOUR, type Instant } from '../../domain/time/instant.ts'
import { acquireLock, type Lock } from '../audit/lock.ts'
import { type Disk, disk as hostDisk, makeFolder, syncFolder } from '../files/disk.ts'
import { diskReasonOf, orMissing } from '../files/disk-fault.ts'
import { hostClock } from '../host/clock.ts'
import { lockOf, partName, partsOf } from './parts.ts'
import { lineIn, readHistory } from './read-history.ts'

/** About 250,000 lines: the connections of a large company on one day. */
const ROTATE_AT_BYTES = 100 * 1024 * 1024

/** A start reads at least so much of the history as it knew last: AWS ends every connection after a day. */
const READ_AT_LEAST_MS = DAY + HOUR

/** More than the longest line takes. */
const END_BYTES = 256 * 1024

const APPEND = 'a+'
/** The permissions of a file, and those of users that are neither the owner nor in the group. */
const [MODES, OTHERS] = [0o777, 0o007]
/** The beginning of every line. */
const BEGINNING = '{"time":"'
const NEWLINE = 0x0a

/** The file that is being written. */
interface Open {
  readonly handle: FileHandle
  /** In bytes. After a failed write, remains of it may follow. */
  length: number
  hasRemains: boolean
  /** The times of its first and its last line. Undefined while it has none. */
  span: { readonly firstAt: Instant; readonly lastAt: Instant } | undefined
}

/** `message` is one line for an operator. */
class HistoryError extends Error {
  override name = 'HistoryError'
}

/**
 * The file of the history. Each day, and when it is large, it becomes a part beside a new file. A part is removed once all of
 * its lines are older than `keepMs`. Writes are not synced: what a power cut takes is written again, because the next
 * snapshot shows it.
 */
export const createHistoryFile = (options: {
  readonly file: string
  readonly keepMs: number
  readonly rotateAtBytes?: number
  readonly clock?: Pick<Clock, 'sleep'>
  readonly disk?: Disk
}): HistoryFile => {
  const { keepMs, rotateAtBytes = ROTATE_AT_BYTES, clock = hostClock, disk = hostDisk } = options
  let file = options.file
  let lock: Lock | undefined
  let current: Open | undefined
  let isRead = false

  const failure = (error: unknown): HistoryError => {
    if (error instanceof HistoryError) return error
    const why = error instanceof AuditError ? error.message : diskReasonOf(error)
    return new HistoryError(`cannot write the history ${file}: ${why}`)
  }

  const acquire = async (stop: AbortSignal) => {
    const folder = dirname(options.file)
    await makeFolder(folder)
    // The lock belongs to the real path: two links to one file must share one lock.
    file = (await orMissing(realpath(options.file))) ?? join(await realpath(folder), basename(options.file))
    return acquireLock(lockOf(file), { clock, onWait: () => {}, stop })
  }

  const openCurrent = async (): Promise<Open> => {
    const handle = await disk.open(file, APPEND, 0o600)
    try {
      const { length, span } = await soundPart(file, handle)
      const { mode } = await handle.stat()
      // Some file systems have no modes of their own, and refuse.
      if ((mode & OTHERS) !== 0) await handle.chmod(mode & ~OTHERS & MODES).catch(() => {})
      return { handle, length, span, hasRemains: false }
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** The file at the path, as it was left. Another program may have moved it away: then a new one begins. */
  const settled = async (): Promise<Open> => {
    if (current !== undefined) {
      const named = await orMissing(disk.stat(file, { bigint: true }))
      const own = await current.handle.stat({ bigint: true })
      const isSame = named?.ino === own.ino && named.dev === own.dev && Number(own.size) >= current.length
      if (isSame && current.hasRemains) await current.handle.truncate(current.length)
      if (isSame && (current.hasRemains || Number(own.size) === current.length)) {
        current.hasRemains = false
        return current
      }
      await forget(current)
    }
    current = await openCurrent()
    return current
  }

  /** The file is not as this process has left it. */
  const forget = async ({ handle }: Open) => {
    current = undefined
    isRead = false
    await handle.close().catch(() => {})
  }

  /** Another process took the lock over while this one was suspended, or somebody has removed it. */
  const giveUp = async (lost: Lock) => {
    lock = undefined
    isRead = false
    if (current !== undefined) await forget(current)
    await lost.release()
  }

  const rotated = async ({ handle }: Open, lastAt: Instant, now: Instant): Promise<Open> => {
    let endedAt = lastAt
    while ((await orMissing(disk.stat(partName(file, endedAt)))) !== undefined) endedAt++
    await disk.rename(file, partName(file, endedAt))
    current = undefined
    await handle.close()
    await syncFolder(disk, dirname(file))
    for (const part of await partsOf(file)) if (part.endedAt < now - keepMs) await unlink(part.file)
    return settled()
  }

  const isFull = ({ length, span }: Open, bytes: number, now: Instant): boolean =>
    span !== undefined && (dayOf(span.firstAt) !== dayOf(now) || length + bytes > rotateAtBytes)

  const load = async ({ span }: Open, take: (line: HistoryLine) => void) => {
    const parts = await partsOf(file)
    const newestAt = span?.firstAt ?? parts.at(-1)?.endedAt ?? 0
    const recent = parts.filter(({ endedAt }) => endedAt >= newestAt - READ_AT_LEAST_MS).map((part) => part.file)
    for (const one of [...recent, file]) await readHistory(one, take)
  }

  return {
    async open(stop) {
      try {
        if (lock !== undefined && !(await lock.held())) await giveUp(lock)
        lock ??= await acquire(stop)
        await settled()
        return isRead ? 'known' : 'unread'
      } catch (error) {
        throw failure(error)
      }
    },

    async read(take) {
      try {
        await load(await settled(), take)
        isRead = true
      } catch (error) {
        throw failure(error)
      }
    },

    async append(lines, now) {
      try {
        if (lock === undefined || !(await lock.held()))
          throw new HistoryError(`the lock of the history ${file} is lost`)
        const bytes = Buffer.from(`${lines.join('\n')}\n`)
        let open = await settled()
        if (open.span !== undefined && isFull(open, bytes.length, now))
          open = await rotated(open, open.span.lastAt, now)
        open.hasRemains = true
        await open.handle.appendFile(bytes)
        open.hasRemains = false
        open.length += bytes.length
        open.span = { firstAt: open.span?.firstAt ?? now, lastAt: now }
      } catch (error) {
        // At once where possible, so that no reader sees the remains of a line.
        if (current?.hasRemains === true) await current.handle.truncate(current.length).catch(() => {})
        throw failure(error)
      }
    },

    async close() {
      await current?.handle.close()
      await lock?.release()
    },
  }
}

const dayOf = (at: Instant): number => Math.floor(at / DAY)

/** The part of the file that ends with its last line. What a killed process left behind it is removed. */
const soundPart = async (file: string, handle: FileHandle): Promise<Pick<Open, 'length' | 'span'>> => {
  const found = await handle.stat()
  if (!found.isFile()) throw new HistoryError(`${file} is not a regular file: give "history.file" another path`)
  if (found.size === 0) return { length: 0, span: undefined }
  const from = Math.max(0, found.size - END_BYTES)
  const end = await read(handle, from, found.size - from)
  const first = lineIn(firstLineOf(from === 0 ? end : await read(handle, 0, END_BYTES)))
  const length = from + end.lastIndexOf(NEWLINE) + 1
  if (length === 0 && BEGINNING.startsWith(end.toString('latin1', 0, BEGINNING.length))) {
    await handle.truncate(0)
    return { length, span: undefined }
  }
  const last = lastLineOf(end.subarray(0, length - from))
  if (first === undefined || last === undefined) {
    const remedy = 'give "history.file" another path, or move what is there away'
    throw new HistoryError(`${file} is not a history that Curfew wrote: ${remedy}`)
  }
  if (length < found.size) await handle.truncate(length)
  return { length, span: { firstAt: first.time, lastAt: last.time } }
}

const firstLineOf = (bytes: Buffer): Buffer => {
  const end = bytes.indexOf(NEWLINE)
  return end === -1 ? bytes : bytes.subarray(0, end)
}

/** The last line that can be read. A power cut may leave lines of zeros behind it. */
const lastLineOf = (bytes: Buffer): HistoryLine | undefined => {
  for (let end = bytes.lastIndexOf(NEWLINE); end > 0; ) {
    const begin = bytes.lastIndexOf(NEWLINE, end - 1)
    const line = lineIn(bytes.subarray(begin + 1, end))
    if (line !== undefined) return line
    end = begin
  }
  return undefined
}

const read = async (handle: FileHandle, from: number, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from)
  return buffer.subarray(0, bytesRead)
}
