import type { Release } from '../guard/guard.ts'
import { type NearMiss, type NearMissOfEntry, nearMissOfEntry } from '../policies/near-misses.ts'
import { acts, type Mode } from '../policies/policy.ts'
import { byUrgency } from '../terminate/plan.ts'
import type { Instant } from '../time/instant.ts'
import type { Decisions } from './decide.ts'
import type { Hold } from './hold.ts'
import { isDue } from './verdict.ts'
import { type Violation, violatedNames, violationOf } from './violation.ts'

/** What a due violation leads to: `enforce` ends the connection, `audit` and `held` do not. */
export type Effect = Mode | 'held'

/** A fact about an endpoint that was not reported before. It is reported once, not at each judgement. */
export type News =
  /** A deadline has passed. */
  | { readonly what: 'violation'; readonly violation: Violation; readonly mode: Effect }
  /** The guard holds a policy. */
  | { readonly what: 'held'; readonly hold: Hold }
  /** The guard no longer holds a policy. */
  | { readonly what: 'released'; readonly release: Release }
  | { readonly what: 'near-miss'; readonly nearMiss: NearMissOfEntry }
  /** A connection ends soon. */
  | { readonly what: 'warning'; readonly violation: Violation; readonly leadMs: number; readonly endsAt: Instant }

/** The earlier reports. */
interface Reported {
  readonly isReported: (policy: string, connectionId: string) => boolean
  readonly isNearMissReported: (nearMiss: NearMiss) => boolean
}

/** What the guard began and ceased to hold. */
interface HoldChanges {
  readonly holds: readonly Hold[]
  readonly released: readonly Release[]
}

/** The news of one judgement, in the order of reporting. */
export const newsOf = (
  decisions: Decisions,
  { holds, released }: HoldChanges,
  before: Reported,
  mode: Mode,
): readonly News[] => [
  // Holds come first: of thousands of violations they are what an operator must hear of.
  ...holds.map((hold): News => ({ what: 'held', hold })),
  ...released.map((release): News => ({ what: 'released', release })),
  ...decisions.foreseen.map(({ connection, verdict, endsAt, leadMs }): News => {
    const violation = violationOf({ connection, violated: [verdict] }, endsAt, verdict)
    return { what: 'warning', violation, leadMs, endsAt }
  }),
  ...violations(decisions, before, mode),
  ...[...decisions.nearMisses]
    .filter(([nearMiss]) => !before.isNearMissReported(nearMiss))
    .map(([nearMiss, resembled]): News => ({ what: 'near-miss', nearMiss: nearMissOfEntry(nearMiss, resembled) })),
]

const violations = ({ violating, now }: Decisions, before: Reported, mode: Mode): readonly News[] =>
  violating
    .filter(({ connection, violated }) =>
      violated.some((verdict) => isDue(verdict, now) && !before.isReported(verdict.policy.name, connection.id)),
    )
    .sort(byUrgency)
    .flatMap((decision) => {
      const names = violatedNames(decision)
      return decision.violated
        .filter((verdict) => isDue(verdict, now) && !before.isReported(verdict.policy.name, decision.connection.id))
        .map((verdict) => ({
          what: 'violation' as const,
          violation: violationOf(decision, now, verdict, names),
          mode: decision.held.includes(verdict) ? 'held' : acts(verdict.policy, mode) ? 'enforce' : 'audit',
        }))
    })
