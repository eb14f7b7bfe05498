import type { ClientVpnConnection } from '@aws-sdk/client-ec2'
import { countOf, instantOf } from '../../domain/aws-text.ts'
import { type Connection, nameOrNone } from '../../domain/connection.ts'
import type { UnreadField } from '../../domain/snapshot.ts'

/** In characters. */
const LONGEST_UNREAD = 60

/** Notes the text of a value that could not be read, the first of each field. A placeholder is no value. */
export const noteUnread = (unread: Unread, field: UnreadField, text: string | undefined, read: number | undefined) => {
  if (read !== undefined || unread.has(field) || nameOrNone(text) === undefined) return
  unread.set(field, (text ?? '').slice(0, LONGEST_UNREAD))
}

type Unread = Map<UnreadField, string>

/** The values of rows of the SDK that cannot be read. */
export const unreadIn = (rows: readonly ClientVpnConnection[]): Unread => {
  const unread: Unread = new Map()
  for (const { ConnectionEstablishedTime: time, IngressBytes: ingress, EgressBytes: egress } of rows) {
    noteUnread(unread, 'connectionEstablishedTime', time, instantOf(time))
    noteUnread(unread, 'ingressBytes', ingress, countOf(ingress))
    noteUnread(unread, 'egressBytes', egress, countOf(egress))
  }
  return unread
}

export const statusOf = (code: string | undefined): string => code || 'unknown'

/** The connection of a row as the SDK reads it. Undefined without an id: a page with such a row is not complete. */
export const connectionOf = (
  row: ClientVpnConnection,
  place: Pick<Connection, 'endpointId' | 'region'>,
): Connection | undefined => {
  if (!row.ConnectionId) return undefined
  const endedAt = instantOf(row.ConnectionEndTime)
  return {
    id: row.ConnectionId,
    endpointId: place.endpointId,
    region: place.region,
    username: nameOrNone(row.Username),
    commonName: nameOrNone(row.CommonName),
    establishedAt: instantOf(row.ConnectionEstablishedTime),
    ...(endedAt === undefined ? {} : { endedAt }),
    status: statusOf(row.Status?.Code),
    ingressBytes: countOf(row.IngressBytes),
    egressBytes: countOf(row.EgressBytes),
    posture: row.PostureComplianceStatuses,
  }
}
