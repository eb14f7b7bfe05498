import type { RecordedSession } from '../recording/recorded-session.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { endsOf } from './ends.ts'
import type { Cut, Outcome } from './outcome.ts'

/** How the end of a session differs from its end under the policies of before. */
type Change = 'newlyEnded' | 'noLongerEnded' | 'earlier' | 'later'

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

/** A session differs that ends in the period now, or did before. */
export const differenceOf = (now: Outcome, before: Outcome): Difference => {
  const [endsNow, endsBefore] = [endsOf(now), endsOf(before)]
  const sessions = new Map([...now.cuts, ...before.cuts].map(({ session }) => [session.connectionId, session]))
  const changed: ChangedEnd[] = []
  for (const [id, session] of sessions) {
    const ends = { now: endsNow.get(id), before: endsBefore.get(id) }
    const change = changeOf(ends.now?.at, ends.before?.at)
    if (change !== undefined) changed.push({ change, session, ...ends })
  }

  const totals = { newlyEnded: 0, noLongerEnded: 0, earlier: 0, later: 0 }
  for (const { change } of changed) totals[change]++
  return { totals, changed: changed.sort(byFirstEnd) }
}

const changeOf = (now: Instant | undefined, before: Instant | undefined): Change | undefined => {
  if (now === before) return undefined
  if (before === undefined) return 'newlyEnded'
  if (now === undefined) return 'noLongerEnded'
  return now < before ? 'earlier' : 'later'
}

const firstEndOf = ({ now, before }: ChangedEnd): Instant => Math.min(now?.at ?? NEVER, before?.at ?? NEVER)

const byFirstEnd = (a: ChangedEnd, b: ChangedEnd): number =>
  firstEndOf(a) - firstEndOf(b) || (a.session.connectionId < b.session.connectionId ? -1 : 1)
