import type { Applicability } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { nextEdge, periodAt } from '../time/period.ts'

/**
 * The relation of a policy to a principal at one instant. Its rule is asked only where it `applies`. `not-in-force`: before
 * its `from`, or from its `until` on.
 */
type Application = 'not-matched' | 'not-in-force' | 'unknown' | 'exempt' | 'applies'

export const applicationAt = (applicability: Applicability, now: Instant): Application => {
  if (applicability.isConstant) return 'applies'
  const { matched, matchedIn, inForceIn, exemptIn } = applicability
  if (matched === 'no' || periodAt(matchedIn, now) === undefined) return 'not-matched'
  if (periodAt(inForceIn, now) === undefined) return 'not-in-force'
  if (matched === 'unknown') return 'unknown'
  return periodAt(exemptIn, now) === undefined ? 'applies' : 'exempt'
}

/** The first later instant at which the application may differ. */
export const applicationChangesAt = (applicability: Applicability, now: Instant): Instant => {
  const { isConstant, matched, matchedIn, inForceIn, exemptIn } = applicability
  if (isConstant || matched === 'no') return NEVER
  const exemptChangesAt = matched === 'unknown' ? NEVER : nextEdge(exemptIn, now)
  return Math.min(nextEdge(inForceIn, now), nextEdge(matchedIn, now), exemptChangesAt)
}

/** When a policy that applies began to, exemptions aside: no violation begins earlier. */
export const appliesSince = ({ policy, matchedIn }: Applicability, now: Instant): Instant =>
  Math.max(policy.from ?? -NEVER, periodAt(matchedIn, now)?.from ?? -NEVER)

/** When the last exemption before an instant ended. */
export const lastExemptAt = ({ exemptIn }: Applicability, now: Instant): Instant =>
  exemptIn.reduce((last, { until }) => (until <= now ? until : last), -NEVER)
