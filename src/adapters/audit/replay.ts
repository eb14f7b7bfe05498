import { open, readdir, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ExtendedRecord, OutcomeRecord, ReplayedRecord } from '../../app/audit.ts'
import type { Instant } from '../../domain/time/instant.ts'
import { orMissing } from '../files/disk-fault.ts'
import { BEGINNING_BYTES, LONGEST_LINE_BYTES, readTime } from './audit-line.ts'
import { lastSeqOf } from './file-names.ts'
import { readLines } from './read-lines.ts'

/** The last whole line and a part of the next one fit in. */
const END_BYTES = 2 * LONGEST_LINE_BYTES

const EVENTS = ['intent', 'outcome', 'gave-up', 'extended'].map((event) => Buffer.from(`"event":"${event}"`))

/** A line as JSON gives it: instants are text, and what was undefined is missing. */
type Line = Omit<Partial<OutcomeRecord>, 'event' | 'time' | 'since' | 'deadline'> &
  Partial<Pick<ExtendedRecord, 'extension' | 'by' | 'via'>> & {
    readonly event?: string
    readonly time?: string
    readonly since?: string
    readonly deadline?: string
    readonly endsAt?: string
  }

const at = (text: string | undefined): Instant | undefined => (text === undefined ? undefined : Date.parse(text))

/** The intent, outcome or extension of a line. Undefined for any other line, and where the line lacks what each has. */
export const readAction = (bytes: Buffer): ReplayedRecord | undefined => {
  if (!EVENTS.some((event) => bytes.includes(event))) return undefined
  let line: Line
  try {
    line = JSON.parse(bytes.toString()) as Line
  } catch {
    // The start has checked the current file. A rotated file may have been damaged since.
    return undefined
  }
  const { event, time, endpointId, region, connectionId, policy, reason, call, policySetHash, because } = line
  if (!time || !endpointId || !region || !connectionId || !policy || !reason) return undefined
  if (because === undefined || policySetHash === undefined) return undefined
  const { account, username, commonName, alsoBy = [], since, deadline, requestId, outcome } = line
  const record = {
    time: Date.parse(time),
    policySetHash,
    endpointId,
    account,
    region,
    connectionId,
    username,
    commonName,
    policy,
    reason,
    because,
    alsoBy,
    since: at(since),
    deadline: at(deadline),
  }
  if (event === 'extended') return extensionOf(line, record)
  if (call === undefined) return undefined
  if (event === 'intent') return { ...record, event, call }
  if ((event !== 'outcome' && event !== 'gave-up') || outcome === undefined) return undefined
  return { ...record, event, call, requestId, outcome }
}

const extensionOf = (
  { extension, by, via, endsAt }: Line,
  record: Omit<ExtendedRecord, 'event' | 'extension' | 'by' | 'via' | 'endsAt'>,
): ExtendedRecord | undefined => {
  const until = at(endsAt)
  if (until === undefined || extension === undefined || by === undefined || via === undefined) return undefined
  return { ...record, event: 'extended', extension, by, via, endsAt: until }
}

/**
 * Gives `read` the intents, outcomes and extensions of a trail since an instant, in their order. `since` is given the time of the
 * newest record; undefined if there is none. A trail that does not exist has none. Rotated files are read as far back as
 * needed, and as far as they are still there. Throws the errors of the file system.
 */
export const replay = async (
  path: string,
  since: (newestAt: Instant | undefined) => Instant,
  read: (record: ReplayedRecord) => void,
): Promise<void> => {
  const file = await orMissing(realpath(path))
  if (file === undefined) return
  const files = await filesOf(file)
  const from = since(await newestIn(files))
  for (const one of await filesSince(files, from)) {
    for await (const { lines } of readLines(one)) {
      for (const line of lines) {
        const record = readAction(line)
        if (record !== undefined && record.time >= from) read(record)
      }
    }
  }
}

/** All files of the trail, newest first. */
const filesOf = async (file: string): Promise<readonly string[]> => {
  const folder = dirname(file)
  const rotated = (await readdir(folder))
    .flatMap((name) => {
      const seq = lastSeqOf(file, name)
      return seq === undefined ? [] : [{ seq, path: join(folder, name) }]
    })
    .sort((one, other) => other.seq - one.seq)
  return [file, ...rotated.map((one) => one.path)]
}

/** The files that may hold records since an instant, oldest first. */
const filesSince = async (files: readonly string[], since: Instant): Promise<readonly string[]> => {
  const found: string[] = []
  for (const path of files) {
    found.unshift(path)
    const firstAt = readTime(await readAt(path, () => 0, BEGINNING_BYTES))
    if (firstAt !== undefined && firstAt < since) break
  }
  return found
}

/** The time of the last whole line. After a rotation it is in the file before. */
const newestIn = async (files: readonly string[]): Promise<Instant | undefined> => {
  for (const path of files) {
    const bytes = await readAt(path, (size) => Math.max(0, size - END_BYTES), END_BYTES)
    const whole = bytes.subarray(0, Math.max(0, bytes.lastIndexOf('\n')))
    const time = readTime(whole.subarray(whole.lastIndexOf('\n') + 1))
    if (time !== undefined) return time
  }
  return undefined
}

const readAt = async (file: string, from: (size: number) => number, length: number): Promise<Buffer> => {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(size, length)), 0, undefined, from(size))
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
