import type { Connection } from '../connection.ts'
import type { ViolatedVerdict } from '../judge/verdict.ts'
import { type Instant, NEVER, SECOND } from '../time/instant.ts'
import type { Guarded } from './guarded.ts'
import { isPlannedBegin } from './planned-begin.ts'

/** A due verdict of a policy that is in force and under guard, and that no comparison has covered. */
export interface Due {
  readonly connection: Connection
  readonly connectionId: string
  readonly policy: string
  /** Whether nothing but an edit, or AWS's counters, made it due. */
  readonly isUnforeseen: boolean
  /** Whether no snapshot had shown the connection when its policy was compared. */
  readonly isArrival: boolean
}

/** When a policy was last compared and last changed. */
export interface Compared {
  /** When the snapshot was begun that the comparison read. */
  readonly comparedAt: Instant
  readonly changedAt: Instant
  /** How far ahead the comparison looked. */
  readonly lookAheadMs: number
}

/** A verdict at its deadline, as the guard must count it. Undefined if a comparison has covered it. */
export const uncovered = (
  verdict: ViolatedVerdict,
  connection: Connection,
  compared: Compared,
  guarded: Guarded,
): Due | undefined => {
  const { policy } = verdict
  if (policy.guard === 'off') return undefined
  const isNew = firstShownAt(connection, guarded) > compared.comparedAt
  const isUnforeseen = isUnforeseenBy(verdict, isNew, compared)
  const isArrival =
    isNew && policy.kind.facts === 'immutable' && !isUnforeseen && !isPlannedBegin(verdict, connection, guarded.history)
  if (!isUnforeseen && !isArrival) return undefined
  return { connection, connectionId: connection.id, policy: policy.name, isUnforeseen, isArrival }
}

const firstShownAt = ({ id, establishedAt = NEVER }: Connection, { history, now }: Guarded): Instant =>
  history.firstSeenAt(id) ?? (establishedAt <= now ? establishedAt : now)

const isUnforeseenBy = (
  { policy, since, deadline }: ViolatedVerdict,
  isNew: boolean,
  { comparedAt, changedAt, lookAheadMs }: Compared,
): boolean => {
  if (policy.kind.facts !== 'immutable') return true
  // AWS tells whole seconds: a new connection of the second of the change may be later than the change.
  return isNew ? since + SECOND <= changedAt : deadline > comparedAt + lookAheadMs && since < changedAt
}
