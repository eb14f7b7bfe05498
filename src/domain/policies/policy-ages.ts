import type { Instant } from '../time/instant.ts'
import { acts, type Mode, type Policy } from './policy.ts'

/** A policy at its last change, and the instant of the change. */
interface PolicyAge {
  readonly hash: string
  readonly acts: boolean
  readonly changedAt: Instant
}

/** By the policies' names. */
export type PolicyAges = Readonly<Record<string, PolicyAge>>

/**
 * The ages after a start or a reload at `now`. A policy changes if its content, or a group, calendar or file that it
 * names, changes, or when it begins to act. A restart with the same files changes nothing.
 */
export const nextPolicyAges = (before: PolicyAges, policies: readonly Policy[], mode: Mode, now: Instant): PolicyAges =>
  Object.fromEntries(
    policies.map((policy) => {
      const { name, hash } = policy
      const known = Object.hasOwn(before, name) ? before[name] : undefined
      const actsNow = acts(policy, mode)
      const same = known !== undefined && known.hash === hash && (known.acts || !actsNow)
      return [name, { hash, acts: actsNow, changedAt: same ? known.changedAt : now }]
    }),
  )

/**
 * The ages once the clock is known to be right, at `now`. Changes dated by an unconfirmed clock are dated now. If the
 * clock had been behind, the guard would not check verdicts that it must check. Changes dated in the future are dated
 * now too.
 */
export const settledAges = (ages: PolicyAges, unsure: ReadonlySet<string>, now: Instant): PolicyAges => {
  const isOff = (name: string, { changedAt }: PolicyAge) => changedAt > now || (unsure.has(name) && changedAt !== now)
  const entries = Object.entries(ages)
  if (!entries.some(([name, age]) => isOff(name, age))) return ages
  return Object.fromEntries(entries.map(([name, age]) => [name, isOff(name, age) ? { ...age, changedAt: now } : age]))
}

/** The names of the policies that changed between the two. */
export const changedPolicies = (before: PolicyAges, after: PolicyAges): readonly string[] =>
  Object.keys({ ...before, ...after }).filter((name) => before[name]?.changedAt !== after[name]?.changedAt)

/** The ages of the policies in force. `unsure`: those whose last change is dated by a clock that AWS has not confirmed since. */
export interface DatedPolicies {
  readonly ages: PolicyAges
  readonly unsure: ReadonlySet<string>
}

/** The ages that a state file keeps are those of a confirmed clock. */
export const datedPolicies = (kept: PolicyAges): DatedPolicies => ({ ages: kept, unsure: new Set() })

/** After a start or a reload at `now`, by a clock that AWS has not confirmed yet. */
export const datedAnew = (
  before: DatedPolicies,
  policies: readonly Policy[],
  mode: Mode,
  now: Instant,
): DatedPolicies => {
  const ages = nextPolicyAges(before.ages, policies, mode, now)
  return { ages, unsure: new Set([...before.unsure, ...changedPolicies(before.ages, ages)]) }
}

/** Once AWS has confirmed the clock, at `now`. */
export const settled = ({ ages, unsure }: DatedPolicies, now: Instant): DatedPolicies => ({
  ages: settledAges(ages, unsure, now),
  unsure: new Set(),
})

/** The ages that a state file keeps. The process that reads it dates the other changes again. */
export const sureAges = ({ ages, unsure }: DatedPolicies): PolicyAges =>
  Object.fromEntries(Object.entries(ages).filter(([name]) => !unsure.has(name)))

/** When a policy last changed. Undefined if it is not in force. */
export const changedAtOf = ({ ages }: DatedPolicies, name: string): Instant | undefined =>
  Object.hasOwn(ages, name) ? ages[name]?.changedAt : undefined
