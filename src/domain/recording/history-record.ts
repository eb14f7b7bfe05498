import { nameOrNone } from '../connection.ts'
import { type Instant, SECOND } from '../time/instant.ts'
import type { ConnectionRecord } from './connection-record.ts'
import { type HistoryLine, readHistoryLine } from './history-line.ts'

/** As AWS's logs have it. */
const wholeSecond = (at: Instant | undefined): Instant | undefined =>
  at === undefined ? undefined : Math.floor(at / SECOND) * SECOND

/** A line that tells of no connection, but of all that are up. */
const shown = (endpointId: string, time: Instant): ConnectionRecord => ({
  what: 'shown',
  connectionId: '',
  endpointId,
  username: undefined,
  commonName: undefined,
  startedAt: undefined,
  updatedAt: wholeSecond(time),
  endedAt: undefined,
  ingressBytes: undefined,
  egressBytes: undefined,
  posture: undefined,
})

/** The record of a line of Curfew's own history. `same` gives for a text one that is equal. */
export const historyRecordOf = (
  fields: unknown,
  same: (text: string) => string,
): ConnectionRecord | { readonly problem: string } => {
  const line: HistoryLine | undefined = readHistoryLine(fields)
  if (line === undefined) return { problem: 'it is no line of the connection log, nor one of the history of Curfew' }
  if (line.event === 'shown') return shown(same(line.endpointId), line.time)
  const { id, endpointId, establishedAt, endedAt, ingressBytes, egressBytes, posture } = line.connection
  const [username, commonName] = [nameOrNone(line.connection.username), nameOrNone(line.connection.commonName)]
  return {
    what: line.event === 'gone' ? 'end' : 'begin',
    connectionId: id,
    endpointId: same(endpointId),
    username: username && same(username),
    commonName: commonName && same(commonName),
    startedAt: wholeSecond(establishedAt),
    updatedAt: wholeSecond(line.event === 'gone' ? line.lastSeenAt : line.time),
    endedAt: line.event === 'gone' ? wholeSecond(endedAt) : undefined,
    ingressBytes,
    egressBytes,
    posture: posture?.map(same),
  }
}
