import type { Connection } from '../connection.ts'
import type { Location } from '../names/location.ts'
import type { History } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import { DAY } from '../time/instant.ts'
import type { Decisions } from './decide.ts'
import { endsAt } from './ends-at.ts'
import { type Violation, violationOf } from './violation.ts'

/** What a policy would do on an endpoint if the guard did not hold it. */
export interface Hold {
  readonly policy: string
  /** How many connections it would end now. */
  readonly endsNow: number
  /** How many more it would end within a day. */
  readonly endsLater: number
  readonly active: number
  /** Some of the connections that it would end now, at most ten. */
  readonly examples: readonly Violation[]
}

/** Enough to recognize the mistake. A log line must not grow with the endpoint. */
const EXAMPLES = 10

/** The holds of the named policies, in the order of the names. One pass finds all: one edit can cause 200 holds. */
export const holdsUnder = (
  names: readonly string[],
  set: PolicySet,
  location: Location,
  decisions: Decisions,
  active: readonly Connection[],
  history: History,
): readonly Hold[] => {
  if (names.length === 0) return []
  const { now } = decisions
  const counts = new Map(names.map((name) => [name, { endsNow: 0, endsLater: 0, examples: [] as Violation[] }]))
  for (const decision of decisions.violating) {
    for (const verdict of decision.held) {
      const count = counts.get(verdict.policy.name)
      if (count === undefined) continue
      count.endsNow++
      if (count.examples.length < EXAMPLES) count.examples.push(violationOf(decision, now, verdict))
    }
  }
  const applicabilitiesOf = set.applicabilities(location)
  for (const connection of active) {
    for (const applicability of applicabilitiesOf(connection)) {
      const count = counts.get(applicability.policy.name)
      if (count === undefined) continue
      const at = endsAt(applicability, connection, history, now, now + DAY)
      if (at > now && at <= now + DAY) count.endsLater++
    }
  }
  return [...counts].map(([policy, count]) => ({ policy, ...count, active: decisions.active }))
}
