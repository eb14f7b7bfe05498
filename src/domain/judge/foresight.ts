import type { Connection } from '../connection.ts'
import type { Facts, Policy } from '../policies/policy.ts'
import type { Standing } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { isDue, judge, type Verdict } from './verdict.ts'

/** What a policy that warns will do to one connection if nothing but time moves, so near that its person should hear of it now. */
export interface Foreseen {
  readonly connection: Connection
  readonly policy: Policy
  readonly endsAt: Instant
  /** The verdict at that instant. */
  readonly verdict: Verdict
  /** Which of the policy's leads it is: the nearest, where several have passed. */
  readonly leadMs: number
}

/** Looks ahead from a verdict of now, no further than the longest lead of its policy. `lookAt`: when there may be more to tell. */
export const foresee = (
  standing: Standing,
  connection: Connection,
  facts: Facts,
  now: Instant,
  verdictNow: Verdict,
): { readonly foreseen: Foreseen | undefined; readonly lookAt: Instant } => {
  const { policy } = standing
  const longest = Math.max(...policy.warn)
  let [verdict, endsAt] = [verdictNow, now]
  // Looking ahead must not be remembered as having condemned: it would spend the grace that an edit still to come owes.
  let graceStartedAt: Instant | undefined
  const ahead: Facts =
    verdictNow.word === 'violated' ? facts : { ...facts, graceStartedAt: () => (graceStartedAt ??= endsAt) }
  while (!isDue(verdict, endsAt)) {
    if (verdict.nextAt > now + longest) return { foreseen: undefined, lookAt: verdict.nextAt - longest }
    endsAt = verdict.nextAt
    verdict = judge(standing, connection, ahead, endsAt)
  }
  if (endsAt === now) return { foreseen: undefined, lookAt: NEVER }

  const told = facts.warnedLead(policy, connection.id) ?? NEVER
  const passed = policy.warn.filter((lead) => endsAt - now <= lead)
  const leadMs = Math.min(...passed)
  const later = policy.warn.filter((lead) => lead < Math.min(leadMs, told))
  return {
    foreseen: leadMs < told ? { connection, policy, endsAt, verdict, leadMs } : undefined,
    lookAt: later.length === 0 ? NEVER : endsAt - Math.max(...later),
  }
}
