import type { AuditRecord } from '../../app/audit.ts'
import type { Instant } from '../../domain/time/instant.ts'
import { readLines } from './read-lines.ts'

const INTENT = Buffer.from('"event":"intent"')
const CLOSED = ['"event":"outcome"', '"event":"gave-up"'].map((text) => Buffer.from(text))

type Written = Omit<AuditRecord, 'time' | 'since' | 'deadline'> &
  Readonly<Record<'time' | 'since' | 'deadline', string | undefined>>

const at = (text: string | undefined): Instant | undefined => (text === undefined ? undefined : Date.parse(text))

/**
 * The intents of a trail since an instant that no outcome followed: calls that were out, or whose proof was awaited, when
 * the process was killed. AWS shows an ended connection for an hour, so older ones can be told nothing of.
 */
export const openIntents = async (file: string, since: Instant): Promise<readonly AuditRecord[]> => {
  const open = new Map<string, AuditRecord>()
  for await (const { lines } of readLines(file)) {
    for (const line of lines) {
      const isIntent = line.includes(INTENT)
      if (!isIntent && !CLOSED.some((closed) => line.includes(closed))) continue
      const { time, since: violated, deadline, ...written } = JSON.parse(line.toString()) as Written
      const record: AuditRecord = { ...written, time: at(time) ?? 0, since: at(violated), deadline: at(deadline) }
      const key = `${record.endpointId} ${record.connectionId}`
      if (record.event !== 'intent') open.delete(key)
      else if (record.time >= since) open.set(key, record)
    }
  }
  return [...open.values()]
}
