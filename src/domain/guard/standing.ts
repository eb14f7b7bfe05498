import { acts, type Mode, type Policy } from '../policies/policy.ts'
import type { Instant } from '../time/instant.ts'
import { WITHIN_MS } from './counted.ts'

/** The content of a policy at some time: its hash, and the hash of the policy set that contains it. */
export interface PolicyVersion {
  readonly hash: string
  readonly set: string
}

/** What the guard knows of one policy on one endpoint. */
export type Standing =
  /** The policy ends connections. The connections that the snapshot of `comparedAt` showed have been compared. */
  | { readonly state: 'in-force'; readonly version: PolicyVersion; readonly comparedAt: Instant }
  /** The policy does not act. */
  | { readonly state: 'audit'; readonly version: PolicyVersion }
  /**
   * The policy ends nothing until an operator edits it. `before`: the version that was in force before the hold. It would
   * have ended `counted` of `of` connections.
   */
  | {
      readonly state: 'held'
      readonly version: PolicyVersion
      readonly before: PolicyVersion | undefined
      readonly since: Instant
      readonly counted: number
      readonly of: number
    }
  /**
   * The policy was deleted while it was in force or held. It may return, perhaps under another name. `version` was in force
   * last.
   */
  | { readonly state: 'gone'; readonly version: PolicyVersion; readonly goneAt: Instant; readonly wasHeld: boolean }

/** By the policies' names. */
export type Standings = Readonly<Record<string, Standing>>

export const standingOf = (standings: Standings, name: string): Standing | undefined =>
  Object.hasOwn(standings, name) ? standings[name] : undefined

export const NONE_HELD: ReadonlySet<string> = new Set()

/** The begin of each hold, by the name of the policy. */
export const holdsIn = (standings: Standings): ReadonlyMap<string, Instant> =>
  new Map(
    Object.entries(standings).flatMap(([name, standing]) =>
      standing.state === 'held' ? [[name, standing.since] as const] : [],
    ),
  )

/** The names of the policies that the guard holds. */
export const heldIn = (standings: Standings): ReadonlySet<string> => {
  const held = holdsIn(standings)
  return held.size === 0 ? NONE_HELD : new Set(held.keys())
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
    case 'gone':
      return { version: standing.version, isInForce: !standing.wasHeld }
    case 'audit':
      return { version: standing.version, isInForce: false }
    case 'held':
      return standing.before && { version: standing.before, isInForce: false }
  }
}

/** The instant until which the ends of the policy have been compared or counted. Undefined if it has ended nobody. */
export const comparedAtOf = (standing: Standing | undefined): Instant | undefined => {
  switch (standing?.state) {
    case 'in-force':
      return standing.comparedAt
    case 'gone':
      return standing.goneAt
    default:
      return undefined
  }
}

/** The standing of a policy that no longer exists. Undefined if it ended nobody before, or is forgotten. */
export const goneFrom = (standing: Standing, now: Instant): Extract<Standing, { state: 'gone' }> | undefined => {
  switch (standing.state) {
    case 'audit':
      return undefined
    case 'in-force':
      return { state: 'gone', version: standing.version, goneAt: now, wasHeld: false }
    case 'held':
      return standing.before && { state: 'gone', version: standing.before, goneAt: now, wasHeld: true }
    case 'gone':
      // After a clock was set back, an instant in the future would count for too long.
      return now - standing.goneAt < WITHIN_MS ? { ...standing, goneAt: Math.min(standing.goneAt, now) } : undefined
  }
}

/** The next standing of a policy that needs no comparison. Undefined if the guard must compare the policy. */
export const stands = (
  standing: Standing | undefined,
  policy: Policy,
  version: PolicyVersion,
  asked: {
    readonly mode: Mode
    /** When the snapshot was begun that shows the connections. */
    readonly shownAt: Instant
    /** Whether a hold of so many connections fits the limits, which an operator has edited. */
    readonly isReleased: (held: Extract<Standing, { state: 'held' }>) => boolean
    /** Whether other tags, or another name, made the policy select the endpoint, or no longer: that counts as an edit. */
    readonly isReselected: boolean
  },
): Standing | undefined => {
  const { mode, shownAt, isReleased, isReselected } = asked
  const isSame = standing?.version.hash === version.hash && !isReselected
  // Turning the whole daemon to audit is no edit of the policy: the hold goes on when it is turned back.
  const isHeldStill = standing?.state === 'held' && isSame && policy.guard === 'on' && policy.mode === 'enforce'
  if (isHeldStill && !isReleased(standing)) return { ...standing, version }
  if (!acts(policy, mode)) return { state: 'audit', version }
  if (policy.guard === 'off') {
    const comparedAt = standing?.state === 'in-force' && isSame ? standing.comparedAt : shownAt
    return { state: 'in-force', version, comparedAt }
  }
  if (!isSame || standing.state !== 'in-force') return undefined
  // After a clock was set back, an instant in the future would be waited for twice.
  return { ...standing, version, comparedAt: Math.min(standing.comparedAt, shownAt) }
}
