import type { Connection } from './connection.ts'
import type { Instant } from './time/instant.ts'

/** A field of a row whose value may be in a form that Curfew does not know. */
export type UnreadField = 'connectionEstablishedTime' | 'ingressBytes' | 'egressBytes'

/** Finds the row with which an earlier snapshot showed a connection. */
export type Shown = (connectionId: string) => Connection | undefined

/** The place of each row of a list, by its id. */
export type Places = ReadonlyMap<string, number>

const placesOf = (rows: ReadonlyArray<{ readonly id: string }>): Places =>
  new Map(rows.map(({ id }, place) => [id, place]))

/** A list with the places of its rows, which its reader may have made. Of two rows with one id the later counts. */
export const placed = <Row extends { readonly id: string }>(
  rows: readonly Row[],
  places: Places = placesOf(rows),
): { readonly rows: readonly Row[]; readonly places: Places } => {
  if (places.size === rows.length) return { rows, places }
  // Other places could be those of another list, and a row without its place would be an absence.
  const last = placesOf(rows)
  const once = rows.filter(({ id }, place) => last.get(id) === place)
  return { rows: once, places: placesOf(once) }
}

/** All rows of one endpoint, read completely, with the rows that AWS still lists for an hour after a connection ended. */
export interface Snapshot {
  readonly endpointId: string
  /** When the first page was requested. The snapshot holds everything that happened before. */
  readonly begunAt: Instant
  readonly completedAt: Instant
  readonly connections: readonly Connection[]
  /** The place of each of `connections` by its id, where the reader has made it. Whoever changes the list must drop it. */
  readonly places?: Places | undefined
  /** A text that could not be read, for each field that has one. Such a fact is missing. */
  readonly unread?: ReadonlyMap<UnreadField, string>
}
