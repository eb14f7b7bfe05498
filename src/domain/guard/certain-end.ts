import { NEVER } from '../time/instant.ts'
import { type Counted, keysOf } from './counted.ts'
import { uncovered } from './due.ts'
import { type Guarded, setFinder } from './guarded.ts'
import type { GuardLimits } from './limits.ts'
import type { CertainEnd } from './look-ahead.ts'
import { comparedAtOf, type Standings, standingOf } from './standing.ts'
import { createEndBeforeTrial, type Trial } from './trial.ts'

/**
 * The ends that policies would have brought for certain without an edit. An end is in doubt if the guard would have to count
 * it when it becomes due, because the guard may then hold the policy. What the rules before a trial end is certain.
 */
export const createCertainEnd = (
  before: {
    readonly standings: Standings
    readonly counted: readonly Counted[]
    readonly trial: Trial | undefined
    readonly limits: GuardLimits | undefined
  },
  guarded: Guarded,
  isUnedited: (policy: string) => boolean,
): CertainEnd => {
  const { standings, counted, limits } = before
  const setOf = setFinder(guarded)
  const policies = Object.entries(standings).flatMap(([name, { version }]) =>
    (setOf(version.set)?.policies ?? []).filter((one) => one.name === name && one.hash === version.hash),
  )
  const endBeforeTrial = createEndBeforeTrial(before, guarded, policies, guarded.now + guarded.limits.lookAheadMs)
  const letThrough = keysOf(counted)
  const lookAheadMs = limits?.lookAheadMs ?? 0
  return (verdict, connection, at) => {
    const { policy } = verdict
    const comparedAt = comparedAtOf(standingOf(standings, policy.name))
    if (comparedAt === undefined) return at
    // The history knows the last change of an edited policy only. Its version before was compared after its own.
    const changedAt = isUnedited(policy.name) ? guarded.history.changedAt(policy) : comparedAt
    const due = uncovered(verdict, connection, { comparedAt, changedAt, lookAheadMs }, guarded)
    if (due === undefined || letThrough.has(due)) return at
    return due.isUnforeseen ? NEVER : Math.max(at, endBeforeTrial(due) ?? at)
  }
}
