import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import type {
  AuditHead,
  AuditRecord,
  ExtendedRecord,
  ListChangedRecord,
  NotWarnedRecord,
  OutcomeRecord,
  PolicySetRecord,
  WouldEndRecord,
} from '../../app/audit.ts'
import { printable } from '../../domain/printable.ts'
import { type Instant, NEVER, toIso } from '../../domain/time/instant.ts'

/** The head of a chain without lines: the first line refers to it. */
export const BEFORE_ALL: AuditHead = { seq: 0, hash: '0'.repeat(64) }

/** The greatest length of a line. A reader needs no more memory than this. */
export const LONGEST_LINE_BYTES = 1024 * 1024

/** The SHA-256 of a line without its newline, in hex. */
export const hashOf = (line: Uint8Array): string => hash('sha256', line)

type OwnFields<Line> = Omit<Line, 'event' | 'policy'>

/** Every field that some record has. The order of the keys is part of the format. */
type Fields = Partial<
  { readonly policy: string | undefined } & OwnFields<OutcomeRecord> &
    OwnFields<NotWarnedRecord> &
    OwnFields<ExtendedRecord> &
    OwnFields<WouldEndRecord> &
    OwnFields<ListChangedRecord> &
    OwnFields<PolicySetRecord>
>

/** The line that follows `previous`, without its newline. Throws a RangeError if its time is not a valid instant. */
export const lineOf = (record: AuditRecord, previous: AuditHead): Buffer => {
  const { event: _event, ...rest } = record
  const fields: Fields = rest
  const { endpointId, account, region, connectionId, username, commonName, policy, alsoBy, reason, because } = fields
  const {
    call,
    requestId,
    outcome,
    target,
    lead,
    why,
    extension,
    by,
    via,
    list,
    added,
    removed,
    part,
    parts,
    text,
    policySetHash,
  } = fields
  return Buffer.from(
    // Terminals show these lines, so control characters are escaped.
    printable(
      JSON.stringify({
        seq: previous.seq + 1,
        time: new Date(record.time).toISOString(),
        event: record.event,
        endpointId,
        account,
        region,
        connectionId,
        username,
        commonName,
        policy,
        alsoBy,
        reason,
        because,
        since: isoOrAbsent(fields.since),
        deadline: isoOrAbsent(fields.deadline),
        heldBy: fields.heldBy,
        call: call && { id: call.id, selector: call.selector },
        requestId,
        outcome,
        target,
        lead,
        endsAt: isoOrAbsent(fields.endsAt),
        why,
        extension,
        by,
        via,
        list,
        added,
        removed,
        part,
        parts,
        text,
        policySetHash,
        prev: previous.hash,
      }),
    ),
  )
}

const isoOrAbsent = (at: Instant | undefined) => toIso(at ?? NEVER) ?? undefined

/** A line's place in the chain. */
interface Link {
  readonly seq: number
  readonly time: string
  readonly prev: string
}

const HASH = /^[0-9a-f]{64}$/

/** Reads a whole line without its newline. Undefined if it is not a line of an audit file. */
export const readLink = (line: Buffer): Link | undefined => {
  if (!isUtf8(line)) return undefined
  let value: unknown
  try {
    value = JSON.parse(line.toString())
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { seq, time, prev } = value as Record<string, unknown>
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1) return undefined
  if (typeof time !== 'string' || typeof prev !== 'string' || !HASH.test(prev)) return undefined
  return { seq, time, prev }
}

/** The start of every line. It fits into `BEGINNING_BYTES`, together with the time. */
const BEGINNING = /^\{"seq":([1-9]\d{0,15}),"time":"/
export const BEGINNING_BYTES = 64

/** The number of the line that starts with these bytes. Undefined if it is not a line of an audit file. */
export const readSeq = (beginning: Buffer): number | undefined => {
  const found = BEGINNING.exec(beginning.toString('latin1'))?.[1]
  return found === undefined ? undefined : Number(found)
}

/** The time of the line that starts with these bytes. Undefined if it is not a line of an audit file. */
export const readTime = (beginning: Buffer): Instant | undefined => {
  const text = /^\{"seq":\d+,"time":"([^"]+)"/.exec(beginning.toString('latin1', 0, BEGINNING_BYTES))?.[1]
  const found = Date.parse(text ?? '')
  return Number.isNaN(found) ? undefined : found
}

/** The length of the end of every line: its `prev`, the last key. */
const END_BYTES = '"prev":"'.length + 64 + '"}'.length

/** The hash of the previous line, read from the end of this one. Undefined if this is not a line of an audit file. */
export const readPrev = (line: Buffer): string | undefined =>
  /^"prev":"([0-9a-f]{64})"\}$/.exec(line.subarray(-END_BYTES).toString('latin1'))?.[1]

/**
 * Whether an interrupted write of line `seq`, or of any line, can leave these bytes. Blocks that never reached the disk
 * are zeros.
 */
export const mayBeTornOff = (bytes: Buffer, seq: number | undefined): boolean => {
  const zero = bytes.indexOf(0)
  const written = (zero === -1 ? bytes : bytes.subarray(0, zero)).toString('latin1')
  const beginning = seq === undefined ? '{"seq":' : `{"seq":${seq},"time":"`
  return written.startsWith(beginning.slice(0, written.length))
}

/** Follows "the line is unfinished and", for an end that `mayBeTornOff` refuses. */
export const notTheNext = (seq: number | undefined): string =>
  `not the beginning of ${seq === undefined ? 'a line' : `line ${seq}`}: the daemon does not continue such a file`
