import type { Connection } from '../connection.ts'
import type { ViolatedVerdict } from '../judge/verdict.ts'
import { type Counted, keysOf } from './counted.ts'
import { uncovered } from './due.ts'
import { type Guarded, setFinder } from './guarded.ts'
import { comparedAtOf, type Standings, standingOf } from './standing.ts'
import { createArrivalCheck, type Trial } from './trial.ts'

/**
 * Whether an end that a policy would have brought without an edit is in doubt: the guard would have to count it when it
 * becomes due, and may then hold the policy. Then nothing but the edit would end the connection.
 */
export const createDoubt = (
  before: {
    readonly standings: Standings
    readonly counted: readonly Counted[]
    readonly trial: Trial | undefined
    readonly limits: { readonly lookAheadMs: number } | undefined
  },
  guarded: Guarded,
  isUnedited: (policy: string) => boolean,
) => {
  const { standings, counted, limits } = before
  const setOf = setFinder(guarded)
  const policies = Object.entries(standings).flatMap(([name, { version }]) =>
    (setOf(version.set)?.policies ?? []).filter((one) => one.name === name && one.hash === version.hash),
  )
  const counts = createArrivalCheck(before, guarded, policies)
  const letThrough = keysOf(counted)
  const lookAheadMs = limits?.lookAheadMs ?? 0
  return (verdict: ViolatedVerdict, connection: Connection): boolean => {
    const { policy } = verdict
    const comparedAt = comparedAtOf(standingOf(standings, policy.name))
    if (comparedAt === undefined) return false
    // The history knows the last change of an edited policy only. Its version before was compared after its own.
    const changedAt = isUnedited(policy.name) ? guarded.history.changedAt(policy) : comparedAt
    const due = uncovered(verdict, connection, { comparedAt, changedAt, lookAheadMs }, guarded)
    return due !== undefined && !letThrough.has(due) && (due.isUnforeseen || counts(due))
  }
}
