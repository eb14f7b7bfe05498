import { isBlank } from './names/fold.ts'
import type { Instant } from './time/instant.ts'

/** One client's session on an endpoint, as one snapshot showed it. A missing fact is `undefined`, never a guess. */
export interface Connection {
  readonly id: string
  readonly endpointId: string
  readonly region: string
  readonly username: string | undefined
  readonly commonName: string | undefined
  readonly establishedAt: Instant | undefined
  /** When AWS ended it. Only of a connection that AWS still lists after its end. */
  readonly endedAt?: Instant | undefined
  /** The status as AWS wrote it. It may be one that Curfew does not know. */
  readonly status: string
  /** Bytes that the client has sent since it connected. */
  readonly ingressBytes: number | undefined
  /** Bytes that the client has received since it connected. */
  readonly egressBytes: number | undefined
  /** The posture statuses that the endpoint's client connect handler returned. */
  readonly posture: readonly string[] | undefined
}

/**
 * What each field is to the judge. A field without a row does not compile: a fact that is not compared here would be judged
 * once, when the connection is first seen, and never again.
 */
const FIELDS = {
  ingressBytes: 'counter',
  egressBytes: 'counter',
  status: 'not judged',
  endedAt: 'not judged',
  establishedAt: 'fact',
  posture: 'fact',
  username: 'principal',
  commonName: 'principal',
  id: 'identity',
  endpointId: 'identity',
  region: 'identity',
} as const satisfies Record<keyof Connection, 'identity' | 'principal' | 'not judged' | 'counter' | 'fact'>

type Field = keyof typeof FIELDS

const FACTS = (Object.keys(FIELDS) as readonly Field[]).filter((field) => FIELDS[field] === 'fact')

const isSameList = (one: unknown, other: unknown): boolean =>
  Array.isArray(one) &&
  Array.isArray(other) &&
  one.length === other.length &&
  one.every((word, index) => word === other[index])

const isSameIn = (fields: readonly Field[], one: Connection, other: Connection): boolean => {
  for (const field of fields) {
    if (one[field] !== other[field] && !isSameList(one[field], other[field])) return false
  }
  return true
}

/** Whether two snapshots show the same facts of one connection, its byte counters aside. */
export const hasSameFacts = (one: Connection, other: Connection): boolean => isSameIn(FACTS, one, other)

export const hasSamePrincipal = (one: Connection, other: Connection): boolean =>
  one.username === other.username && one.commonName === other.commonName

/**
 * Whether two rows are equal, first by what changes most. It is asked about every row of every poll, and a loop over the names of
 * the fields takes several times as long. A test changes each field.
 */
const isSame = (one: Connection, other: Connection): boolean =>
  one.ingressBytes === other.ingressBytes &&
  one.egressBytes === other.egressBytes &&
  one.status === other.status &&
  one.endedAt === other.endedAt &&
  one.establishedAt === other.establishedAt &&
  hasSamePrincipal(one, other) &&
  one.id === other.id &&
  one.endpointId === other.endpointId &&
  one.region === other.region &&
  (one.posture === other.posture || isSameList(one.posture, other.posture))

/**
 * A row beside the one with which an earlier snapshot showed the connection. If nothing has changed, it is that row itself.
 * Otherwise it keeps the texts of that row: two copies of the texts of 126,000 connections are 20 MB.
 */
export const beside = (row: Connection, earlier: Connection | undefined): Connection => {
  if (earlier === undefined || earlier.id !== row.id) return row
  if (isSame(row, earlier)) return earlier
  const { id, username, commonName } = earlier
  return {
    ...row,
    id,
    username: row.username === username ? username : row.username,
    commonName: row.commonName === commonName ? commonName : row.commonName,
    posture: isSameList(row.posture, earlier.posture) ? earlier.posture : row.posture,
  }
}

/** How AWS writes that there is no name: `""` and `-` in the API, `NA` in the logs. */
const NOBODY = new Set(['', '-', 'NA', 'N/A'])

/** A name that only has blanks and invisible characters is no name: several people may share it. */
export const nameOrNone = (name: string | undefined): string | undefined =>
  name === undefined || NOBODY.has(name) || isBlank(name) ? undefined : name

/** The principal of a connection: its user name, else its common name. Several people may share a common name. */
export const principalOf = (connection: Pick<Connection, 'username' | 'commonName'>): string | undefined =>
  connection.username ?? connection.commonName

/** The key of a principal. A user and a device whose certificate has the same name are two principals. */
export const principalKeyOf = ({ username, commonName }: Pick<Connection, 'username' | 'commonName'>) => {
  if (username !== undefined) return `user:${username}`
  return commonName === undefined ? undefined : `cn:${commonName}`
}

/** Every other status counts as active, so that one that AWS introduces later is not mistaken for an ended session. */
const ENDING = new Set(['terminating', 'terminated'])

export const isActive = (connection: Pick<Connection, 'status'>): boolean => !ENDING.has(connection.status)

const KNOWN_STATUSES = new Set(['active', 'failed-to-terminate', ...ENDING])

export const isKnownStatus = (status: string): boolean => KNOWN_STATUSES.has(status)
