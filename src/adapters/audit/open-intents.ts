import type { IntentRecord, OutcomeRecord } from '../../app/audit.ts'
import type { Instant } from '../../domain/time/instant.ts'
import { readLines } from './read-lines.ts'

const INTENT = Buffer.from('"event":"intent"')
const CLOSED = ['"event":"outcome"', '"event":"gave-up"'].map((text) => Buffer.from(text))

/** A line as JSON gives it: instants are text, and what was undefined is missing. */
type Written<Record> = {
  readonly [Key in keyof Record]?: Key extends 'time' | 'since' | 'deadline' ? string : Record[Key]
}
type Line = Written<IntentRecord> | Written<OutcomeRecord>

const at = (text: string | undefined): Instant | undefined => (text === undefined ? undefined : Date.parse(text))

/** Undefined where the line lacks what every intent has. */
const intentOf = (line: Written<IntentRecord>): IntentRecord | undefined => {
  const { time, endpointId, region, connectionId, policy, reason, call, policySetHash, because } = line
  if (!time || !endpointId || !region || !connectionId || !policy || !reason || !call) return undefined
  if (because === undefined || policySetHash === undefined) return undefined
  const { account, username, commonName, alsoBy = [], since, deadline } = line
  return {
    event: 'intent',
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
}

/**
 * The intents since an instant that have no outcome in the trail. When the process was killed, their calls were on
 * their way or not yet confirmed. AWS lists an ended connection for one hour: older intents can no longer be confirmed.
 */
export const openIntents = async (file: string, since: Instant): Promise<readonly IntentRecord[]> => {
  const { read, open } = collectOpenIntents(since)
  for await (const { lines } of readLines(file)) for (const line of lines) read(line)
  return open()
}

/** The same from the lines of a trail, read in their order. */
export const collectOpenIntents = (since: Instant) => {
  const intents = new Map<string, IntentRecord>()
  return {
    read(line: Buffer): void {
      if (!line.includes(INTENT) && !CLOSED.some((closed) => line.includes(closed))) return
      const record = JSON.parse(line.toString()) as Line
      const key = JSON.stringify([record.endpointId, record.connectionId])
      if (record.event !== 'intent') {
        intents.delete(key)
        return
      }
      const intent = intentOf(record)
      if (intent !== undefined && intent.time >= since) intents.set(key, intent)
    },
    open: (): readonly IntentRecord[] => [...intents.values()],
  }
}
