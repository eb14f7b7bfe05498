import type { Policy } from '../policies/policy.ts'

/** A policy that the door does not judge, and why. */
export interface LeftToDaemon {
  readonly policy: Policy
  /** Completes the sentence "the policy is left to the daemon, because …". */
  readonly because: string
}

/** The policies that rest on what a session has done, or on the sessions beside it: somebody who connects has neither. */
export const leftToDaemon = (policies: readonly Policy[]): readonly LeftToDaemon[] =>
  policies.filter(({ kind }) => kind.atTheDoor === undefined).map((policy) => ({ policy, because: becauseOf(policy) }))

const becauseOf = ({ kind }: Policy): string => {
  if (kind.counting !== undefined) return 'it counts the other sessions of the user, which only the daemon sees'
  if (kind.facts === 'counters') return 'it reads the byte counters of a session, which begin at the door'
  return 'it reads the age of a session, which begins at the door'
}
