import { acts, type Mode, type Policy } from '../policies/policy.ts'
import type { Instant } from '../time/instant.ts'

/** The content of a policy at some time: its hash, and the hash of the policy set that contains it. */
export interface PolicyVersion {
  readonly hash: string
  readonly set: string
}

/** A time in which the guard compares connections that are established after an edit with the version before it. */
export interface Trial {
  /** Undefined if the policy is new. */
  readonly before: PolicyVersion | undefined
  readonly until: Instant
}

/** What the guard knows of one policy on one endpoint. */
export type Standing =
  /** The policy ends connections. The connections that were active at `comparedAt` have been compared. */
  | {
      readonly state: 'in-force'
      readonly version: PolicyVersion
      readonly comparedAt: Instant
      readonly trial: Trial | undefined
    }
  /** The policy does not act. */
  | { readonly state: 'audit'; readonly version: PolicyVersion }
  /** The policy ends nothing until an operator edits it. `before`: the version that was in force before the hold. */
  | {
      readonly state: 'held'
      readonly version: PolicyVersion
      readonly before: PolicyVersion | undefined
      readonly since: Instant
    }
  /** The policy was deleted while another one is held. It may return under another name. */
  | { readonly state: 'gone'; readonly version: PolicyVersion }

/** By the policies' names. */
export type Standings = Readonly<Record<string, Standing>>

export const standingOf = (standings: Standings, name: string): Standing | undefined =>
  Object.hasOwn(standings, name) ? standings[name] : undefined

export const NONE_HELD: ReadonlySet<string> = new Set()

/** The names of the policies that the guard holds. */
export const heldIn = (standings: Standings): ReadonlySet<string> => {
  const held = Object.entries(standings).flatMap(([name, { state }]) => (state === 'held' ? [name] : []))
  return held.length === 0 ? NONE_HELD : new Set(held)
}

/** A version to compare with. Ends that it brought in the past count only if it was in force until now. */
export interface Base {
  readonly version: PolicyVersion
  readonly isInForce: boolean
}

/** The version of a policy before the present one. Undefined if the policy is new. */
export const baseOf = (standing: Standing | undefined): Base | undefined => {
  switch (standing?.state) {
    case undefined:
      return undefined
    case 'in-force':
      return { version: standing.version, isInForce: true }
    case 'audit':
    case 'gone':
      return { version: standing.version, isInForce: false }
    case 'held':
      return standing.before && { version: standing.before, isInForce: false }
  }
}

/** The next standing of a policy that needs no comparison. Undefined if the guard must compare the policy. */
export const stands = (
  standing: Standing | undefined,
  policy: Policy,
  version: PolicyVersion,
  asked: { readonly mode: Mode; readonly now: Instant; readonly areLimitsEdited: boolean },
): Standing | undefined => {
  const { mode, now, areLimitsEdited } = asked
  if (!acts(policy, mode)) return { state: 'audit', version }
  const isSame = standing?.version.hash === version.hash
  if (policy.guard === 'off') {
    const comparedAt = standing?.state === 'in-force' && isSame ? standing.comparedAt : now
    return { state: 'in-force', version, comparedAt, trial: undefined }
  }
  if (!isSame) return undefined
  if (standing.state === 'held') return areLimitsEdited ? undefined : standing
  if (standing.state !== 'in-force') return undefined
  const { trial, comparedAt } = standing
  // After a clock was set back, an instant in the future would be waited for twice.
  return {
    ...standing,
    version,
    comparedAt: Math.min(comparedAt, now),
    trial: trial !== undefined && now < trial.until ? trial : undefined,
  }
}
