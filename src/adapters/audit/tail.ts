import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type AuditHead, DamagedTrail } from '../../app/audit.ts'
import type { Disk } from '../files/disk.ts'
import {
  BEFORE_ALL,
  BEGINNING_BYTES,
  hashOf,
  LONGEST_LINE_BYTES,
  mayBeTornOff,
  readLink,
  readPrev,
  readSeq,
} from './audit-line.ts'
import { lastSeqOf } from './file-names.ts'
import { readLinesOf } from './read-lines.ts'

const NEWLINE = 10

/**
 * A group of writes that was never synced (see `GROUP_BYTES`) and the longest line before it must fit: then a hole in
 * the group is found.
 */
const TAIL_BYTES = 4 * LONGEST_LINE_BYTES

/** The end of an audit file. */
export interface Tail {
  /** The last whole line of the chain. It is in the previous file if this one has no whole line. */
  readonly head: AuditHead
  /** The number of this file's first line. In a file without lines: the number of the next line. */
  readonly firstSeq: number
  /** The length of the whole lines, in bytes. */
  readonly length: number
  /** The remains of an interrupted write after the whole lines. */
  readonly torn: Buffer
}

/**
 * Reads the end of a file; the cost does not depend on its size. Fails with an `AuditError` `damaged` unless the file
 * ends with a line of an audit file, or with the beginning of the next line.
 */
export const readTail = async (disk: Disk, file: string, handle: FileHandle): Promise<Tail> => {
  const { head, length, torn } = await readEnd(file, handle)
  const last = head ?? (await headBefore(disk, file))
  if (!mayBeTornOff(torn, last.seq + 1)) {
    throw damaged(file, `its last ${torn.length} bytes are not the beginning of line ${last.seq + 1}`)
  }
  const firstSeq = head === undefined ? last.seq + 1 : readSeq(await read(handle, 0, BEGINNING_BYTES))
  if (firstSeq === undefined) throw damaged(file, 'its first line is not a line of an audit file')
  return { head: last, firstSeq, length, torn }
}

/**
 * Checks that each line follows the one before, and gives it to `see`. Else fails with `damaged`: a changed file is not
 * used or continued.
 */
export const checkLines = async (
  file: string,
  handle: FileHandle,
  { length }: Tail,
  see: (line: Buffer) => void,
): Promise<void> => {
  let before: AuditHead | undefined
  let count = 0
  for await (const { lines } of readLinesOf(handle, length)) {
    for (const line of lines) {
      count++
      const seq = readSeq(line.subarray(0, BEGINNING_BYTES))
      const prev = readPrev(line)
      const follows = before === undefined || (seq === before.seq + 1 && prev === before.hash)
      if (seq === undefined || prev === undefined || !follows) {
        throw damaged(file, `its line ${count}, or the line before, was changed after it was written`)
      }
      before = { seq, hash: hashOf(line) }
      see(line)
    }
  }
}

const readEnd = async (file: string, handle: FileHandle) => {
  const { size } = await handle.stat()
  const from = Math.max(0, size - TAIL_BYTES)
  const bytes = await read(handle, from, size - from)
  // Blocks that never reached the disk read as zeros. No line holds a zero. Bytes after a hole were not synced either.
  const zero = bytes.indexOf(0)
  if (zero !== -1 && !isHole(bytes, zero, from)) throw damaged(file, `its byte at ${from + zero} is zero`)
  const sound = zero === -1 ? bytes : bytes.subarray(0, zero)
  const end = sound.lastIndexOf('\n')
  const torn = bytes.subarray(end + 1)
  if (end === -1 && from === 0) return { head: undefined, length: 0, torn }
  const whole = bytes.subarray(0, Math.max(0, end))
  const line = whole.subarray(whole.lastIndexOf('\n') + 1)
  const link = readLink(line)
  if (link === undefined) throw damaged(file, 'its last line is not a line of an audit file')
  return { head: { seq: link.seq, hash: hashOf(line) }, length: from + end + 1, torn }
}

/** The smallest unit that a disk writes. */
const SECTOR_BYTES = 512

/**
 * Whether zeros are a hole, that is, sectors that never reached the disk. A hole begins after a newline or at the start
 * of a sector. It ends at the end of a sector or of the file. A single byte changed to zero is not a hole: the bytes
 * after it were synced.
 */
const isHole = (bytes: Buffer, zero: number, from: number): boolean => {
  const length = bytes.subarray(zero).findIndex((byte) => byte !== 0)
  const [start, end] = [from + zero, from + zero + length]
  const begins = start % SECTOR_BYTES === 0 || bytes[zero - 1] === NEWLINE
  return begins && (length === -1 || end % SECTOR_BYTES === 0)
}

/** The last line of the newest rotated file. It is the head after a crash between a rotation and the next line. */
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

const damaged = (file: string, why: string) => new DamagedTrail(`${file} cannot be continued: ${why}`)
