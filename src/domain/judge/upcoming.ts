import { type Connection, isActive } from '../connection.ts'
import type { History, Policy } from '../policies/policy.ts'
import type { Applicability } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { type EndpointRules, historyOf } from './judge-endpoint.ts'
import type { EndpointMemory } from './memory.ts'
import { isDue, judge } from './verdict.ts'
import type { EndpointView } from './view.ts'

/** A future deadline, if nothing but time passes. */
interface Upcoming {
  readonly connection: Connection
  readonly policy: Policy
  readonly at: Instant
}

/**
 * The most changes that are followed. Without a limit, windows that open and close within a long grace would never end.
 */
const STEPS = 16

/** The next deadline of every active connection that is not due yet, earliest first. */
export const upcoming = (
  view: EndpointView,
  rules: EndpointRules,
  memory: EndpointMemory,
  now: Instant,
): readonly Upcoming[] => {
  if (view.state !== 'fresh' && view.state !== 'stale') return []
  const history = historyOf(view, rules, memory, now)
  const applicabilitiesOf = rules.set.applicabilities(rules.location)
  return view.snapshot.connections
    .filter(isActive)
    .flatMap((connection): readonly Upcoming[] => {
      let next: Upcoming | undefined
      for (const applicability of applicabilitiesOf(connection)) {
        const at = deadlineAhead(applicability, connection, history, now)
        if (at === now) return []
        if (at < (next?.at ?? NEVER)) next = { connection, policy: applicability.policy, at }
      }
      return next === undefined ? [] : [next]
    })
    .sort((a, b) => a.at - b.at || (a.connection.id < b.connection.id ? -1 : 1))
}

/** When the policy's deadline will have passed; `now` if it has. */
const deadlineAhead = (
  applicability: Applicability,
  connection: Connection,
  history: History,
  now: Instant,
): Instant => {
  let at = now
  for (let step = 0; step < STEPS && at < NEVER; step++) {
    const verdict = judge(applicability, connection, history, at)
    if (isDue(verdict, at)) return at
    at = verdict.nextAt
  }
  return NEVER
}
