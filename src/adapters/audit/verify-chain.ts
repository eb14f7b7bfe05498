import { open } from 'node:fs/promises'
import type { AuditHead } from '../../app/audit.ts'
import { BEFORE_ALL, BEGINNING_BYTES, hashOf, LONGEST_LINE_BYTES, readLink, readSeq } from './audit-line.ts'
import { readLines } from './read-lines.ts'

/** The first place at which the files are not one whole chain. */
export interface ChainFault {
  readonly file: string
  readonly line: number
  readonly expected: string
  readonly found: string
}

/** What was read, up to the first fault. */
export interface ChainReport {
  readonly records: number
  /** ISO 8601; undefined without a record. */
  readonly firstTime: string | undefined
  readonly lastTime: string | undefined
  readonly head: AuditHead
  readonly fault: ChainFault | undefined
}

/** Checks that the files, in whatever order, hold one chain from its first line on. Reads them as a stream; throws what the disk throws. */
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
        ? fault(`a line of at most ${LONGEST_LINE_BYTES} bytes`, 'a longer one')
        : fault('a newline at the end of the line', `the end of the file after ${excerpt(rest)}${UNFINISHED}`)
    }
  }
  return report()
}

const UNFINISHED = ' (it is being written, or was cut short: a running daemon ends it, the next start repairs it)'

const hint = (seq: number, last: number, line: number): string => {
  if (seq === 1) return ' (a second chain begins here)'
  if (seq <= last) return ' (this line was there already)'
  return line === 1 ? ` (was a file left out that holds ${last + 1} to ${seq - 1}?)` : ''
}

/** By the number of the first line. A file that does not begin like one of ours comes first, to be reported; an empty one does not matter. */
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

/** As JSON, so that what a terminal would obey is shown and not obeyed. */
const excerpt = (bytes: Buffer): string =>
  `${JSON.stringify(bytes.subarray(0, EXCERPT_BYTES).toString())}${bytes.length > EXCERPT_BYTES ? '…' : ''}`
