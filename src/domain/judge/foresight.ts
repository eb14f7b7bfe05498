import type { Connection } from '../connection.ts'
import type { Facts, Policy } from '../policies/policy.ts'
import type { Applicability } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { isDue, judge, type Verdict, type ViolatedVerdict } from './verdict.ts'

/** The future end of one connection under a policy, if nothing but time passes. It is so near that a warning is due. */
export interface Foreseen {
  readonly connection: Connection
  readonly policy: Policy
  readonly endsAt: Instant
  /** The verdict at that instant. */
  readonly verdict: ViolatedVerdict
  /** The policy's lead that the warning belongs to: the shortest that has begun, in ms. */
  readonly leadMs: number
  /** Which extension the warning offers, counted from 1; undefined if it offers none. */
  readonly extension: number | undefined
}

/**
 * Looks ahead from the verdict at `now`, as far as the longest lead of its policy. `lookAt`: when to look ahead again.
 */
export const foresee = (
  applicability: Applicability,
  connection: Connection,
  facts: Facts,
  now: Instant,
  verdictNow: Verdict,
): { readonly foreseen: Foreseen | undefined; readonly lookAt: Instant } => {
  const { policy } = applicability
  const longest = Math.max(...policy.warn)
  // The grace of a violation that has not begun will start with the violation, not now.
  let graceStartsAt: Instant | undefined
  const ahead: Facts =
    verdictNow.word === 'violated' ? facts : { ...facts, graceStartedAt: () => graceStartsAt ?? endsAt }
  let [verdict, endsAt] = [verdictNow, now]
  while (!isDue(verdict, endsAt)) {
    if (verdict.nextAt > now + longest) return { foreseen: undefined, lookAt: verdict.nextAt - longest }
    endsAt = verdict.nextAt
    verdict = judge(applicability, connection, ahead, endsAt)
    if (verdict.word === 'violated') graceStartsAt ??= endsAt
  }
  if (endsAt === now) return { foreseen: undefined, lookAt: NEVER }

  const warnedLead = facts.warnedLead(policy, connection.id) ?? NEVER
  const begun = policy.warn.filter((lead) => endsAt - now <= lead)
  const leadMs = Math.min(...begun)
  const granted = facts.extensions(connection.id)?.get(policy.name)?.granted ?? 0
  const extension = policy.extend !== undefined && granted < policy.extend.times ? granted + 1 : undefined
  const shorter = policy.warn.filter((lead) => lead < Math.min(leadMs, warnedLead))
  return {
    foreseen: leadMs < warnedLead ? { connection, policy, endsAt, verdict, leadMs, extension } : undefined,
    lookAt: shorter.length === 0 ? NEVER : endsAt - Math.max(...shorter),
  }
}

/**
 * The warning as it is true where another policy ends the connection at `otherwiseAt`. If that is earlier, there is no
 * warning: it would tell a later end. If it is the same instant, an extension would not help and is not offered.
 */
export const besideEnd = (foreseen: Foreseen, otherwiseAt: Instant): Foreseen | undefined => {
  if (otherwiseAt < foreseen.endsAt) return undefined
  return otherwiseAt === foreseen.endsAt ? { ...foreseen, extension: undefined } : foreseen
}
