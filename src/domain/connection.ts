import type { Instant } from './time/instant.ts'

/** One client's connection to an endpoint, as one snapshot showed it. Absent facts are `undefined`, never a guess. */
export interface Connection {
  readonly id: string
  readonly endpointId: string
  readonly region: string
  readonly username: string | undefined
  readonly commonName: string | undefined
  readonly establishedAt: Instant | undefined
  /** AWS's word; see `isActive` for those we know. */
  readonly status: string
  /** Bytes sent by the client since it connected. */
  readonly ingressBytes: number | undefined
  /** Bytes received by the client since it connected. */
  readonly egressBytes: number | undefined
  /** Posture statuses given by the endpoint's client connect handler. */
  readonly posture: readonly string[] | undefined
}

/** AWS writes "no value" in several ways: `""` and `-` in the API, `NA` in the logs. */
const NOBODY = new Set(['', '-', 'NA', 'N/A'])

export const nameOrNone = (name: string | undefined): string | undefined =>
  name === undefined || NOBODY.has(name) ? undefined : name

/** Who a connection belongs to. A common name may be shared by several people. */
export const principalOf = (connection: Pick<Connection, 'username' | 'commonName'>): string | undefined =>
  connection.username ?? connection.commonName

/** On their way out or out. Everything else is still connected, a status that AWS has yet to invent included. */
const ENDING = new Set(['terminating', 'terminated'])

export const isActive = (connection: Pick<Connection, 'status'>): boolean => !ENDING.has(connection.status)

const KNOWN_STATUSES = new Set(['active', 'failed-to-terminate', ...ENDING])

export const isKnownStatus = (status: string): boolean => KNOWN_STATUSES.has(status)
