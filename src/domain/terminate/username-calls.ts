import type { Connection } from '../connection.ts'
import type { Decision, Decisions } from '../judge/decide.ts'
import { isDue, judge } from '../judge/verdict.ts'
import { fold } from '../names/pattern.ts'
import type { Location } from '../names/selector.ts'
import { acts, type History, type Mode, type Policy } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import type { Instant } from '../time/instant.ts'

/** AWS ends up to five connections of a user in one call, and refuses the call where there are more. */
const MOST = 5

/** What is known of earlier calls. */
export interface CallState {
  /** Users whom AWS refused to end at once. */
  readonly singly: ReadonlySet<string>
  readonly maySend: (connectionId: string, now: Instant) => boolean
}

/** What a user's connections are judged by. */
export interface Bench {
  readonly set: PolicySet
  readonly place: Location
  readonly history: History
  readonly now: Instant
  readonly mode: Mode
}

/**
 * The users whose 2 to 5 connections may end by one call with their name. Such a call also ends connections that came
 * after the decision: it is safe only where any connection of that user would be condemned, whatever its certificate.
 */
export const usersToEndAtOnce = (
  bench: Bench,
  connections: readonly Connection[],
  { violating }: Decisions,
  calls: CallState = { singly: new Set(), maySend: () => true },
): ReadonlyMap<string, readonly Decision[]> => {
  const condemned = new Map(
    violating.flatMap((decision) => (decision.act === 'terminate' ? [[decision.connection.id, decision]] : [])),
  )
  // Only who has something that ends now can end at once: the others need no looking up.
  const theirs = new Map<string, Connection[]>()
  for (const { connection } of condemned.values()) {
    if (connection.username !== undefined) theirs.set(fold(connection.username), [])
  }
  if (theirs.size === 0) return new Map()
  for (const connection of connections) {
    if (connection.username === undefined || connection.status === 'terminated') continue
    theirs.get(fold(connection.username))?.push(connection)
  }

  const standingsOf = bench.set.standings(bench.place)
  const found = new Map<string, readonly Decision[]>()
  for (const rows of theirs.values()) {
    const [first] = rows
    const username = first?.username
    if (username === undefined || calls.singly.has(username) || rows.length < 2 || rows.length > MOST) continue
    // AWS compares the name letter by letter, and we do not: only one spelling is sure to mean all of them.
    if (rows.some((row) => row.username !== username)) continue
    // One of them waits for its proof or its next try: the others must not wait for it.
    if (rows.some((row) => !calls.maySend(row.id, bench.now))) continue
    const decisions = rows.flatMap((row) => condemned.get(row.id) ?? [])
    if (decisions.length !== rows.length) continue
    const nameAlone = (decision: Decision) =>
      decision.violated.some(
        (verdict) =>
          isDue(verdict, bench.now) &&
          !decision.held.includes(verdict) &&
          acts(verdict.policy, bench.mode) &&
          restsOnNameAlone(verdict.policy, decision.connection, bench, standingsOf),
      )
    if (decisions.every(nameAlone)) found.set(username, decisions)
  }
  return found
}

/** Whether the policy condemns the user without looking at any common name, and exempts no certificate. */
const restsOnNameAlone = (
  policy: Policy,
  connection: Connection,
  { set, history, now }: Bench,
  standingsOf: ReturnType<PolicySet['standings']>,
): boolean => {
  const readsCommonName = [...(policy.exempt?.users ?? []), ...set.protectedUsers].some(
    ({ pattern }) => pattern.field === 'commonName',
  )
  if (policy.kind.scope !== 'principal' || readsCommonName) return false
  const nameless = { ...connection, commonName: undefined }
  const standing = standingsOf(nameless).find((candidate) => candidate.policy === policy)
  return standing !== undefined && isDue(judge(standing, nameless, history, now), now)
}
