import { type Connection, isActive } from '../connection.ts'
import type { Policy } from '../policies/policy.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { endsAt } from './ends-at.ts'
import type { Judged } from './explain.ts'
import { historyOf } from './judge-endpoint.ts'

/** A future deadline, if nothing but time passes. */
interface Upcoming {
  readonly connection: Connection
  readonly policy: Policy
  readonly at: Instant
}

/** The next deadline of every active connection that is not due yet, earliest first. Held policies end nothing. */
export const upcoming = ({ judgement, rules, memory }: Judged): readonly Upcoming[] => {
  const { now, view, acting } = judgement
  if (view.state !== 'fresh' && view.state !== 'stale') return []
  const history = historyOf(view, rules, memory, now, acting)
  const applicabilitiesOf = rules.set.applicabilities(rules.location)
  return view.snapshot.connections
    .filter(isActive)
    .flatMap((connection): readonly Upcoming[] => {
      let next: Upcoming | undefined
      for (const applicability of applicabilitiesOf(connection)) {
        if (acting.held.has(applicability.policy.name)) continue
        const at = endsAt(applicability, connection, history, now)
        if (at === now) return []
        if (at < (next?.at ?? NEVER)) next = { connection, policy: applicability.policy, at }
      }
      return next === undefined ? [] : [next]
    })
    .sort((a, b) => a.at - b.at || (a.connection.id < b.connection.id ? -1 : 1))
}
