import type { Connection } from '../../domain/connection.ts'
import { placed, type UnreadField } from '../../domain/snapshot.ts'
import { MalformedAnswer } from './answer-body.ts'

export interface Page<Row> {
  readonly rows: readonly Row[]
  /** Absent on the last page. */
  readonly nextToken: string | undefined
}

/** A page of connections. */
export interface ConnectionsPage extends Page<Connection> {
  /** A text that could not be read, for each field that has one. */
  readonly unread: ReadonlyMap<UnreadField, string>
}

/**
 * The largest endpoint has 126 pages of active connections, plus those that ended within the last hour. A list eight
 * times as long is refused: its tokens seem never to end.
 */
const MAX_PAGES = 1000

/**
 * Reads all pages, or fails with the first failure. A page may be empty and still have a next page. The list changes
 * while it is read, so an id may appear twice: the later row counts. A token that appears twice is a cycle.
 */
export const readAllPages = async <Row extends { readonly id: string }>(
  readPage: (token: string | undefined) => Promise<Page<Row>>,
): Promise<ReturnType<typeof placed<Row>>> => {
  const rows: Row[] = []
  const places = new Map<string, number>()
  const tokens = new Set<string>()
  let token: string | undefined
  for (let count = 0; count < MAX_PAGES; count += 1) {
    const page = await readPage(token)
    for (const row of page.rows) places.set(row.id, rows.push(row) - 1)
    token = page.nextToken
    if (token === undefined) return placed(rows, places)
    if (tokens.has(token)) throw new MalformedAnswer('the list leads back to a page that was already read')
    tokens.add(token)
  }
  throw new MalformedAnswer(`the list does not end after ${MAX_PAGES} pages`)
}
