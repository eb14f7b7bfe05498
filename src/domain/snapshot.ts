import type { Connection } from './connection.ts'
import type { Instant } from './time/instant.ts'

/** A field of a row whose value may be in a form that Curfew does not know. */
export type UnreadField = 'connectionEstablishedTime' | 'ingressBytes' | 'egressBytes'

/** Finds the row with which an earlier snapshot showed a connection. */
export type Shown = (connectionId: string) => Connection | undefined

/** All rows of one endpoint, read completely, with the rows that AWS still lists for an hour after a connection ended. */
export interface Snapshot {
  readonly endpointId: string
  /** When the first page was requested. The snapshot holds everything that happened before. */
  readonly begunAt: Instant
  readonly completedAt: Instant
  readonly connections: readonly Connection[]
  /** A text that could not be read, for each field that has one. Such a fact is missing. */
  readonly unread?: ReadonlyMap<UnreadField, string>
}
