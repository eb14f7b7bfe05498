import { open } from 'node:fs/promises'
import type { AuditHead } from '../../app/audit.ts'
import { BEFORE_ALL, BEGINNING_BYTES, hashOf, LONGEST_LINE_BYTES, readLink, readSeq } from './audit-line.ts'
import { readLines } from './read-lines.ts'

/** The first place at which the files are not one whole chain. */
interface ChainFault {
  readonly file: string
  readonly line: number
  readonly expected: string
  readonly found: string
}

/** The result of a check, up to the first fault. */
export interface ChainReport {
  readonly records: number
  /** ISO 8601. Undefined without a record. */
  readonly firstTime: string | undefined
  readonly lastTime: string | undefined
  readonly head: AuditHead
  readonly fault: ChainFault | undefined
}

/**
 * Checks that the files hold one whole chain from its first line on. The order of `files` does not matter. Reads them
 * as a stream. Throws the errors of the file system.
 */
export const verifyChain = async (files: readonly string[]): Promise<ChainReport> => {
  let head = BEFORE_ALL
  let headAt = ''
  let firstTime: string | undefined
  let lastTime: string | undefined
  const report = (fault?: ChainFault): ChainReport => ({ records: head.seq, firstTime, lastTime, head, fault })

  for (const file of await inOrder(files)) {
    let line = 0
    const fault = (expected: string, found: string) => report({ file, line, expected, found })
    for await (const { lines, rest } of readLines(file)) {
      for (const bytes of lines) {
        line++
        const link = readLink(bytes)
        if (link === undefined) return fault('a line of an audit file', excerpt(bytes))
        const { seq, prev, time } = link
        if (seq !== head.seq + 1) return fault(`seq ${head.seq + 1}`, `seq ${seq}${hint(seq, head.seq, line)}`)
        if (prev !== head.hash) return fault(`prev ${head.hash}${headAt}`, `prev ${prev}`)
        firstTime ??= time
        lastTime = time
        head = { seq, hash: hashOf(bytes) }
        headAt = `, the hash of ${file}:${line}`
      }
      if (rest === undefined) continue
      line++
      return rest.length > LONGEST_LINE_BYTES
        ? fault(`a line of at most ${LONGEST_LINE_BYTES} bytes`, 'a longer line')
        : fault('a newline at the end of the line', `the end of the file after ${excerpt(rest)}${UNFINISHED}`)
    }
  }
  return report()
}

const UNFINISHED =
  ' (the line is unfinished: a running daemon completes it; after a crash the next start of the daemon removes it)'

const hint = (seq: number, last: number, line: number): string => {
  if (seq === 1) return ' (a second chain begins here)'
  if (seq <= last) return ' (this line number was read before)'
  return line === 1 ? ` (is the file with the lines ${last + 1} to ${seq - 1} missing?)` : ''
}

/**
 * Sorts the files by the number of their first line. A file that does not begin with a line of an audit file comes
 * first, so that it is reported. The place of an empty file does not matter.
 */
const inOrder = async (files: readonly string[]): Promise<readonly string[]> => {
  const found = await Promise.all([...new Set(files)].map(async (file) => ({ file, seq: await firstSeq(file) })))
  return found.sort((a, b) => a.seq - b.seq).map(({ file }) => file)
}

const firstSeq = async (file: string): Promise<number> => {
  const handle = await open(file, 'r')
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(BEGINNING_BYTES), 0, BEGINNING_BYTES, 0)
    return readSeq(buffer.subarray(0, bytesRead)) ?? 0
  } finally {
    await handle.close()
  }
}

const EXCERPT_BYTES = 60

/** As JSON, so that a terminal shows control characters instead of executing them. */
const excerpt = (bytes: Buffer): string =>
  `${JSON.stringify(bytes.subarray(0, EXCERPT_BYTES).toString())}${bytes.length > EXCERPT_BYTES ? '…' : ''}`
