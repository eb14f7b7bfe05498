import type { Connection } from '../connection.ts'
import type { Decisions, DueDecision } from '../judge/decide.ts'
import { isDue } from '../judge/verdict.ts'
import { fold } from '../names/fold.ts'
import type { Location } from '../names/location.ts'
import { type Acting, type History, mayEnd } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import type { Instant } from '../time/instant.ts'
import { MOST_BY_NAME, restsOnNameAlone } from './rests-on-name.ts'

/** The state of earlier calls. */
interface CallState {
  /** User names that AWS refused to end by one call. */
  readonly singly: ReadonlySet<string>
  readonly mayPlan: (connectionId: string, now: Instant) => boolean
}

/** The rules and facts of a judgement. */
interface JudgedBy {
  readonly set: PolicySet
  readonly location: Location
  readonly history: History
  readonly now: Instant
  readonly acting: Acting
}

/**
 * The users whose 2 to 5 connections may end by one call with their user name. Such a call also ends connections that
 * were established after the decision. It is safe only if every connection of the user is due, whatever its certificate
 * is.
 */
export const usersToEndAtOnce = (
  judgedBy: JudgedBy,
  connections: readonly Connection[],
  { violating }: Pick<Decisions, 'violating'>,
  calls: CallState,
): ReadonlyMap<string, readonly DueDecision[]> => {
  const { set, location, now, acting } = judgedBy
  const due = new Map<string, DueDecision>()
  for (const decision of violating) if (decision.act === 'terminate') due.set(decision.connection.id, decision)
  if (due.size === 0) return new Map()
  // On a large endpoint most users have one connection. Only the others are collected, because a list for each user would
  // block the event loop.
  const counts = new Map<string, number>()
  for (const { connection } of due.values()) {
    const user = presentUserOf(connection)
    if (user !== undefined) counts.set(user, 0)
  }
  const rowsOfDue = connections.filter((connection) => {
    const user = presentUserOf(connection)
    const count = user === undefined ? undefined : counts.get(user)
    if (user === undefined || count === undefined) return false
    counts.set(user, count + 1)
    return true
  })
  const rowsByUser = new Map<string, Connection[]>()
  for (const connection of rowsOfDue) {
    const user = presentUserOf(connection)
    if (user === undefined || counts.get(user) === 1) continue
    if (rowsByUser.get(user)?.push(connection) === undefined) rowsByUser.set(user, [connection])
  }

  const applicabilitiesOf = set.applicabilities(location)
  const found = new Map<string, readonly DueDecision[]>()
  for (const rows of rowsByUser.values()) {
    const [first] = rows
    const username = first?.username
    if (username === undefined || calls.singly.has(username) || rows.length < 2 || rows.length > MOST_BY_NAME) continue
    // AWS compares names exactly, and Curfew ignores case and outer blanks. With a single spelling the call is sure to cover
    // all connections.
    if (rows.some((row) => row.username !== username)) continue
    // If one connection waits for its confirmation or its next attempt, the others must not wait for it.
    if (rows.some((row) => !calls.mayPlan(row.id, now))) continue
    const decisions = rows.flatMap((row) => due.get(row.id) ?? [])
    if (decisions.length !== rows.length) continue
    const nameAlone = (decision: DueDecision) =>
      decision.violated.some(
        (verdict) =>
          isDue(verdict, now) &&
          mayEnd(verdict.policy, acting) &&
          restsOnNameAlone(verdict.policy, decision.connection, judgedBy, applicabilitiesOf),
      )
    if (decisions.every(nameAlone)) found.set(username, decisions)
  }
  return found
}

/** The folded user name of a connection that a call by user name may meet. */
const presentUserOf = ({ username, status }: Connection): string | undefined =>
  username === undefined || status === 'terminated' ? undefined : fold(username)
