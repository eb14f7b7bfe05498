import { alsoBy, type Decision } from '../domain/judge/decide.ts'
import { because, type Verdict } from '../domain/judge/verdict.ts'
import type { Reason } from '../domain/policies/policy.ts'
import type { Instant } from '../domain/time/instant.ts'

/** A connection that must go, and why: in the words of logs, audit records and JSON, the same everywhere. */
export interface Violation {
  readonly connectionId: string
  readonly username: string | undefined
  readonly commonName: string | undefined
  readonly policy: string
  readonly reason: Reason
  readonly since: Instant | undefined
  readonly deadline: Instant | undefined
  readonly because: string
  readonly alsoBy: readonly string[]
}

/** A decision told in the name of one of its verdicts: of its lead, if nothing else is said. Undefined where all are in grace. */
export const violationOf = (
  decision: Decision,
  now: Instant,
  verdict: Verdict | undefined = decision.lead,
): Violation | undefined => {
  if (verdict === undefined) return undefined
  const { id: connectionId, username, commonName } = decision.connection
  const { policy, reason, since, deadline } = verdict
  return {
    connectionId,
    username,
    commonName,
    policy: policy.name,
    reason,
    since,
    deadline,
    because: because(verdict, decision.connection, now),
    alsoBy: alsoBy({ ...decision, lead: verdict }),
  }
}
