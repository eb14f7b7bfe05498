import type { Policy } from '../policies/policy.ts'
import type { RecordedSession } from '../recording/recorded-session.ts'
import type { Instant } from '../time/instant.ts'

/** One session that the policies would have ended. */
export interface Cut {
  readonly session: RecordedSession
  /** The first instant at which the daemon would have ended it. Before the session's own end. */
  readonly at: Instant
  /** The policy that leads. */
  readonly policy: Policy
  /** The reason of its kind, or `cooldown`. */
  readonly reason: string
  /** The names of the other policies that it violated then. */
  readonly alsoBy: readonly string[]
}

/** The findings of a replay about one policy. */
export interface PolicyOutcome {
  readonly policy: Policy
  /** How many sessions the policy, alone and without exemptions, would have ended while an exemption kept them. */
  readonly exempted: number
  /** How many sessions of the period it could not judge and might have ended in it, by the fact that is lacking. */
  readonly notJudged: ReadonlyMap<string, number>
}

/** The result of replaying a recording under one policy set. */
export interface Outcome {
  /** By instant, then by connection id. Only those of the recording's period. */
  readonly cuts: readonly Cut[]
  /** The others, before or after the period. They count only where two outcomes are compared: such an end is not none. */
  readonly outside: readonly Cut[]
  /** In the order of the policy set. */
  readonly policies: readonly PolicyOutcome[]
}
