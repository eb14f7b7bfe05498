import type { Connection } from '../connection.ts'
import type { Verdict, ViolatedVerdict } from '../judge/verdict.ts'
import type { Policy } from '../policies/policy.ts'
import type { Instant } from '../time/instant.ts'
import type { UnknownPolicy } from './unknown-policies.ts'

/** A policy that threw, and what it threw. */
export interface FailedPolicy {
  readonly policy: Policy
  readonly error: unknown
}

interface AnyDoorDecision {
  /** The verdicts of the policies that the door judges, in their order. */
  readonly verdicts: readonly Verdict[]
  /** The policies that threw. Where one threw while it was judged, its verdict is `unknown`. */
  readonly failed: readonly FailedPolicy[]
  /** The connection that the request asks for, as it is judged. */
  readonly connection: Connection
  /** The policies that deny nobody here because the request lacks a fact, if none of the others denies it. */
  readonly unknown: readonly UnknownPolicy[]
  /** The posture statuses that AWS keeps for the connection, for the `posture` policies of the daemon. */
  readonly postureStatuses: readonly string[]
}

/** What the door decides about one request. `audit`: the policies that would deny it do not act. */
export type DoorDecision = AnyDoorDecision &
  (
    | { readonly act: 'allow'; readonly lead: undefined }
    | {
        readonly act: 'deny' | 'audit'
        readonly lead: ViolatedVerdict
        /** For the person: why, and until when. At most 255 bytes in UTF-8. */
        readonly text: string
        /** The first later instant at which the answer may differ. NEVER: none is known. */
        readonly until: Instant
      }
  )

/** The request cannot be judged at all. This is no decision: `onError` answers it. */
export interface NotJudged {
  readonly act: 'on-error'
  /** The fault of the request. It quotes nothing of it. */
  readonly error: string
}
