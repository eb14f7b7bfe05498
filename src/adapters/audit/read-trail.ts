import { TRAIL_TEXTS, type TrailRecord } from '../../app/trail-record.ts'
import { DAY, type Instant, toIso } from '../../domain/time/instant.ts'
import { LONGEST_LINE_BYTES, mayBeTornOff, notTheNext, readTime } from './audit-line.ts'
import type { TrailPart } from './trail-parts.ts'

/** A place at which the files are not a whole trail. */
export interface TrailFlaw {
  readonly file: string
  readonly line: number
  readonly message: string
}

/** From `since` on, until before `until`. */
export interface TrailPeriod {
  readonly since?: Instant | undefined
  readonly until?: Instant | undefined
}

/**
 * The records of a termination lie within a day. So do those of a disk that was full: they are written later, with their
 * own time.
 */
const AROUND_MS = DAY

/** The number and the time of a line. */
export interface LinePlace {
  readonly seq: number
  readonly at: Instant
}

/** The result of one read. */
export interface TrailGroup {
  readonly records: readonly TrailRecord[]
  readonly flaws: readonly TrailFlaw[]
  /** How many lines were read for it, also those that do not matter. */
  readonly lines: number
  /** The first and the last of these lines. Undefined if none of them is sound. */
  readonly span: { readonly first: LinePlace; readonly last: LinePlace } | undefined
}

/**
 * The records of a trail around a period whose lines `mayMatter`, in the order of their numbers, and each place at which lines
 * are missing or damaged. What is whole around such a place is read. The parts are in the order of their lines. Does not
 * check the chain. Throws the errors of the parts.
 */
export async function* readTrail(
  parts: readonly TrailPart[],
  period: TrailPeriod,
  mayMatter: (line: Buffer) => boolean,
): AsyncGenerator<TrailGroup> {
  const isAround = createIsAround(period)
  const order = createOrder()
  for (const [index, { name: file, firstSeq, countedAfter = 0, lines: readLines }] of parts.entries()) {
    if (isAside(parts, index, period)) {
      const message = order.leaveOut(firstSeq)
      if (message !== undefined) yield { records: [], flaws: [{ file, line: 1, message }], lines: 0, span: undefined }
      continue
    }
    order.beginFile()
    let number = countedAfter
    for await (const { lines, rest, damage } of readLines()) {
      const records: TrailRecord[] = []
      const flaws: TrailFlaw[] = []
      let firstLine: Buffer | undefined
      let lastLine: Buffer | undefined
      for (const line of lines) {
        number++
        const { message, isReadable } = order.take(endsWell(line) ? seqOf(line) : undefined)
        if (message !== undefined) flaws.push({ file, line: number, message })
        if (!isReadable) continue
        firstLine ??= line
        lastLine = line
        if (!isAround(line) || !mayMatter(line)) continue
        const record = recordOf(line)
        if (record === undefined) flaws.push({ file, line: number, message: NO_LINE })
        else records.push(record)
      }
      if (rest !== undefined) flaws.push({ file, line: number + 1, message: messageOfRest(rest, damage, order.last()) })
      const [first, last] = [placeOf(firstLine), placeOf(lastLine)]
      yield { records, flaws, lines: lines.length, span: first && last && { first, last } }
    }
  }
}

const NO_LINE = 'this is not a line of an audit file'

const messageOfRest = (rest: Buffer, damage: string | undefined, last: number | undefined): string => {
  if (damage !== undefined) return `${damage}: the rest of the file is not read`
  if (rest.length > LONGEST_LINE_BYTES) return 'this line is too long: the rest of the file is not read'
  const next = last === undefined ? undefined : last + 1
  if (!mayBeTornOff(rest, next)) return `the last line is unfinished and ${notTheNext(next)}`
  return 'the last line is unfinished: a running daemon completes it, and after a crash its next start removes it'
}

/** The fault of a line, and whether it can be read all the same. */
interface Taken {
  readonly message: string | undefined
  readonly isReadable: boolean
}

const GOOD: Taken = { message: undefined, isReadable: true }
const REPEATED: Taken = { message: undefined, isReadable: false }

/** Follows the numbers of the lines. */
const createOrder = () => {
  /** The number of the last line. Undefined before the first one that is read, and after files that are left out. */
  let last: number | undefined
  let isRepeating = false
  return {
    beginFile() {
      isRepeating = false
    },
    /** Passes over a file that begins with line `firstSeq`. Says which lines are missing before it. */
    leaveOut(firstSeq: number | undefined): string | undefined {
      const expected = last === undefined ? undefined : last + 1
      last = undefined
      if (expected === undefined || firstSeq === undefined || firstSeq <= expected) return undefined
      return missingText(expected, firstSeq)
    },
    last: () => last,
    /** `seq`: the number of the next line. Undefined if it is not a line of an audit file. */
    take(seq: number | undefined): Taken {
      if (seq === undefined) {
        if (last !== undefined) last++
        return { message: NO_LINE, isReadable: false }
      }
      if (last !== undefined && seq <= last) {
        if (isRepeating) return REPEATED
        isRepeating = true
        return {
          message: `line ${seq} of the trail was read before: it is left out, as are those that follow it`,
          isReadable: false,
        }
      }
      isRepeating = false
      const expected = last === undefined ? seq : last + 1
      last = seq
      return seq === expected ? GOOD : { message: missingText(expected, seq), isReadable: true }
    },
  }
}

/** `expected`: the first missing line. `found`: the line that follows instead of it. */
const missingText = (expected: number, found: number) =>
  `${expected === found - 1 ? `line ${expected} of the trail is` : `lines ${expected} to ${found - 1} of the trail are`} missing before this one`

/** Whether all lines of a part are too early or too late. */
const isAside = (parts: readonly TrailPart[], index: number, { since, until }: TrailPeriod): boolean => {
  const [firstAt, nextAt] = [parts[index]?.firstAt, parts[index + 1]?.firstAt]
  if (since !== undefined && nextAt !== undefined && nextAt < since - AROUND_MS) return true
  return until !== undefined && firstAt !== undefined && firstAt > until + AROUND_MS
}

const TIME_BYTES = '2026-12-01T00:00:00.000Z'.length
const BETWEEN_BYTES = ',"time":"'.length

/** Reads the time of a line without parsing it: texts of instants sort like the instants. */
const createIsAround = ({ since, until }: TrailPeriod) => {
  if (since === undefined && until === undefined) return () => true
  const first = since === undefined ? '' : (toIso(since - AROUND_MS) ?? '')
  const last = until === undefined ? '~' : (toIso(until + AROUND_MS) ?? '~')
  return (line: Buffer): boolean => {
    const from = line.indexOf(',', SEQ.length) + BETWEEN_BYTES
    const time = line.toString('latin1', from, from + TIME_BYTES)
    return time >= first && time <= last
  }
}

const placeOf = (line: Buffer | undefined): LinePlace | undefined => {
  const [seq, at] = line === undefined ? [] : [seqOf(line), readTime(line)]
  return seq === undefined || at === undefined ? undefined : { seq, at }
}

const SEQ = Buffer.from('{"seq":')
const COMMA = 0x2c

/** The number of a line. Undefined if it does not begin as a line does. */
const seqOf = (line: Buffer): number | undefined => {
  for (let at = 0; at < SEQ.length; at++) if (line[at] !== SEQ[at]) return undefined
  let seq = 0
  for (let at = SEQ.length; ; at++) {
    const digit = (line[at] ?? 0) - 0x30
    if (digit < 0 || digit > 9) return line[at] === COMMA && at > SEQ.length ? seq : undefined
    seq = seq * 10 + digit
  }
}

/** Whether the last two bytes are those of every line: the end of `prev` and of the object. */
const endsWell = (line: Buffer): boolean => line[line.length - 1] === 0x7d && line[line.length - 2] === 0x22

/** Undefined for a line that somebody has changed so that it is no record. */
const recordOf = (line: Buffer): TrailRecord | undefined => {
  let value: unknown
  try {
    value = JSON.parse(line.toString())
  } catch {
    return undefined
  }
  const isObject = typeof value === 'object' && value !== null
  return isObject && isRecord(value as Record<string, unknown>) ? (value as TrailRecord) : undefined
}

const isRecord = (fields: Record<string, unknown>): boolean => {
  const { seq, time, event, call = {}, part = 1, parts = 1 } = fields
  if (typeof seq !== 'number' || typeof event !== 'string') return false
  if (typeof time !== 'string' || Number.isNaN(Date.parse(time))) return false
  if (typeof call !== 'object' || call === null || typeof part !== 'number' || typeof parts !== 'number') return false
  if (![fields.alsoBy, fields.added, fields.removed].every(isListOfTexts)) return false
  return TRAIL_TEXTS.every((key) => fields[key] === undefined || typeof fields[key] === 'string')
}

const isListOfTexts = (value: unknown): boolean =>
  value === undefined || (Array.isArray(value) && value.every((one) => typeof one === 'string'))
