import type { Connection } from '../connection.ts'
import { isActive } from '../connection.ts'
import type { Location } from '../names/selector.ts'
import type { History, Policy } from '../policies/policy.ts'
import type { PolicySet, Standing } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { isDue, judge } from './verdict.ts'

/** A deadline that lies ahead, if nothing but time moves. */
export interface Upcoming {
  readonly connection: Connection
  readonly policy: Policy
  readonly at: Instant
}

/** A window that opens and closes within a long grace would be followed for ever. */
const STEPS = 16

/** The next deadline of every active connection that none condemns yet, earliest first. */
export const upcoming = (
  set: PolicySet,
  place: Location,
  connections: readonly Connection[],
  history: History,
  now: Instant,
): readonly Upcoming[] => {
  const standingsOf = set.standings(place)
  return connections
    .filter(isActive)
    .flatMap((connection): readonly Upcoming[] => {
      let next: Upcoming | undefined
      for (const standing of standingsOf(connection)) {
        const at = deadlineAhead(standing, connection, history, now)
        if (at === now) return []
        if (at < (next?.at ?? NEVER)) next = { connection, policy: standing.policy, at }
      }
      return next === undefined ? [] : [next]
    })
    .sort((a, b) => a.at - b.at || (a.connection.id < b.connection.id ? -1 : 1))
}

/** When the policy's deadline will have passed; `now` if it has. */
const deadlineAhead = (standing: Standing, connection: Connection, history: History, now: Instant): Instant => {
  let at = now
  for (let step = 0; step < STEPS && at < NEVER; step++) {
    const verdict = judge(standing, connection, history, at)
    if (isDue(verdict, at)) return at
    at = verdict.nextAt
  }
  return NEVER
}
