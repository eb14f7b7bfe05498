import type { ConnectionRow } from './connection-row.ts'

/** The rows of one endpoint, in the order in which they were added. */
export interface Roster {
  add(row: ConnectionRow): void
  remove(row: ConnectionRow): void
  get(connectionId: string): ConnectionRow | undefined
  /** The rows with exactly this user name. */
  ofUser(username: string): readonly ConnectionRow[]
  /** The rows with a higher order than this one. They are read lazily: the caller takes as many as it needs. */
  after(order: number): Iterable<ConnectionRow>
}

/** Removed rows stay and are skipped until they outnumber the others, so that neither paging nor removal visits every row. */
const TOLERATED_GAPS = 1000

export const createRoster = (): Roster => {
  const rowsById = new Map<string, ConnectionRow>()
  const rowsByUser = new Map<string, Set<ConnectionRow>>()
  let rows: ConnectionRow[] = []

  const firstAfter = (order: number) => {
    let low = 0
    let high = rows.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((rows[middle]?.order ?? 0) > order) high = middle
      else low = middle + 1
    }
    return low
  }

  return {
    add(row) {
      rows.push(row)
      rowsById.set(row.connectionId, row)
      const { username } = row.client
      if (username === undefined) return
      const ofUser = rowsByUser.get(username)
      if (ofUser === undefined) rowsByUser.set(username, new Set([row]))
      else ofUser.add(row)
    },
    remove(row) {
      rowsById.delete(row.connectionId)
      const { username } = row.client
      const ofUser = username === undefined ? undefined : rowsByUser.get(username)
      ofUser?.delete(row)
      if (username !== undefined && ofUser?.size === 0) rowsByUser.delete(username)
      if (rows.length > 2 * rowsById.size + TOLERATED_GAPS) rows = [...rowsById.values()]
    },
    get: (connectionId) => rowsById.get(connectionId),
    ofUser: (username) => [...(rowsByUser.get(username) ?? [])],
    *after(order) {
      for (let index = firstAfter(order); index < rows.length; index++) {
        const row = rows[index]
        if (row !== undefined && rowsById.has(row.connectionId)) yield row
      }
    },
  }
}
