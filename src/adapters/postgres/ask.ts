import type { QueryResult, QueryResultRow } from 'pg'

/** Sends one statement to the database, over a session or a pool. Rejects with the error of the server or of the network. */
export type Ask = <Row extends QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<QueryResult<Row>>
