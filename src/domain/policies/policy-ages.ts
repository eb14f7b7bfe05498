import type { Instant } from '../time/instant.ts'
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
      return [name, { hash, acts: actsNow, changedAt: same ? known.changedAt : now }]
    }),
  )

/**
 * The ages once the clock is known to be right, at `now`. What changed while nobody knew counts from now on: a clock that
 * was behind would make verdicts look foreseen that nobody foresaw. So does what lies in the future.
 */
export const settledAges = (ages: PolicyAges, unsure: ReadonlySet<string>, now: Instant): PolicyAges => {
  const isOff = (name: string, { changedAt }: PolicyAge) => changedAt > now || (unsure.has(name) && changedAt !== now)
  const entries = Object.entries(ages)
  if (!entries.some(([name, age]) => isOff(name, age))) return ages
  return Object.fromEntries(entries.map(([name, age]) => [name, isOff(name, age) ? { ...age, changedAt: now } : age]))
}

/** The names of the policies that changed from one to the other. */
export const changedPolicies = (before: PolicyAges, after: PolicyAges): readonly string[] =>
  Object.keys({ ...before, ...after }).filter((name) => before[name]?.changedAt !== after[name]?.changedAt)
