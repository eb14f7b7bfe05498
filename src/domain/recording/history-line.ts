import type { Connection } from '../connection.ts'
import { printable } from '../printable.ts'
import { type Instant, NEVER, toIso } from '../time/instant.ts'

/** The fields of a line about one connection, as the snapshot of the line or an earlier one showed it. */
interface OfConnection {
  readonly time: Instant
  readonly connection: Connection
}

/** A complete snapshot shows a connection for the first time. */
export interface FirstSeenLine extends OfConnection {
  readonly event: 'first-seen'
}

/** The cause of a connection's end, as far as Curfew knows. */
export type EndedBy =
  | { readonly by: 'curfew'; readonly policy: string; readonly reason: string }
  /** Not Curfew: the user, the client, AWS or an administrator. */
  | { readonly by: 'unknown' }

/** A connection is gone: a snapshot showed it as terminated, or two running did not show it. */
export interface GoneLine extends OfConnection {
  readonly event: 'gone'
  /** When a snapshot last showed it up. Undefined if none did: it came and went between two. */
  readonly lastSeenAt: Instant | undefined
  readonly endedBy: EndedBy
}

/** Every connection of the endpoint that is neither gone nor new was shown by a snapshot. Written now and then. */
export interface ShownLine {
  readonly event: 'shown'
  readonly time: Instant
  readonly endpointId: string
  readonly region: string
  readonly connections: number
}

/** One line of the history of connections. `time`: when the snapshot began, or when the connection was established, if later. */
export type HistoryLine = FirstSeenLine | GoneLine | ShownLine

const iso = (at: Instant | undefined) => toIso(at ?? NEVER) ?? undefined

/**
 * The line as text, without its newline. Terminals show it, so control characters are escaped. Values that are undefined
 * are left out. No object is spread into another: that alone takes five times as long as the rest.
 */
export const historyText = (line: HistoryLine): string => {
  const { event } = line
  const time = iso(line.time)
  if (line.event === 'shown') {
    const { endpointId, region, connections } = line
    return JSON.stringify({ time, event, endpointId, region, connections })
  }
  const { connection } = line
  const { lastSeenAt, endedBy } = line.event === 'gone' ? line : { lastSeenAt: undefined, endedBy: undefined }
  const ended = endedBy?.by === 'curfew' ? endedBy : undefined
  return printable(
    JSON.stringify({
      time,
      event,
      connectionId: connection.id,
      endpointId: connection.endpointId,
      region: connection.region,
      username: connection.username,
      commonName: connection.commonName,
      establishedAt: iso(connection.establishedAt),
      lastSeenAt: iso(lastSeenAt),
      endedAt: iso(connection.endedAt),
      status: connection.status,
      ingressBytes: connection.ingressBytes,
      egressBytes: connection.egressBytes,
      posture: connection.posture,
      endedBy: endedBy?.by,
      policy: ended?.policy,
      reason: ended?.reason,
    }),
  )
}

const textIn = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

const instantIn = (value: unknown): Instant | undefined => {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

const countIn = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined

const wordsIn = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : undefined

const endedByIn = ({ endedBy, policy, reason }: Readonly<Record<string, unknown>>): EndedBy =>
  endedBy === 'curfew' && typeof policy === 'string' && typeof reason === 'string'
    ? { by: 'curfew', policy, reason }
    : { by: 'unknown' }

/** Reads the JSON of a line. Undefined if it is not a line of a history. */
export const readHistoryLine = (value: unknown): HistoryLine | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  const fields = value as Readonly<Record<string, unknown>>
  const { event } = fields
  const [time, endpointId, region] = [instantIn(fields.time), textIn(fields.endpointId), textIn(fields.region)]
  if (time === undefined || endpointId === undefined || region === undefined) return undefined
  if (event === 'shown') return { event, time, endpointId, region, connections: countIn(fields.connections) ?? 0 }
  const id = textIn(fields.connectionId)
  if (id === undefined || (event !== 'first-seen' && event !== 'gone')) return undefined
  const connection: Connection = {
    id,
    endpointId,
    region,
    username: textIn(fields.username),
    commonName: textIn(fields.commonName),
    establishedAt: instantIn(fields.establishedAt),
    endedAt: instantIn(fields.endedAt),
    status: textIn(fields.status) ?? 'unknown',
    ingressBytes: countIn(fields.ingressBytes),
    egressBytes: countIn(fields.egressBytes),
    posture: wordsIn(fields.posture),
  }
  if (event === 'first-seen') return { event, time, connection }
  return { event, time, connection, lastSeenAt: instantIn(fields.lastSeenAt), endedBy: endedByIn(fields) }
}
