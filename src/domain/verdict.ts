import type { Connection } from './connection.ts'
import { type Instant, NEVER } from './instant.ts'
import type { Finding, History, Judge, Policy } from './policy.ts'
import type { Standing } from './policy-set.ts'

/** What one policy says of one connection at one instant. */
export interface Verdict {
  readonly policy: Policy
  readonly word: 'not-matched' | 'exempt' | 'unknown' | 'fine' | 'violated'
  /** From when on it is violated. */
  readonly since: Instant | undefined
  /** From when on the connection must go: `since` and grace. */
  readonly deadline: Instant | undefined
  /** The first later instant at which the word, or whether the deadline has passed, would differ if nothing but time moved. */
  readonly nextAt: Instant
  readonly finding: Finding | undefined
  readonly judge: Judge
}

const UNJUDGED = { since: undefined, deadline: undefined, finding: undefined } as const

/** The deadline of a finding. A principal-scoped policy that was already violated when the connection was established gives no grace: else every reconnect would buy it anew. */
const deadlineOf = (policy: Policy, since: Instant, connection: Connection): Instant => {
  const bornViolating = policy.kind.scope === 'principal' && connection.establishedAt === since
  return bornViolating ? since : since + policy.graceMs
}

export const judge = (standing: Standing, connection: Connection, history: History, now: Instant): Verdict => {
  const { policy, matched, exemptUntil } = standing
  if (matched === 'no') return { policy, word: 'not-matched', nextAt: NEVER, judge: standing.judge, ...UNJUDGED }
  if (matched === 'unknown') return { policy, word: 'unknown', nextAt: NEVER, judge: standing.judge, ...UNJUDGED }
  if (now < exemptUntil) return { policy, word: 'exempt', nextAt: exemptUntil, judge: standing.judge, ...UNJUDGED }
  const finding = standing.judge.find(connection, history, now)
  if (finding.word !== 'violated') {
    return {
      policy,
      word: finding.word,
      since: undefined,
      deadline: undefined,
      nextAt: finding.until,
      finding,
      judge: standing.judge,
    }
  }
  const deadline = deadlineOf(policy, finding.since, connection)
  const nextAt = now < deadline ? Math.min(deadline, finding.until) : finding.until
  return { policy, word: 'violated', since: finding.since, deadline, nextAt, finding, judge: standing.judge }
}

/** Whether the verdict, if its policy acts, ends the connection now. */
export const isDue = (verdict: Verdict, now: Instant): boolean =>
  verdict.deadline !== undefined && now >= verdict.deadline

/** Why, in words for a person. */
export const because = (verdict: Verdict, connection: Connection, now: Instant): string => {
  if (verdict.finding !== undefined) return verdict.judge.because(connection, verdict.finding, now)
  if (verdict.word === 'not-matched') return 'the policy does not match this connection'
  if (verdict.word === 'exempt') return 'exempt'
  return 'the connection has neither a user name nor a common name, and the policy asks for one'
}
