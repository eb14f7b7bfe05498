import type { ClientVpnConnection } from '@aws-sdk/client-ec2'
import { type Connection, nameOrNone } from '../../domain/connection.ts'
import type { Instant } from '../../domain/instant.ts'
import { parseInstant } from '../../domain/instant-text.ts'

/** AWS writes `2019-08-12 08:02:53` and names no zone; all evidence says UTC. `Date` would read it as local time. */
const WITHOUT_ZONE = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})$/

const instantOf = (text: string | undefined): Instant | undefined => {
  const parsed = parseInstant((text ?? '').replace(WITHOUT_ZONE, '$1T$2Z'))
  return 'at' in parsed ? parsed.at : undefined
}

/** Counters are strings on the wire. */
const countOf = (text: string | undefined): number | undefined => {
  const count = /^\d+$/.test(text ?? '') ? Number(text) : undefined
  return Number.isSafeInteger(count) ? count : undefined
}

/** A row as AWS sends it; `undefined` for one without an id, which no page that is whole can hold. */
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
    status: row.Status?.Code || 'unknown',
    ingressBytes: countOf(row.IngressBytes),
    egressBytes: countOf(row.EgressBytes),
    posture: row.PostureComplianceStatuses,
  }
}
