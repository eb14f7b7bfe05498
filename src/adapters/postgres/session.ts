import type { QueryResult, QueryResultRow } from 'pg'

/**
 * The one session of this replica. The locks of its units live and die with it, and the server ends it when it has been
 * silent for the lease. Every answer thus proves that the locks were held when the statement was sent.
 */
export interface Session {
  /** Rejects with a `SessionOver`, or with the server's error while the session lives on. */
  ask<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>>
  /** A condition in SQL that is true in this session alone: a pooler may give a statement to another one. */
  readonly ours: string
  /** Whether the server cannot have given anything away yet: it waits for the lease after the last answered statement. */
  holds(): boolean
  /** Aborted when the session is over or may be. */
  readonly over: AbortSignal
  /** Ends the session, because it can no longer be relied on. */
  lose(because: string): void
}

/** The session is over: nothing that was sent over it is known to be done, and nothing more may be. */
export class SessionOver extends Error {
  override name = 'SessionOver'
}
