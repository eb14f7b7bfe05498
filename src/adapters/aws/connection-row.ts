import type { ClientVpnConnection } from '@aws-sdk/client-ec2'
import { type Connection, nameOrNone } from '../../domain/connection.ts'
import { HOUR, type Instant, MINUTE, SECOND } from '../../domain/time/instant.ts'
import { parseInstant } from '../../domain/time/instant-text.ts'

/** AWS writes `2019-08-12 08:02:53` without a zone. All evidence says UTC; `Date` would read it as local time. */
const WITHOUT_ZONE = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})$/

/** A cache of midnights by date. A hundred thousand connections start on few different days. */
const midnights = new Map<string, Instant>()
const MOST_DAYS = 1000

const read = (text: string): Instant | undefined => {
  const parsed = parseInstant(text)
  return 'at' in parsed ? parsed.at : undefined
}

/** The start of a date such as `2019-08-12` in UTC. Undefined if it is not a date. */
export const midnightOf = (date: string): Instant | undefined => {
  const known = midnights.get(date)
  if (known !== undefined) return known
  const at = read(`${date}T00:00:00Z`)
  if (at === undefined) return undefined
  if (midnights.size >= MOST_DAYS) midnights.clear()
  midnights.set(date, at)
  return at
}

/** The instant of a time as AWS writes it. Undefined if it is not a time. */
export const instantOf = (text = ''): Instant | undefined => {
  if (!WITHOUT_ZONE.test(text)) return read(text)
  const [midnight, hours, minutes, seconds] = [
    midnightOf(text.slice(0, 10)),
    +text.slice(11, 13),
    +text.slice(14, 16),
    +text.slice(17),
  ]
  if (midnight === undefined || hours > 23 || minutes > 59 || seconds > 59) return undefined
  return midnight + hours * HOUR + minutes * MINUTE + seconds * SECOND
}

/** A counter, which AWS sends as a string. Undefined if it is not a plain number that JavaScript holds exactly. */
export const countOf = (text: string | undefined): number | undefined => {
  const count = /^\d+$/.test(text ?? '') ? Number(text) : undefined
  return Number.isSafeInteger(count) ? count : undefined
}

export const statusOf = (code: string | undefined): string => code || 'unknown'

/** The connection of a row as the SDK reads it. Undefined without an id: a page with such a row is not complete. */
export const connectionOf = (
  row: ClientVpnConnection,
  place: Pick<Connection, 'endpointId' | 'region'>,
): Connection | undefined => {
  if (!row.ConnectionId) return undefined
  return {
    id: row.ConnectionId,
    endpointId: place.endpointId,
    region: place.region,
    username: nameOrNone(row.Username),
    commonName: nameOrNone(row.CommonName),
    establishedAt: instantOf(row.ConnectionEstablishedTime),
    status: statusOf(row.Status?.Code),
    ingressBytes: countOf(row.IngressBytes),
    egressBytes: countOf(row.EgressBytes),
    posture: row.PostureComplianceStatuses,
  }
}
