import { realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AuditError, type AuditTrail } from '../../app/audit.ts'
import type { Clock } from '../../app/clock.ts'
import { type Disk, disk as hostDisk, makeFolder } from '../files/disk.ts'
import { orMissing } from '../files/disk-fault.ts'
import { hostClock } from '../host/clock.ts'
import { type ChainFile, openChainFile } from './chain-file.ts'
import { lockName } from './file-names.ts'
import { createGroupedWrites } from './grouped-writes.ts'
import { acquireLock, type Lock } from './lock.ts'
import type { Repair } from './torn-end.ts'
import { unwritable } from './unwritable.ts'

/** About 200,000 lines. Larger files are hard to send, search and open. */
const ROTATE_AT_BYTES = 100 * 1024 * 1024

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
  const writes = createGroupedWrites({
    head: () => chain.head(),
    async append({ lines, head }) {
      if (!(await lock.held())) throw lockLost(file)
      await chain.append(lines, head)
    },
    failureOf: (error) => unwritable(file, error),
  })
  let closed: Promise<void> | undefined

  const close = async () => {
    await writes.done()
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
      return writes.write(records)
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
