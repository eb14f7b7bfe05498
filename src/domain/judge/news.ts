import type { GuardedVerdict, Review } from '../guard/guard.ts'
import { acts, type Mode } from '../policies/policy.ts'
import { byUrgency } from '../terminate/plan.ts'
import type { Instant } from '../time/instant.ts'
import { type NearMiss, nearMissKey } from './assessment.ts'
import type { Decisions } from './decide.ts'
import { isDue } from './verdict.ts'
import { type Violation, violatedNames, violationOf } from './violation.ts'

/** A fact about an endpoint that was not reported before. It is reported once, not at each judgement. */
export type News =
  /** A deadline has passed. */
  | { readonly what: 'violation'; readonly violation: Violation; readonly mode: Mode }
  /** The guard holds verdicts of a policy. */
  | {
      readonly what: 'held'
      readonly policy: string
      readonly violations: readonly Violation[]
      readonly active: number
    }
  /** The guard no longer holds these verdicts. */
  | { readonly what: 'released'; readonly verdicts: readonly GuardedVerdict[] }
  | { readonly what: 'near-miss'; readonly nearMiss: NearMiss }
  /** A connection ends soon. */
  | { readonly what: 'warning'; readonly violation: Violation; readonly leadMs: number; readonly endsAt: Instant }

/** The earlier reports. */
interface Reported {
  readonly isReported: (policy: string, connectionId: string) => boolean
  readonly isNearMissReported: (nearMiss: NearMiss) => boolean
}

/** The news of one judgement, in the order of reporting. */
export const newsOf = ({ decisions, held, released }: Review, before: Reported, mode: Mode): readonly News[] => [
  ...violations(decisions, before, mode),
  ...holds({ decisions, held }),
  ...(released.length > 0 ? [{ what: 'released', verdicts: released } as const] : []),
  ...[...new Map(decisions.nearMisses.map((nearMiss) => [nearMissKey(nearMiss), nearMiss])).values()]
    .filter((nearMiss) => !before.isNearMissReported(nearMiss))
    .map((nearMiss) => ({ what: 'near-miss', nearMiss }) as const),
  ...decisions.foreseen.map(({ connection, verdict, endsAt, leadMs }): News => {
    const violation = violationOf({ connection, violated: [verdict] }, endsAt, verdict)
    return { what: 'warning', violation, leadMs, endsAt }
  }),
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
          mode: acts(verdict.policy, mode) ? ('enforce' as const) : ('audit' as const),
        }))
    })

/** One piece of news for each policy with newly held verdicts. */
const holds = ({ decisions, held }: Pick<Review, 'decisions' | 'held'>): readonly News[] => {
  const byPolicy = new Map<string, Violation[]>()
  for (const { decision, verdict } of held) {
    const violation = violationOf(decision, decisions.now, verdict)
    const { name } = verdict.policy
    if (byPolicy.get(name)?.push(violation) === undefined) byPolicy.set(name, [violation])
  }
  return [...byPolicy].map(([policy, of]) => ({ what: 'held', policy, violations: of, active: decisions.active }))
}
