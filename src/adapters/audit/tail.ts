import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AuditError, type AuditHead } from '../../app/audit.ts'
import {
  BEFORE_ALL,
  BEGINNING_BYTES,
  hashOf,
  LONGEST_LINE_BYTES,
  mayBeTornOff,
  readLink,
  readSeq,
} from './audit-line.ts'
import type { Disk } from './disk.ts'
import { lastSeqOf } from './file-names.ts'

/** Room for the longest line before a group of writes that was never synced, so that a hole in the group is seen. */
const TAIL_BYTES = 4 * LONGEST_LINE_BYTES

/** What the end of an audit file holds. */
export interface Tail {
  /** The last whole line of the chain, in this file or in the one before it. */
  readonly head: AuditHead
  /** The number of this file's first line; what it will be, if it has none. */
  readonly firstSeq: number
  /** How many bytes its whole lines take. */
  readonly length: number
  /** What a write that was cut short has left after them. */
  readonly torn: Buffer
}

/** Reads no more than the end of a file, however large; one that ends in anything but a line of ours is `damaged`. */
export const readTail = async (disk: Disk, file: string, handle: FileHandle): Promise<Tail> => {
  const { head, length, torn } = await readEnd(file, handle)
  const last = head ?? (await headBefore(disk, file))
  if (!mayBeTornOff(torn, last.seq + 1)) {
    throw damaged(file, `its last ${torn.length} bytes are not the beginning of line ${last.seq + 1}`)
  }
  const firstSeq = head === undefined ? last.seq + 1 : readSeq(await read(handle, 0, BEGINNING_BYTES))
  if (firstSeq === undefined) throw damaged(file, 'its first line is not one of an audit file')
  return { head: last, firstSeq, length, torn }
}

const readEnd = async (file: string, handle: FileHandle) => {
  const { size } = await handle.stat()
  const from = Math.max(0, size - TAIL_BYTES)
  const bytes = await read(handle, from, size - from)
  // Blocks that never reached the disk read as zeros, which no line holds; what follows them was not synced either.
  const zero = bytes.indexOf(0)
  const sound = zero === -1 ? bytes : bytes.subarray(0, zero)
  const end = sound.lastIndexOf('\n')
  const torn = bytes.subarray(end + 1)
  if (end === -1 && from === 0) return { head: undefined, length: 0, torn }
  const whole = bytes.subarray(0, Math.max(0, end))
  const line = whole.subarray(whole.lastIndexOf('\n') + 1)
  const link = readLink(line)
  if (link === undefined) throw damaged(file, 'its last line is not one of an audit file')
  return { head: { seq: link.seq, hash: hashOf(line) }, length: from + end + 1, torn }
}

/** The end of the newest rotated file: a crash may come between putting one file away and beginning the next. */
const headBefore = async (disk: Disk, file: string): Promise<AuditHead> => {
  const folder = dirname(file)
  let newest: { readonly name: string; readonly seq: number } | undefined
  for (const name of await disk.readdir(folder)) {
    const seq = lastSeqOf(file, name)
    if (seq !== undefined && seq > (newest?.seq ?? 0)) newest = { name, seq }
  }
  if (newest === undefined) return BEFORE_ALL
  const path = join(folder, newest.name)
  const handle = await disk.open(path, 'r')
  try {
    const { head, torn } = await readEnd(path, handle)
    if (head?.seq !== newest.seq || torn.length > 0) throw damaged(path, `it does not end with line ${newest.seq}`)
    return head
  } finally {
    await handle.close()
  }
}

const read = async (handle: FileHandle, from: number, length: number): Promise<Buffer> => {
  const bytes = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, from + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

const damaged = (file: string, why: string) =>
  new AuditError(
    'damaged',
    `${file} cannot be continued: ${why}; nothing was changed. Keep it elsewhere as evidence, look at it with "curfew audit verify", and start anew without it`,
  )
