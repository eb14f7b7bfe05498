import type { RecordedSession } from '../recording/recorded-session.ts'
import type { Instant } from '../time/instant.ts'
import type { Cut, Outcome } from './outcome.ts'

/**
 * The cuts of a replay by connection id, also of those outside the period: a session that ended before it is not up in it,
 * nor newly ended.
 */
export type Ends = ReadonlyMap<string, Cut>

export const endsOf = ({ cuts, outside }: Pick<Outcome, 'cuts' | 'outside'>): Ends =>
  new Map([...outside, ...cuts].map((cut) => [cut.session.connectionId, cut]))

/** The end of a session under the policies. */
export const endOf = ({ connectionId, endedAt }: RecordedSession, ends: Ends): Instant =>
  ends.get(connectionId)?.at ?? endedAt
