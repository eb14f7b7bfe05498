import { open, readdir, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { IntentRecord, OutcomeRecord } from '../../app/audit.ts'
import type { Instant } from '../../domain/time/instant.ts'
import { BEGINNING_BYTES } from './audit-line.ts'
import { orMissing } from './failure.ts'
import { lastSeqOf } from './file-names.ts'
import { readLines } from './read-lines.ts'

const EVENTS = ['intent', 'outcome', 'gave-up'].map((event) => Buffer.from(`"event":"${event}"`))

/** A line as JSON gives it: instants are text, and what was undefined is missing. */
type Line = Omit<Partial<OutcomeRecord>, 'event' | 'time' | 'since' | 'deadline'> & {
  readonly event?: string
  readonly time?: string
  readonly since?: string
  readonly deadline?: string
}

const at = (text: string | undefined): Instant | undefined => (text === undefined ? undefined : Date.parse(text))

/** The intent or outcome of a line. Undefined for any other line, and where the line lacks what each of them has. */
export const readAction = (bytes: Buffer): IntentRecord | OutcomeRecord | undefined => {
  if (!EVENTS.some((event) => bytes.includes(event))) return undefined
  let line: Line
  try {
    line = JSON.parse(bytes.toString()) as Line
  } catch {
    // The start has checked the current file. A rotated file may have been damaged since.
    return undefined
  }
  const { event, time, endpointId, region, connectionId, policy, reason, call, policySetHash, because } = line
  if (!time || !endpointId || !region || !connectionId || !policy || !reason || !call) return undefined
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
    call,
  }
  if (event === 'intent') return { ...record, event }
  if ((event !== 'outcome' && event !== 'gave-up') || outcome === undefined) return undefined
  return { ...record, event, requestId, outcome }
}

/**
 * Gives `read` the intents and outcomes of a trail since an instant, in their order. A trail that does not exist has
 * none. Rotated files are read as far back as needed, and as far as they are still there. Throws the errors of the file
 * system.
 */
export const replay = async (
  path: string,
  since: Instant,
  read: (record: IntentRecord | OutcomeRecord) => void,
): Promise<void> => {
  const file = await orMissing(realpath(path))
  if (file === undefined) return
  for (const one of await filesSince(file, since)) {
    for await (const { lines } of readLines(one)) {
      for (const line of lines) {
        const record = readAction(line)
        if (record !== undefined && record.time >= since) read(record)
      }
    }
  }
}

/** The files that may hold records since an instant, oldest first. */
const filesSince = async (file: string, since: Instant): Promise<readonly string[]> => {
  const folder = dirname(file)
  const rotated = (await readdir(folder))
    .flatMap((name) => {
      const seq = lastSeqOf(file, name)
      return seq === undefined ? [] : [{ seq, path: join(folder, name) }]
    })
    .sort((one, other) => other.seq - one.seq)
  const found: string[] = []
  for (const path of [file, ...rotated.map((one) => one.path)]) {
    found.unshift(path)
    const firstAt = await timeOfFirstLine(path)
    if (firstAt !== undefined && firstAt < since) break
  }
  return found
}

const timeOfFirstLine = async (file: string): Promise<Instant | undefined> => {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(BEGINNING_BYTES), 0, BEGINNING_BYTES, 0)
    const time = /^\{"seq":\d+,"time":"([^"]+)"/.exec(buffer.toString('latin1', 0, bytesRead))?.[1]
    const found = Date.parse(time ?? '')
    return Number.isNaN(found) ? undefined : found
  } finally {
    await handle.close()
  }
}
