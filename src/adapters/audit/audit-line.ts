import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import type { AuditHead, AuditRecord } from '../../app/audit.ts'
import { printable } from '../../domain/printable.ts'
import { type Instant, NEVER, toIso } from '../../domain/time/instant.ts'

/** What the first line of a chain follows. */
export const BEFORE_ALL: AuditHead = { seq: 0, hash: '0'.repeat(64) }

/** A line ends within so many bytes, so that whoever reads a file needs no more memory than this. */
export const LONGEST_LINE_BYTES = 1024 * 1024

/** Of a line's bytes, its newline not included. */
export const hashOf = (line: Uint8Array): string => hash('sha256', line)

/** The line that follows `previous`, without its newline. Throws a RangeError if its time is no instant. */
export const lineOf = (record: AuditRecord, previous: AuditHead): Buffer =>
  Buffer.from(
    // The order of the keys is part of the format. People read it at terminals, too.
    printable(
      JSON.stringify({
        seq: previous.seq + 1,
        time: new Date(record.time).toISOString(),
        event: record.event,
        endpointId: record.endpointId ?? undefined,
        account: record.account ?? undefined,
        region: record.region ?? undefined,
        connectionId: record.connectionId ?? undefined,
        username: record.username ?? undefined,
        commonName: record.commonName ?? undefined,
        policy: record.policy ?? undefined,
        alsoBy: record.alsoBy ?? undefined,
        reason: record.reason ?? undefined,
        because: record.because ?? undefined,
        since: isoOrAbsent(record.since),
        deadline: isoOrAbsent(record.deadline),
        call: record.call ? { id: record.call.id, selector: record.call.selector } : undefined,
        requestId: record.requestId ?? undefined,
        outcome: record.outcome ?? undefined,
        policySetHash: record.policySetHash ?? undefined,
        prev: previous.hash,
      }),
    ),
  )

const isoOrAbsent = (at: Instant | null | undefined) => toIso(at ?? NEVER) ?? undefined

/** A line's place in the chain. */
export interface Link {
  readonly seq: number
  readonly time: string
  readonly prev: string
}

const HASH = /^[0-9a-f]{64}$/

/** Undefined if this is no line of an audit file. */
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

/** How every line begins, and how much of a file is enough to see it. */
const BEGINNING = /^\{"seq":([1-9]\d{0,15}),"time":"/
export const BEGINNING_BYTES = 64

/** The number of the line whose first bytes these are; undefined if this is no line of an audit file. */
export const readSeq = (beginning: Buffer): number | undefined => {
  const found = BEGINNING.exec(beginning.toString('latin1'))?.[1]
  return found === undefined ? undefined : Number(found)
}

/** How every line ends. */
const END_BYTES = '"prev":"'.length + 64 + '"}'.length

/** The hash of the line before, as the end of this one has it; undefined if this is no line of an audit file. */
export const readPrev = (line: Buffer): string | undefined =>
  /^"prev":"([0-9a-f]{64})"\}$/.exec(line.subarray(-END_BYTES).toString('latin1'))?.[1]

/** Whether a write of line `seq` that was cut short, or whose blocks never reached the disk, may have left these bytes. */
export const mayBeTornOff = (bytes: Buffer, seq: number): boolean => {
  const zero = bytes.indexOf(0)
  const written = (zero === -1 ? bytes : bytes.subarray(0, zero)).toString('latin1')
  const beginning = `{"seq":${seq},"time":"`
  return written.startsWith(beginning.slice(0, written.length))
}
