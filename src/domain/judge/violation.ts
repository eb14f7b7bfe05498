import type { Instant } from '../time/instant.ts'
import { alsoBy, type Decision } from './decide.ts'
import { because, type ViolatedVerdict } from './verdict.ts'

/** A connection that violates a policy, and why. The log, the audit trail, the state and JSON use the same keys. */
export interface Violation {
  readonly connectionId: string
  readonly username: string | undefined
  readonly commonName: string | undefined
  readonly policy: string
  readonly reason: string
  /** Undefined if it was read from a trail or state that does not contain it. */
  readonly since: Instant | undefined
  readonly deadline: Instant | undefined
  readonly because: string
  readonly alsoBy: readonly string[]
}

/** The violation of one verdict of a decision. */
export const violationOf = (
  { connection, violated }: Pick<Decision, 'connection' | 'violated'>,
  now: Instant,
  verdict: ViolatedVerdict,
): Violation => {
  const { id: connectionId, username, commonName } = connection
  const { policy, reason, since, deadline } = verdict
  return {
    connectionId,
    username,
    commonName,
    policy: policy.name,
    reason,
    since,
    deadline,
    because: because(verdict, connection, now),
    alsoBy: alsoBy({ lead: verdict, violated }),
  }
}
