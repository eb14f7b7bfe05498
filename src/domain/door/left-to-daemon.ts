import type { Policy } from '../policies/policy.ts'
import type { DoorRules } from './door-rules.ts'
import { isJudgedAtTheDoor } from './judged-at-the-door.ts'

/** A policy that the door does not judge, and why. */
export interface LeftToDaemon {
  readonly policy: Policy
  /** Completes the sentence "the policy is left to the daemon, because …". */
  readonly because: string
}

/**
 * The policies that rest on what a session has done, or on the sessions beside it: somebody who connects has neither. And
 * those that read posture statuses, if the door gives none.
 */
export const leftToDaemon = (
  policies: readonly Policy[],
  { posture }: Pick<DoorRules, 'posture'>,
): readonly LeftToDaemon[] =>
  policies
    .filter((policy) => !isJudgedAtTheDoor(policy, posture))
    .map((policy) => ({ policy, because: becauseOf(policy) }))

const becauseOf = ({ kind }: Policy): string => {
  if (kind.atTheDoor !== undefined)
    return 'it reads posture statuses, and "connectHandler.posture" has no rule that gives any'
  if (kind.counting !== undefined) return 'it counts the other sessions of the user, which only the daemon sees'
  if (kind.facts === 'counters') return 'it reads the byte counters of a session, which begin at the door'
  return 'it reads the age of a session, which begins at the door'
}
