import type { Connection } from './connection.ts'
import type { Instant } from './time/instant.ts'

/** The most connections of one lookup: EC2 takes 200 values for a filter. */
export const LOOKUP_SIZE = 200

/** Some connections of one endpoint: all pages of a list that AWS filters by their ids. */
export interface Lookup {
  readonly endpointId: string
  /** The ids that AWS was asked for. It has no row for a connection that it no longer lists. */
  readonly asked: readonly string[]
  /** When the first page was requested. */
  readonly begunAt: Instant
  readonly completedAt: Instant
  readonly connections: readonly Connection[]
}
