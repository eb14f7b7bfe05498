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

type IsSame = (one: Connection, other: Connection) => boolean

const isSameList = (one: readonly string[] | undefined, other: readonly string[] | undefined): boolean =>
  one === other ||
  (one !== undefined &&
    other !== undefined &&
    one.length === other.length &&
    one.every((word, index) => word === other[index]))

/**
 * What each field is to the judge. A field without a row does not compile: a fact that is not compared here would be judged
 * once, when the connection is first seen, and never again.
 */
const FIELDS = {
  id: 'identity',
  endpointId: 'identity',
  region: 'identity',
  username: 'principal',
  commonName: 'principal',
  status: 'not judged',
  endedAt: 'not judged',
  ingressBytes: 'counter',
  egressBytes: 'counter',
  establishedAt: (one, other) => one.establishedAt === other.establishedAt,
  posture: (one, other) => isSameList(one.posture, other.posture),
} as const satisfies Record<keyof Connection, 'identity' | 'principal' | 'not judged' | 'counter' | IsSame>

const FACTS = Object.values(FIELDS).filter((field) => typeof field === 'function')

/** Whether two snapshots show the same facts of one connection, its byte counters aside. */
export const hasSameFacts: IsSame = (one, other) => {
  for (const isSame of FACTS) if (!isSame(one, other)) return false
  return true
}

export const hasSamePrincipal: IsSame = (one, other) =>
  one.username === other.username && one.commonName === other.commonName

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
