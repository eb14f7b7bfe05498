import { readdir, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Instant } from '../../domain/time/instant.ts'
import { BEGINNING_BYTES, LONGEST_LINE_BYTES, readSeq, readTime } from './audit-line.ts'
import { isPartOf, unpackedName } from './file-names.ts'
import { beginningOf } from './part.ts'
import { type Lines, readLines } from './read-lines.ts'

/** Lines of a trail in one place: a file, or the chain of a unit in a database. */
export interface TrailPart {
  /** The path of the file, or the unit. Faults name it. */
  readonly name: string
  /** Of its first line, or of the next one that is not damaged. Undefined if there is none. */
  readonly firstSeq: number | undefined
  readonly firstAt: Instant | undefined
  /** Where the lines are counted by their numbers in the trail: the number of the line before the first one. */
  readonly countedAfter?: number
  /** Reads the lines. */
  readonly lines: () => Lines
}

/**
 * The files of the trail at a path: the one that the daemon writes, and those beside it that it or another program has
 * rotated or compressed. Of a file that is there twice, the one that is not compressed. Throws the errors of the file
 * system, also if there is no file.
 */
export const partsOf = async (path: string): Promise<readonly string[]> => {
  const file = await realpath(path)
  const names = (await readdir(dirname(file))).filter((name) => isPartOf(file, name))
  return names
    .filter((name) => unpackedName(name) === name || !names.includes(unpackedName(name)))
    .map((name) => join(dirname(file), name))
}

/**
 * The files by the number of their first line. A file that has no line of an audit file comes first, so that it is
 * reported. The place of an empty file does not matter.
 */
export const inOrder = async (files: readonly string[]): Promise<readonly TrailPart[]> => {
  const parts = await Promise.all([...new Set(files)].map(partOf))
  return parts.sort((a, b) => (a.firstSeq ?? 0) - (b.firstSeq ?? 0))
}

const partOf = async (file: string): Promise<TrailPart> => {
  const beginning = await beginningOf(file, BEGINNING_BYTES)
  const line = readSeq(beginning) === undefined ? firstLineIn(await beginningOf(file, SEARCHED_BYTES)) : beginning
  return { name: file, firstSeq: readSeq(line), firstAt: readTime(line), lines: () => readLines(file) }
}

/** A line that is too long to be one, and the one after it. */
const SEARCHED_BYTES = 2 * LONGEST_LINE_BYTES

const firstLineIn = (bytes: Buffer): Buffer => {
  let from = 0
  while (readSeq(bytes.subarray(from, from + BEGINNING_BYTES)) === undefined) {
    const end = bytes.indexOf('\n', from)
    if (end === -1) break
    from = end + 1
  }
  return bytes.subarray(from, from + BEGINNING_BYTES)
}
