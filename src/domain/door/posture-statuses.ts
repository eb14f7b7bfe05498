import { doorHitsOf } from '../names/door-pattern.ts'
import { ALWAYS } from '../names/hit.ts'
import type { Location } from '../names/location.ts'
import { resolveSelector } from '../names/selector.ts'
import { principalNamesOf } from '../names/user-list.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { nextEdge, periodAt } from '../time/period.ts'
import { fits } from './answer-text.ts'
import type { PostureRule } from './door-rules.ts'
import type { DoorRequest } from './request.ts'

/** As many posture statuses as AWS accepts. */
export const MOST_STATUSES = 10

/** The posture statuses that a request gets at one instant. */
interface GivenStatuses {
  /** As AWS gets them, so that the door judges by the statuses that the daemon will read. */
  readonly statuses: readonly string[]
  /** The first later instant at which they may be others. */
  readonly until: Instant
}

/**
 * Finds the posture statuses of the rules whose selector matches. If it is not known of one rule whether it matches, nobody
 * gets any: a policy would take the missing status for a violation, and without a single one it is `unknown`.
 */
export const createPostureStatuses = (rules: readonly PostureRule[]) => {
  // A status that does not fit would be another status if it were cut.
  const resolved = rules
    .filter(({ status }) => fits(status))
    .map(({ status, match }) => ({ status, match: match && resolveSelector(match, 'either') }))
  return ({ names, facts }: DoorRequest, location: Location): ((at: Instant) => GivenStatuses) => {
    const principal = { ...principalNamesOf(names), door: doorHitsOf(facts) }
    const found = resolved.map(({ status, match }) => ({ status, hit: match?.(location)(principal) ?? ALWAYS }))
    const isInDoubt = found.some(({ hit }) => hit === 'unknown')
    const given = found.flatMap(({ status, hit }) =>
      isInDoubt || typeof hit === 'string' ? [] : [{ status, periods: hit.periods }],
    )
    return (at) => {
      const current = given.flatMap(({ status, periods }) => (periodAt(periods, at) === undefined ? [] : [status]))
      return {
        statuses: [...new Set(current)].slice(0, MOST_STATUSES),
        until: Math.min(NEVER, ...given.map(({ periods }) => nextEdge(periods, at))),
      }
    }
  }
}
