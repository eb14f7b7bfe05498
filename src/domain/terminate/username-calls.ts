import type { Connection } from '../connection.ts'
import type { Decisions, DueDecision } from '../judge/decide.ts'
import { isDue } from '../judge/verdict.ts'
import { fold } from '../names/pattern.ts'
import type { Location } from '../names/selector.ts'
import { acts, type History, type Mode } from '../policies/policy.ts'
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
  readonly mode: Mode
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
  const { set, location, now, mode } = judgedBy
  const due = new Map(
    violating.flatMap((decision) => (decision.act === 'terminate' ? [[decision.connection.id, decision]] : [])),
  )
  // Only users with a connection that ends now need a look-up.
  const rowsByUser = new Map<string, Connection[]>()
  for (const { connection } of due.values()) {
    if (connection.username !== undefined) rowsByUser.set(fold(connection.username), [])
  }
  if (rowsByUser.size === 0) return new Map()
  for (const connection of connections) {
    if (connection.username === undefined || connection.status === 'terminated') continue
    rowsByUser.get(fold(connection.username))?.push(connection)
  }

  const applicabilitiesOf = set.applicabilities(location)
  const found = new Map<string, readonly DueDecision[]>()
  for (const rows of rowsByUser.values()) {
    const [first] = rows
    const username = first?.username
    if (username === undefined || calls.singly.has(username) || rows.length < 2 || rows.length > MOST_BY_NAME) continue
    // AWS compares names exactly, and Curfew ignores case. With a single spelling the call is sure to cover all
    // connections.
    if (rows.some((row) => row.username !== username)) continue
    // If one connection waits for its confirmation or its next attempt, the others must not wait for it.
    if (rows.some((row) => !calls.mayPlan(row.id, now))) continue
    const decisions = rows.flatMap((row) => due.get(row.id) ?? [])
    if (decisions.length !== rows.length) continue
    const nameAlone = (decision: DueDecision) =>
      decision.violated.some(
        (verdict) =>
          isDue(verdict, now) &&
          !decision.held.includes(verdict) &&
          acts(verdict.policy, mode) &&
          restsOnNameAlone(verdict.policy, decision.connection, judgedBy, applicabilitiesOf),
      )
    if (decisions.every(nameAlone)) found.set(username, decisions)
  }
  return found
}
