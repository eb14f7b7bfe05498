import type { Instant } from './instant.ts'
import { acts, type Mode, type Policy } from './policy.ts'

/** What a policy was when it last changed, and when that was. */
export interface PolicyAge {
  readonly hash: string
  readonly acts: boolean
  readonly changedAt: Instant
}

/** By the policies' names. */
export type PolicyAges = Readonly<Record<string, PolicyAge>>

/**
 * The ages after a start or a reload at `now`. A policy changes with its content, with what it names, and when it
 * begins to act; a restart with the same files changes nothing.
 */
export const nextPolicyAges = (before: PolicyAges, policies: readonly Policy[], mode: Mode, now: Instant): PolicyAges =>
  Object.fromEntries(
    policies.map((policy) => {
      const { name, hash } = policy
      const known = Object.hasOwn(before, name) ? before[name] : undefined
      const actsNow = acts(policy, mode)
      const same = known !== undefined && known.hash === hash && (known.acts || !actsNow)
      // One that changed in the future did so by a clock that has been set back since.
      return [name, { hash, acts: actsNow, changedAt: same ? Math.min(known.changedAt, now) : now }]
    }),
  )

/** The names of the policies that changed from one to the other. */
export const changedPolicies = (before: PolicyAges, after: PolicyAges): readonly string[] =>
  Object.keys({ ...before, ...after }).filter((name) => before[name]?.changedAt !== after[name]?.changedAt)
