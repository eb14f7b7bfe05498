import type { Connection } from '../connection.ts'
import type { Location } from '../names/selector.ts'
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

export const holdOf = (
  policy: string,
  set: PolicySet,
  location: Location,
  decisions: Decisions,
  active: readonly Connection[],
  history: History,
): Hold => {
  const { now } = decisions
  const due = decisions.violating.flatMap((decision) => {
    const verdict = decision.held.find((one) => one.policy.name === policy)
    return verdict === undefined ? [] : [{ decision, verdict }]
  })
  const applicabilitiesOf = set.applicabilities(location)
  const endsLater = active.filter((connection) => {
    const applicability = applicabilitiesOf(connection).find((one) => one.policy.name === policy)
    const at = applicability === undefined ? now : endsAt(applicability, connection, history, now, now + DAY)
    return at > now && at <= now + DAY
  })
  return {
    policy,
    endsNow: due.length,
    endsLater: endsLater.length,
    active: decisions.active,
    examples: due.slice(0, EXAMPLES).map(({ decision, verdict }) => violationOf(decision, now, verdict)),
  }
}
