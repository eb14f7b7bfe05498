import type { AuditHead } from '../../app/audit.ts'
import { BEFORE_ALL, hashOf, LONGEST_LINE_BYTES, mayBeTornOff, notTheNext, readLink } from './audit-line.ts'
import type { TrailPart } from './trail-parts.ts'

/** The first place at which the parts are not one whole chain. `file`: the name of the part. */
interface ChainFault {
  readonly file: string
  readonly line: number
  readonly expected: string
  readonly found: string
}

/** The result of a check, up to the first fault. */
export interface ChainReport {
  readonly records: number
  /** The line before the first one, as that one gives it. Nothing proves it but an anchor. */
  readonly before: AuditHead
  /** ISO 8601. Undefined without a record. */
  readonly firstTime: string | undefined
  readonly lastTime: string | undefined
  readonly head: AuditHead
  readonly fault: ChainFault | undefined
}

/**
 * Checks that the parts hold one whole chain, from line `from` on. `anchors` are heads of this chain that were kept
 * elsewhere: each must be the hash of its line. With `after`, the chain begins behind that line, whose hash is known.
 * Reads the parts as a stream, in their order. Throws their errors.
 */
export const verifyChain = async (
  parts: readonly TrailPart[],
  {
    after,
    from = (after?.seq ?? 0) + 1,
    anchors = [],
  }: { readonly from?: number; readonly after?: AuditHead; readonly anchors?: readonly AuditHead[] } = {},
): Promise<ChainReport> => {
  const expectedBySeq = new Map<number, string[]>()
  for (const { seq, hash } of anchors) expectedBySeq.set(seq, [...(expectedBySeq.get(seq) ?? []), hash])
  /** A hash that an anchor of the line has and the line does not. */
  const otherThan = ({ seq, hash }: AuditHead) => expectedBySeq.get(seq)?.find((expected) => expected !== hash)

  let before: AuditHead | undefined = after ?? (from === 1 ? BEFORE_ALL : undefined)
  let head = before
  let headAt = ''
  let place = { file: parts[0]?.name ?? '', line: 1 }
  let firstTime: string | undefined
  let lastTime: string | undefined
  const report = (fault?: ChainFault): ChainReport => {
    const known = before ?? { seq: from - 1, hash: '' }
    const last = head ?? known
    return { records: last.seq - known.seq, before: known, firstTime, lastTime, head: last, fault }
  }
  const fault = (expected: string, found: string) =>
    report({ ...place, line: Math.max(1, place.line), expected, found })

  const wrongStart = before && otherThan(before)
  if (before !== undefined && wrongStart !== undefined)
    return fault(`hash ${wrongStart} of line ${before.seq}, as the anchor has it`, before.hash)

  for (const { name: file, countedAfter, lines: readLines } of parts) {
    place = { file, line: countedAfter ?? 0 }
    const isFile = countedAfter === undefined
    for await (const { lines, rest, damage } of readLines()) {
      for (const bytes of lines) {
        place.line++
        const link = readLink(bytes)
        if (link === undefined) return fault('a line of an audit file', excerpt(bytes))
        const { seq, prev, time } = link
        const last = head?.seq ?? from - 1
        if (seq !== last + 1)
          return fault(`seq ${last + 1}`, `seq ${seq}${isFile ? hint(seq, last, place.line, from) : ''}`)
        if (head === undefined) {
          before = { seq: last, hash: prev }
          const expected = otherThan(before)
          if (expected !== undefined)
            return fault(`prev ${expected}, as the anchor of line ${last} has it`, `prev ${prev}`)
        } else if (prev !== head.hash) {
          const changed = ` (line ${last}, or the link to it in line ${seq}, was changed)`
          return fault(`prev ${head.hash}${headAt}`, `prev ${prev}${changed}`)
        }
        const own = { seq, hash: hashOf(bytes) }
        const expected = otherThan(own)
        if (expected !== undefined) {
          const changed = ' (this line, or one before it, was changed after the anchor was kept)'
          return fault(`hash ${expected}, as the anchor of line ${seq} has it`, `hash ${own.hash}${changed}`)
        }
        firstTime ??= time
        lastTime = time
        head = own
        headAt = `, the hash of ${file}:${place.line}`
      }
      if (rest === undefined) continue
      place.line++
      if (damage !== undefined) return fault('the next line, or the end of the file', damage)
      if (rest.length > LONGEST_LINE_BYTES)
        return fault(`a line of at most ${LONGEST_LINE_BYTES} bytes`, 'a longer line')
      // A file with nothing but the beginning of a line is read first, wherever it belongs.
      const next = firstTime === undefined ? undefined : (head?.seq ?? 0) + 1
      const why = mayBeTornOff(rest, next) ? UNFINISHED : ` (the line is unfinished and ${notTheNext(next)})`
      return fault('a newline at the end of the line', `the end of the file after ${excerpt(rest)}${why}`)
    }
  }

  const last = head?.seq ?? from - 1
  const beyond = anchors.find(({ seq }) => seq > last)
  if (beyond === undefined) return report()
  const missing = last + 1 === beyond.seq ? `line ${beyond.seq} is` : `lines ${last + 1} to ${beyond.seq} are`
  return fault(
    `line ${beyond.seq}, which the anchor has`,
    `the end of the trail after line ${last}: ${missing} missing`,
  )
}

const UNFINISHED =
  ' (the line is unfinished: a running daemon completes it; after a crash the next start of the daemon removes it)'

const hint = (seq: number, last: number, line: number, from: number): string => {
  if (seq === 1 && last > 0) return from === last + 1 ? ' (the trail is complete: leave out --from)' : SECOND
  if (seq <= last)
    return from === last + 1 ? ` (these files begin at line ${seq})` : ' (this line number was read before)'
  if (line !== 1) return ''
  if (last === 0)
    return ` (are the files with the lines 1 to ${seq - 1} missing? If they were removed on purpose: --from ${seq})`
  return ` (is the file with the lines ${last + 1} to ${seq - 1} missing?)`
}

const SECOND = ' (a second chain begins here)'

const EXCERPT_BYTES = 60

/** As JSON, so that a terminal shows control characters instead of executing them. */
const excerpt = (bytes: Buffer): string =>
  `${JSON.stringify(bytes.subarray(0, EXCERPT_BYTES).toString())}${bytes.length > EXCERPT_BYTES ? '…' : ''}`
