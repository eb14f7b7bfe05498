import type { Connection } from './connection.ts'
import type { Instant } from './time/instant.ts'

/** A field of a row whose value may be in a form that Curfew does not know. */
export type UnreadField = 'connectionEstablishedTime' | 'ingressBytes' | 'egressBytes'

/** Finds the row with which an earlier snapshot showed a connection. */
export type Shown = (connectionId: string) => Connection | undefined

/** The place of each row of a list, by its id. */
export type Places = ReadonlyMap<string, number>

/** A list with the places of its rows. Of two rows with one id the later counts. */
export const placed = <Row extends { readonly id: string }>(
  rows: readonly Row[],
  places: Places = new Map(rows.map(({ id }, place) => [id, place])),
): { readonly rows: readonly Row[]; readonly places: Places } =>
  places.size === rows.length ? { rows, places } : placed(rows.filter(({ id }, place) => places.get(id) === place))

/** All rows of one endpoint, read completely, with the rows that AWS still lists for an hour after a connection ended. */
export interface Snapshot {
  readonly endpointId: string
  /** When the first page was requested. The snapshot holds everything that happened before. */
  readonly begunAt: Instant
  readonly completedAt: Instant
  readonly connections: readonly Connection[]
  /** The place of each of `connections` by its id, where the reader has made it. */
  readonly places?: Places | undefined
  /** A text that could not be read, for each field that has one. Such a fact is missing. */
  readonly unread?: ReadonlyMap<UnreadField, string>
}
