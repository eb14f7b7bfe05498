import type { RecordedSession } from '../recording/recorded-session.ts'
import type { Instant } from '../time/instant.ts'
import type { Cut } from './outcome.ts'

/** The cuts of a replay by connection id. */
export type Cuts = ReadonlyMap<string, Cut>

export const cutsById = (cuts: readonly Cut[]): Cuts => new Map(cuts.map((cut) => [cut.session.connectionId, cut]))

/** The end of a session under the policies. */
export const endOf = ({ connectionId, endedAt }: RecordedSession, cuts: Cuts): Instant =>
  cuts.get(connectionId)?.at ?? endedAt
