import { dirname } from 'node:path'
import { AuditError, type AuditHead } from '../../app/audit.ts'
import { type Disk, syncFolder } from '../files/disk.ts'
import { orMissing } from '../files/disk-fault.ts'
import { rotatedName } from './file-names.ts'
import { createPolicySetTexts } from './policy-set-texts.ts'
import { checkLines, readTail } from './tail.ts'
import { type Repair, removeTornEnd } from './torn-end.ts'

const NEWLINE = Buffer.from('\n')

/** In append mode the operating system puts every write at the end of the file. */
const APPEND = 'a+'

/**
 * The file that is being written. Between two appends it ends with the last durable line. Remains of a failed append
 * are removed at once, else by the next append.
 */
export interface ChainFile {
  readonly repaired: Repair | undefined
  head(): AuditHead
  /** Whether this file has the whole text of a policy set. */
  hasPolicySet(hash: string): boolean
  /** Resolves once the lines are on disk; `next` is the last of them. After a failure none of them is in the chain. */
  append(lines: readonly Buffer[], next: AuditHead): Promise<void>
  close(): Promise<void>
}

export const openChainFile = async (disk: Disk, file: string, rotateAtBytes: number): Promise<ChainFile> => {
  const folder = dirname(file)
  let handle = await disk.open(file, APPEND, 0o600)
  let length: number
  let firstSeq: number
  let head: AuditHead
  let repaired: Repair | undefined
  const texts = createPolicySetTexts()
  /** An append has failed: the bytes after `length` are its remains, and are removed. */
  let failed = false
  /** Whether `handle` is known to be the file at the path. False while `begin` has not finished. */
  let placed = true

  try {
    if (!(await handle.stat()).isFile())
      throw new AuditError('unwritable', `${file} is not a regular file: give the audit trail another path`)
    const tail = await readTail(disk, file, handle)
    await checkLines(file, handle, tail, texts.addLine)
    repaired = await removeTornEnd(disk, file, handle, tail)
    ;({ head, length, firstSeq } = tail)
    await syncFolder(disk, folder)
  } catch (error) {
    await handle.close()
    throw error
  }

  /** Continues the chain in a new file, after the old one was moved away or emptied. */
  const begin = async () => {
    placed = false
    const fresh = await disk.open(file, APPEND, 0o600)
    await handle.close().catch(() => {})
    handle = fresh
    length = 0
    firstSeq = head.seq + 1
    texts.rotated()
    await syncFolder(disk, folder)
    placed = true
  }

  /**
   * Checks that the path still names our file, with our length. Other programs may have moved, emptied or written it:
   * lines written to a file that was moved or deleted would be lost without notice.
   */
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
        `${file} was changed by another program: expected the file of ${length} bytes that ends with line ${head.seq}, found ${same ? `${size} bytes` : 'another file'}; put the file back as it was, or move it away`,
      )
    }
  }

  const rotate = async () => {
    const name = rotatedName(file, firstSeq, head.seq)
    if ((await orMissing(disk.stat(name))) !== undefined) {
      throw new AuditError(
        'unwritable',
        `${file} is full and cannot be rotated: ${name} already exists; move that file away`,
      )
    }
    await disk.rename(file, name)
    await begin()
  }

  return {
    repaired,
    head: () => head,
    hasPolicySet: texts.has,
    async append(lines, next) {
      const bytes = Buffer.concat(lines.flatMap((line) => [line, NEWLINE]))
      await settle()
      failed = false
      if (length > 0 && length + bytes.length > rotateAtBytes) await rotate()
      try {
        await handle.appendFile(bytes)
        // `datasync` syncs the length with the data. After a failed sync the kernel may count the pages as clean, so a
        // second sync proves nothing: the lines are removed and must be written again.
        await handle.datasync()
      } catch (error) {
        failed = true
        // At once where possible, so that no reader sees the remains as part of the trail. Else `settle` removes them.
        await handle.truncate(length).catch(() => {})
        throw error
      }
      length += bytes.length
      head = next
      for (const line of lines) texts.addLine(line)
    },
    close: () => handle.close(),
  }
}
