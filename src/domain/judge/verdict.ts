import type { Connection } from '../connection.ts'
import type { Facts, Finding, Policy, Reason } from '../policies/policy.ts'
import type { Standing } from '../policies/policy-set.ts'
import { formatDuration } from '../time/duration.ts'
import { type Instant, NEVER, toText } from '../time/instant.ts'

/** What one policy says of one connection at one instant. */
export interface Verdict {
  readonly policy: Policy
  readonly word: 'not-matched' | 'exempt' | 'unknown' | 'fine' | 'violated'
  /** Why, where it is violated: the kind's reason, or `cooldown`. */
  readonly reason: Reason
  /** From when on it is violated. */
  readonly since: Instant | undefined
  /** From when on the connection must go: `since` and grace. */
  readonly deadline: Instant | undefined
  /** The first later instant at which the word, or whether the deadline has passed, would differ if nothing but time moved and this policy stood alone. */
  readonly nextAt: Instant
  readonly finding: Finding | undefined
  readonly standing: Standing
}

/** The deadline of a finding. A principal-scoped policy that was already violated when the connection was established gives no grace: else every reconnect would buy it anew. */
const deadlineOf = (
  { policy, exemptUntil }: Standing,
  since: Instant,
  connection: Connection,
  facts: Facts,
): Instant => {
  if (policy.graceMs === 0) return since
  // It was not violated then if an exemption held, or if the policy was another: that is notice owed.
  const inForce = since >= exemptUntil && since >= (facts.changedAt(policy) ?? since)
  if (policy.kind.scope === 'principal' && connection.establishedAt === since && inForce) return since
  return Math.max(since, facts.graceStartedAt(policy, connection.id) ?? since) + policy.graceMs
}

/** Until when a connection that came after a cut of the same person is violated for that alone; undefined if it is not. */
const cooldownUntil = (
  { policy, person }: Standing,
  { establishedAt }: Connection,
  facts: Facts,
  now: Instant,
): Instant | undefined => {
  if (policy.cooldownMs === 0 || establishedAt === undefined) return undefined
  const terminatedAt = facts.terminatedAt(policy, person)
  if (terminatedAt === undefined || establishedAt <= terminatedAt) return undefined
  const until = terminatedAt + policy.cooldownMs
  return now < until ? until : undefined
}

const STALE: Finding = { word: 'unknown', until: NEVER, lacks: 'a fresh snapshot' }

const verdictOf = (
  standing: Standing,
  word: Verdict['word'],
  nextAt: Instant,
  finding?: Finding,
  since?: Instant,
  deadline?: Instant,
  reason = standing.policy.kind.reason,
): Verdict => ({ policy: standing.policy, word, reason, since, deadline, nextAt, finding, standing })

export const judge = (standing: Standing, connection: Connection, facts: Facts, now: Instant): Verdict => {
  const { policy, matched, exemptUntil } = standing
  if (matched === 'no') return verdictOf(standing, 'not-matched', NEVER)
  if (matched === 'unknown') return verdictOf(standing, 'unknown', NEVER)
  if (now < exemptUntil) return verdictOf(standing, 'exempt', exemptUntil)

  if (policy.kind.facts !== 'immutable' && !facts.fresh()) return verdictOf(standing, 'unknown', NEVER, STALE)

  const finding = standing.judge.find(connection, facts, now)
  const since = finding.word === 'violated' ? finding.since : undefined
  const deadline = since === undefined ? undefined : deadlineOf(standing, since, connection, facts)
  if (deadline !== undefined && now >= deadline)
    return verdictOf(standing, 'violated', finding.until, finding, since, deadline)

  const coolsAt = cooldownUntil(standing, connection, facts, now)
  if (coolsAt !== undefined) {
    // At its end the connection may be condemned by then for the policy's own sake: then nothing changes there.
    const { establishedAt } = connection
    return verdictOf(
      standing,
      'violated',
      afterCooldown(standing, connection, facts, coolsAt),
      finding,
      establishedAt,
      establishedAt,
      'cooldown',
    )
  }
  return verdictOf(standing, finding.word, Math.min(deadline ?? NEVER, finding.until), finding, since, deadline)
}

const afterCooldown = (standing: Standing, connection: Connection, facts: Facts, coolsAt: Instant): Instant => {
  const then = judge(standing, connection, facts, coolsAt)
  return isDue(then, coolsAt) ? then.nextAt : coolsAt
}

/** Whether the verdict, if its policy acts, ends the connection now. */
export const isDue = (verdict: Verdict, now: Instant): boolean =>
  verdict.deadline !== undefined && now >= verdict.deadline

/** Why, in words for a person. */
export const because = (verdict: Verdict, connection: Connection, now: Instant): string => {
  const { policy, finding, reason, since, standing } = verdict
  if (reason === 'cooldown' && since !== undefined) {
    return `came back at ${toText(since)} after "${policy.name}" had ended the connection before it: it asks for ${formatDuration(policy.cooldownMs)} without one`
  }
  if (finding?.word === 'unknown') return `kept, because the connection lacks ${finding.lacks}`
  if (finding !== undefined) return standing.judge.because(connection, finding, now)
  if (verdict.word === 'not-matched') return 'the policy does not match this connection'
  if (verdict.word === 'exempt') return exemption(standing)
  return 'kept, because the connection has no name and the policy asks for one'
}

const exemption = ({ exemptBy, exemptUntil }: Standing): string => {
  const { entry, isProtection = false } = exemptBy ?? {}
  const as = entry === undefined ? '' : ` as "${entry.pattern.source}"`
  const until = exemptUntil === NEVER ? '' : ` until ${toText(exemptUntil)}`
  const reason = entry?.reason === undefined ? '' : `: ${entry.reason}`
  return `${isProtection ? 'protected' : 'exempt'}${as}${until}${reason}`
}
