import type { RecordedSession } from '../recording/recorded-session.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import type { Cut, Outcome } from './outcome.ts'

/** How the end of a session differs from its end under the policies of before. */
export const CHANGES = ['newlyEnded', 'noLongerEnded', 'earlier', 'later'] as const
type Change = (typeof CHANGES)[number]

export type Totals = Readonly<Record<Change, number>>

/** A session that does not end as before. */
export interface ChangedEnd {
  readonly change: Change
  readonly session: RecordedSession
  /** Undefined: the session does not end now. */
  readonly now: Cut | undefined
  /** Undefined: the session did not end before. */
  readonly before: Cut | undefined
}

/** Two outcomes of the same recording, session by session. A session that ends at the same instant does not differ. */
export interface Difference {
  readonly totals: Totals
  /** By the earlier of the two ends, then by connection id. */
  readonly changed: readonly ChangedEnd[]
}

export const differenceOf = (now: Outcome, before: Outcome): Difference => {
  const endedBefore = new Map(before.cuts.map((cut) => [cut.session.connectionId, cut]))
  const changed: ChangedEnd[] = []
  for (const cut of now.cuts) {
    const { session, at } = cut
    const other = endedBefore.get(session.connectionId)
    endedBefore.delete(session.connectionId)
    if (other === undefined) changed.push({ change: 'newlyEnded', session, now: cut, before: undefined })
    else if (at !== other.at)
      changed.push({ change: at < other.at ? 'earlier' : 'later', session, now: cut, before: other })
  }
  for (const cut of endedBefore.values()) {
    changed.push({ change: 'noLongerEnded', session: cut.session, now: undefined, before: cut })
  }

  const totals = { newlyEnded: 0, noLongerEnded: 0, earlier: 0, later: 0 }
  for (const { change } of changed) totals[change]++
  return { totals, changed: changed.sort(byFirstEnd) }
}

const firstEndOf = ({ now, before }: ChangedEnd): Instant => Math.min(now?.at ?? NEVER, before?.at ?? NEVER)

const byFirstEnd = (a: ChangedEnd, b: ChangedEnd): number =>
  firstEndOf(a) - firstEndOf(b) || (a.session.connectionId < b.session.connectionId ? -1 : 1)
