import { realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AuditError, type AuditRecord, type AuditTrail } from '../../app/audit.ts'
import type { Clock } from '../../app/clock.ts'
import { hostClock } from '../host/clock.ts'
import { LONGEST_LINE_BYTES } from './audit-line.ts'
import { type ChainFile, openChainFile } from './chain-file.ts'
import { type Disk, disk as hostDisk, makeFolder } from './disk.ts'
import { orMissing, unwritable } from './failure.ts'
import { lockName } from './file-names.ts'
import { linesAfter } from './lines-after.ts'
import { acquireLock, type Lock } from './lock.ts'
import type { Repair } from './torn-end.ts'

/** About 200,000 lines. Larger files are hard to send, search and open. */
const ROTATE_AT_BYTES = 100 * 1024 * 1024

/** A group of writes ends at this size. `readTail` must see a whole group after a power cut: compare `TAIL_BYTES`. */
const GROUP_BYTES = LONGEST_LINE_BYTES

interface Waiting {
  readonly records: readonly AuditRecord[]
  readonly resolve: () => void
  readonly reject: (error: AuditError) => void
}

/**
 * Opens an audit file for this process alone, or creates it. A torn end is removed and kept in a file beside it.
 * Fails with an `AuditError`. Writes that arrive during a sync share the next sync.
 */
export const openAuditTrail = async (options: {
  readonly file: string
  /** A file that would grow beyond this is renamed to FILE.<first line>-<last line>; the chain goes on in a new file. */
  readonly rotateAtBytes?: number
  readonly clock?: Pick<Clock, 'sleep'>
  readonly disk?: Disk
  /** Called before a wait of up to 30 s for a holder of the lock on another machine or in another container. */
  readonly onWait?: (message: string) => void
  /** Ends that wait with an `AuditError`. */
  readonly stop?: AbortSignal
}): Promise<AuditTrail & { readonly repaired: Repair | undefined }> => {
  const { rotateAtBytes = ROTATE_AT_BYTES, clock = hostClock, disk = hostDisk, onWait = () => {} } = options
  const { stop = new AbortController().signal } = options
  const { file, lock, chain } = await open(options.file, disk, rotateAtBytes, { clock, onWait, stop })
  let waiting: Waiting[] = []
  let writing: Promise<void> | undefined
  let closed: Promise<void> | undefined

  const writeAll = async () => {
    // Writes of the same turn of the event loop share one sync.
    await Promise.resolve()
    while (waiting.length > 0) {
      const { group, lines, head } = takeGroup()
      if (group.length === 0) continue
      try {
        if (!(await lock.held())) throw lockLost(file)
        await chain.append(lines, head)
        for (const { resolve } of group) resolve()
      } catch (error) {
        for (const { reject } of group) reject(unwritable(file, error))
      }
    }
    writing = undefined
  }

  const takeGroup = () => {
    const group: Waiting[] = []
    const lines: Buffer[] = []
    let bytes = 0
    let head = chain.head()
    let count = 0
    for (const entry of waiting) {
      count++
      try {
        const built = linesAfter(head, entry.records)
        group.push(entry)
        for (const line of built.lines) lines.push(line)
        bytes += built.bytes
        head = built.head
      } catch (error) {
        entry.reject(unwritable(file, error))
      }
      if (bytes >= GROUP_BYTES) break
    }
    waiting = waiting.slice(count)
    return { group, lines, head }
  }

  const close = async () => {
    await writing
    try {
      await chain.close()
    } finally {
      await lock.release()
    }
  }

  return {
    repaired: chain.repaired,
    held: lock.held,
    lost: lock.lost,
    head: () => chain.head(),
    hasPolicySet: (hash) => chain.hasPolicySet(hash),
    write(records) {
      if (closed !== undefined) {
        return Promise.reject(new AuditError('unwritable', `cannot write the audit file ${file}: the trail is closed`))
      }
      if (records.length === 0) return Promise.resolve()
      return new Promise((resolve, reject) => {
        waiting.push({ records, resolve, reject })
        writing ??= writeAll()
      })
    },
    close: () => (closed ??= close()),
  }
}

const open = async (
  path: string,
  disk: Disk,
  rotateAtBytes: number,
  waiting: Parameters<typeof acquireLock>[1],
): Promise<{ readonly file: string; readonly lock: Lock; readonly chain: ChainFile }> => {
  let lock: Lock | undefined
  try {
    await makeFolder(dirname(path))
    // The lock belongs to the real path: two links to one file must share one lock.
    const file = (await orMissing(realpath(path))) ?? join(await realpath(dirname(path)), basename(path))
    lock = await acquireLock(lockName(file), waiting)
    return { file, lock, chain: await openChainFile(disk, file, rotateAtBytes) }
  } catch (error) {
    await lock?.release()
    throw unwritable(path, error)
  }
}

const lockLost = (file: string) =>
  new AuditError(
    'unwritable',
    `cannot write the audit file ${file}: another process holds its lock ${lockName(file)} now and may write the file; restart this process`,
  )
