import type pg from 'pg'
import { DatabaseError, type QueryResultRow } from 'pg'
import { type Session, SessionOver } from '../../../src/adapters/postgres/session.ts'

/**
 * A session over a client, without a lease: it holds until `lose`. An error that no server has sent ends it. `answers` may
 * hold back or lose an answer of the server.
 */
export const sessionOf = (
  client: pg.Client,
  answers: (answer: Promise<unknown>) => Promise<unknown> = (one) => one,
) => {
  const over = new AbortController()
  const session: Session = {
    ours: 'true',
    over: over.signal,
    holds: () => !over.signal.aborted,
    lose: () => over.abort(),
    async ask<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []) {
      if (over.signal.aborted) throw new SessionOver('over')
      try {
        const answer = client.query<Row>(text, [...values])
        await answers(answer)
        return await answer
      } catch (error) {
        if (error instanceof DatabaseError) throw error
        over.abort()
        throw new SessionOver('the answer was lost', { cause: error })
      }
    },
  }
  return session
}
