import type { Release } from '../guard/guard.ts'
import {
  listKey,
  type NearMiss,
  type NearMissOfEntry,
  nearMissOfEntry,
  type ReportedEntries,
  type Resembled,
} from '../policies/near-misses.ts'
import { acts, type Mode } from '../policies/policy.ts'
import type { ListOwner } from '../policies/user-lists.ts'
import { byUrgency } from '../terminate/plan.ts'
import type { Decisions } from './decide.ts'
import type { Foreseen } from './foresight.ts'
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
  /** So many more entries of a list are near misses, and no other entry of it is reported. */
  | ({ readonly what: 'more-near-misses'; readonly entries: number } & ListOwner)
  /** A connection ends soon. */
  | ({ readonly what: 'warning'; readonly violation: Violation } & Pick<Foreseen, 'leadMs' | 'endsAt' | 'extension'>)

/** The earlier reports. */
interface Reported {
  readonly isReported: (policy: string, connectionId: string) => boolean
  readonly nearMissesReported: (list: ListOwner) => ReportedEntries
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
  ...decisions.foreseen.map(({ connection, verdict, endsAt, leadMs, extension }): News => {
    const violation = violationOf({ connection, violated: [verdict] }, endsAt, verdict)
    return { what: 'warning', violation, leadMs, endsAt, extension }
  }),
  ...violations(decisions, before, mode),
  ...nearMisses(decisions, before),
]

/** How many entries of one list are reported. A list of which all entries have the wrong form may have thousands. */
const MOST_OF_A_LIST = 20

const nearMisses = (decisions: Decisions, before: Reported): readonly News[] => {
  const lists = new Map<string, Array<readonly [NearMiss, Resembled]>>()
  for (const found of decisions.nearMisses) {
    const key = listKey(found[0])
    if (lists.get(key)?.push(found) === undefined) lists.set(key, [found])
  }
  return [...lists.values()].flatMap((ofList) => newsOfList(ofList, before))
}

const newsOfList = (ofList: ReadonlyArray<readonly [NearMiss, Resembled]>, before: Reported): readonly News[] => {
  const [first] = ofList
  if (first === undefined) return []
  const [{ policy, list }] = first
  const reported = before.nearMissesReported({ policy, list })
  if (reported === 'enough') return []
  const unreported = ofList.filter(([{ entry }]) => !reported.has(entry))
  const shown = unreported.slice(0, MOST_OF_A_LIST - reported.size)
  const entries = unreported.length - shown.length
  return [
    ...shown.map(
      ([nearMiss, resembled]): News => ({ what: 'near-miss', nearMiss: nearMissOfEntry(nearMiss, resembled) }),
    ),
    ...(entries > 0 ? [{ what: 'more-near-misses' as const, policy, list, entries }] : []),
  ]
}

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
