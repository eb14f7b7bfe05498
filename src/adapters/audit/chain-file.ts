import { dirname } from 'node:path'
import { AuditError, type AuditHead } from '../../app/audit.ts'
import { type Disk, syncFolder } from './disk.ts'
import { orMissing } from './failure.ts'
import { rotatedName } from './file-names.ts'
import { checkLines, readTail } from './tail.ts'
import { cutTornEnd, type Repair } from './torn-end.ts'

/** Opened to append: the system itself keeps every write at the end. */
const APPEND = 'a+'

/** The file that is being written. Between two appends it ends with the last durable line, or the next append sees to it. */
export interface ChainFile {
  readonly repaired: Repair | undefined
  head(): AuditHead
  /** Resolves once the lines, of which `next` is the last, are on disk. After a failure none of them counts. */
  append(lines: Buffer, next: AuditHead): Promise<void>
  close(): Promise<void>
}

export const openChainFile = async (disk: Disk, file: string, rotateAtBytes: number): Promise<ChainFile> => {
  const folder = dirname(file)
  let handle = await disk.open(file, APPEND, 0o600)
  let length: number
  let firstSeq: number
  let head: AuditHead
  let repaired: Repair | undefined
  /** An append has failed: what lies after `length` is its, and goes. */
  let failed = false
  /** Whether `handle` is what the path named when we last created or opened it. */
  let placed = true

  try {
    if (!(await handle.stat()).isFile())
      throw new AuditError('unwritable', `${file} is not a file: an audit file is one`)
    const tail = await readTail(disk, file, handle)
    await checkLines(file, handle, tail)
    repaired = await cutTornEnd(disk, file, handle, tail)
    ;({ head, length, firstSeq } = tail)
    await syncFolder(disk, folder)
  } catch (error) {
    await handle.close()
    throw error
  }

  /** Where the file was put away or emptied, the chain goes on in a new one. */
  const begin = async () => {
    placed = false
    const fresh = await disk.open(file, APPEND, 0o600)
    await handle.close().catch(() => {})
    handle = fresh
    length = 0
    firstSeq = head.seq + 1
    await syncFolder(disk, folder)
    placed = true
  }

  /** Others may have moved, emptied or written the file since: writing on through the handle alone would lose lines unseen. */
  const settle = async () => {
    const named = await orMissing(disk.stat(file, { bigint: true }))
    const size = Number(named?.size ?? 0)
    const own = await handle.stat({ bigint: true })
    const same = placed && named !== undefined && named.ino === own.ino && named.dev === own.dev
    if (same && failed && size > length) await handle.truncate(length)
    else if (same && size === length) return
    else if (size === 0) await begin()
    else {
      throw new AuditError(
        'unwritable',
        `${file} was changed by somebody else: expected the file of ${length} bytes that ended with line ${head.seq}, found ${same ? `${size} bytes` : 'another file'}; put it back or move it away`,
      )
    }
  }

  const rotate = async () => {
    const name = rotatedName(file, firstSeq, head.seq)
    if ((await orMissing(disk.stat(name))) !== undefined) {
      throw new AuditError(
        'unwritable',
        `${file} is full and cannot be put away: ${name} is there already; move it away`,
      )
    }
    await disk.rename(file, name)
    await begin()
  }

  return {
    repaired,
    head: () => head,
    async append(lines, next) {
      await settle()
      failed = false
      if (length > 0 && length + lines.length > rotateAtBytes) await rotate()
      try {
        await handle.appendFile(lines)
        // The length is synced with the data. After a failed sync the system may think the data clean: it is cut off and written anew.
        await handle.datasync()
      } catch (error) {
        failed = true
        // At once where possible, so that no reader takes it for part of the trail; otherwise before the next line.
        await handle.truncate(length).catch(() => {})
        throw error
      }
      length += lines.length
      head = next
    },
    close: () => handle.close(),
  }
}
