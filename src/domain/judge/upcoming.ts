import { type Connection, isActive } from '../connection.ts'
import { mayEnd, type Policy } from '../policies/policy.ts'
import type { Applicability } from '../policies/policy-set.ts'
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

export const byInstant = (a: Upcoming, b: Upcoming) => a.at - b.at || (a.connection.id < b.connection.id ? -1 : 1)

/**
 * Tells the next deadline of every active connection that is not due yet, in the order of the snapshot. The deadlines of
 * policies that act come before those of others, which end nobody. Held policies end nothing.
 */
export const eachUpcoming = ({ judgement, rules, memory }: Judged, tell: (one: Upcoming) => void): void => {
  const { now, view, acting } = judgement
  if (view.state !== 'fresh' && view.state !== 'stale') return
  const history = historyOf(view, rules, memory, now, acting)
  const { assessments } = rules.decider
  const applicabilitiesOf = rules.set.applicabilities(rules.location)

  const next = (connection: Connection, place: number): Upcoming | undefined => {
    // The judgement has just found what the policies are to the connection.
    const applicabilities = assessments.at(connection, place)?.relation.applicabilities ?? applicabilitiesOf(connection)
    let first: { readonly applicability: Applicability; readonly at: Instant; readonly acts: boolean } | undefined
    let isReported = false
    for (const applicability of applicabilities) {
      const { policy } = applicability
      if (acting.held.has(policy.name)) continue
      const acts = mayEnd(policy, acting)
      const at = endsAt(applicability, connection, history, now)
      if (at === now && acts) return undefined
      if (at === now) isReported = true
      else if (at < NEVER && (first === undefined || (acts === first.acts ? at < first.at : acts)))
        first = { applicability, at, acts }
    }
    if (first === undefined || (isReported && !first.acts)) return undefined
    const { applicability, at, acts } = first
    const { policy } = applicability
    const isExtended = history.extensions(connection.id)?.has(policy.name) === true
    const verdict = isExtended ? judge(applicability, connection, history, now) : undefined
    return {
      connection,
      policy,
      at,
      acts,
      extendedFrom: verdict && movedEndOf(verdict, connection, history, now)?.from,
    }
  }

  for (const [place, connection] of view.snapshot.connections.filter(isActive).entries()) {
    const one = next(connection, place)
    if (one !== undefined) tell(one)
  }
}
