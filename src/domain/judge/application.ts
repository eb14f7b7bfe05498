import type { Applicability } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { nextEdge, periodAt } from '../time/period.ts'

/** What a policy is to a principal at one instant. Its rule is asked only where it `applies`. */
type Application = 'not-matched' | 'unknown' | 'exempt' | 'applies'

export const applicationAt = ({ matched, matchedIn, exemptIn }: Applicability, now: Instant): Application => {
  if (matched === 'no' || periodAt(matchedIn, now) === undefined) return 'not-matched'
  if (matched === 'unknown') return 'unknown'
  return periodAt(exemptIn, now) === undefined ? 'applies' : 'exempt'
}

/** The first later instant at which the application may differ. */
export const applicationChangesAt = ({ matched, matchedIn, exemptIn }: Applicability, now: Instant): Instant => {
  if (matched === 'no') return NEVER
  return Math.min(nextEdge(matchedIn, now), matched === 'unknown' ? NEVER : nextEdge(exemptIn, now))
}

/** When a policy that applies began to, exemptions aside: no violation begins earlier. */
export const appliesSince = ({ matchedIn }: Applicability, now: Instant): Instant =>
  periodAt(matchedIn, now)?.from ?? -NEVER

/** When the last exemption before an instant ended. */
export const lastExemptAt = ({ exemptIn }: Applicability, now: Instant): Instant =>
  exemptIn.reduce((last, { until }) => (until <= now ? until : last), -NEVER)
