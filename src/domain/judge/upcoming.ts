import { type Connection, isActive } from '../connection.ts'
import { mayEnd, type Policy } from '../policies/policy.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { endsAt } from './ends-at.ts'
import type { Judged } from './explain.ts'
import { historyOf } from './judge-endpoint.ts'
import { movedEndOf } from './moved-end.ts'
import { judge } from './verdict.ts'

/** A future deadline, if nothing but time passes. */
export interface Upcoming {
  readonly connection: Connection
  readonly policy: Policy
  readonly at: Instant
  /** Whether the policy acts, so that the connection ends then. Otherwise the deadline is only reported. */
  readonly acts: boolean
  /** The deadline before extensions have moved it; undefined if none has. */
  readonly extendedFrom: Instant | undefined
}

/**
 * The next deadline of every active connection that is not due yet, earliest first. The deadlines of policies that act
 * come before those of others, which end nobody. Held policies end nothing.
 */
export const upcoming = ({ judgement, rules, memory }: Judged): readonly Upcoming[] => {
  const { now, view, acting } = judgement
  if (view.state !== 'fresh' && view.state !== 'stale') return []
  const history = historyOf(view, rules, memory, now, acting)
  const applicabilitiesOf = rules.set.applicabilities(rules.location)
  return view.snapshot.connections
    .filter(isActive)
    .flatMap((connection): readonly Upcoming[] => {
      let next: Upcoming | undefined
      let isReported = false
      for (const applicability of applicabilitiesOf(connection)) {
        const { policy } = applicability
        if (acting.held.has(policy.name)) continue
        const acts = mayEnd(policy, acting)
        const at = endsAt(applicability, connection, history, now)
        if (at === now && acts) return []
        if (at === now) isReported = true
        else if (at < NEVER && (next === undefined || (acts === next.acts ? at < next.at : acts))) {
          const isExtended = history.extensions(connection.id)?.has(policy.name) === true
          const verdict = isExtended ? judge(applicability, connection, history, now) : undefined
          const extendedFrom = verdict && movedEndOf(verdict, connection, history, now)?.from
          next = { connection, policy, at, acts, extendedFrom }
        }
      }
      return next === undefined || (isReported && !next.acts) ? [] : [next]
    })
    .sort((a, b) => a.at - b.at || (a.connection.id < b.connection.id ? -1 : 1))
}
