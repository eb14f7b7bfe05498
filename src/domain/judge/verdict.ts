import type { Connection } from '../connection.ts'
import { DOOR_KEYS } from '../names/door-selector.ts'
import { lastingAt } from '../names/user-list.ts'
import { extendedDeadline } from '../policies/extension.ts'
import type { Facts, Finding, Policy } from '../policies/policy.ts'
import type { Applicability } from '../policies/policy-set.ts'
import { formatDuration } from '../time/duration.ts'
import { type Instant, NEVER, toText } from '../time/instant.ts'
import { textIn } from '../time/local-time.ts'
import { type Periods, periodAt } from '../time/period.ts'
import { applicationAt, applicationChangesAt, appliesSince, lastExemptAt } from './application.ts'

interface AnyVerdict {
  readonly policy: Policy
  readonly applicability: Applicability
  /**
   * The first later instant at which the word differs or the deadline passes, if nothing but time passes and no other
   * policy acts.
   */
  readonly nextAt: Instant
}

/**
 * The connection does not violate the policy. The type has the same fields as the other, so that the engine optimizes
 * both alike.
 */
interface OtherVerdict extends AnyVerdict {
  readonly word: 'not-matched' | 'exempt' | 'unknown' | 'fine'
  readonly reason: undefined
  readonly since: undefined
  readonly deadline: undefined
  readonly graceStartedAt: undefined
  readonly extendedFrom: undefined
  readonly finding: Finding | undefined
}

/** The connection violates the policy. */
export interface ViolatedVerdict extends AnyVerdict {
  readonly word: 'violated'
  /** The kind's reason, or `cooldown`. */
  readonly reason: string
  /** When the violation began. */
  readonly since: Instant
  /** When the connection must end: `since`, grace and extensions. */
  readonly deadline: Instant
  /** When grace began, if the memory must keep it. */
  readonly graceStartedAt: Instant | undefined
  /** The deadline without extensions, where they have moved it. */
  readonly extendedFrom: Instant | undefined
  readonly finding: Finding
}

/** What one policy says about one connection at one instant. */
export type Verdict = OtherVerdict | ViolatedVerdict

/** The deadline without extensions, and when grace began if it does not follow from the facts alone. */
const ownDeadlineOf = (
  applicability: Applicability,
  since: Instant,
  connection: Connection,
  facts: Facts,
  now: Instant,
): { readonly deadline: Instant; readonly graceStartedAt: Instant | undefined } => {
  const { policy } = applicability
  if (policy.graceMs === 0) return { deadline: since, graceStartedAt: undefined }
  // A principal that already violated the policy when it connected gets no grace. Otherwise each reconnect would start
  // grace again. It gets grace if it was exempt then, or if the policy has changed since.
  const inForce = since >= lastExemptAt(applicability, now) && since >= facts.changedAt(policy)
  if (policy.kind.scope === 'principal' && connection.establishedAt === since && inForce) {
    return { deadline: since, graceStartedAt: undefined }
  }
  const graceStartedAt = facts.graceStartedAt(policy, connection.id)
  return { deadline: Math.max(since, graceStartedAt ?? since) + policy.graceMs, graceStartedAt }
}

/** The end of the cooldown if the connection is a reconnect within it; otherwise undefined. */
const cooldownUntil = (
  { policy }: Applicability,
  connection: Connection,
  facts: Facts,
  now: Instant,
): Instant | undefined => {
  const { establishedAt } = connection
  if (policy.cooldownMs === 0 || establishedAt === undefined) return undefined
  const terminatedAt = facts.terminatedAt(policy, connection)
  if (terminatedAt === undefined || establishedAt <= terminatedAt) return undefined
  const until = terminatedAt + policy.cooldownMs
  return now < until ? until : undefined
}

const NO_FRESH_SNAPSHOT: Finding = { word: 'unknown', until: NEVER, lacks: 'a fresh snapshot' }

const NOT_CONFIRMED: Finding = {
  word: 'unknown',
  until: NEVER,
  lacks: 'a snapshot of every endpoint begun at its deadline or later',
}

/**
 * Whether every other endpoint that was counted has been read since the deadline. Grace gives people the time to end a
 * connection themselves, and an older snapshot does not show whether they did.
 */
const isConfirmed = ({ deadline }: ViolatedVerdict, { surplus }: Facts): boolean =>
  surplus?.state !== 'known' || surplus.shownAt >= deadline

const otherVerdict = (
  applicability: Applicability,
  word: OtherVerdict['word'],
  nextAt: Instant,
  finding?: Finding,
): OtherVerdict => ({
  policy: applicability.policy,
  applicability,
  word,
  nextAt,
  reason: undefined,
  since: undefined,
  deadline: undefined,
  graceStartedAt: undefined,
  extendedFrom: undefined,
  finding,
})

export const judge = (applicability: Applicability, connection: Connection, facts: Facts, now: Instant): Verdict => {
  const verdict = verdictAt(applicability, connection, facts, now)
  // Counts differ at the next instant at which a policy applies to one more or one less, whatever the word is then.
  if (!applicability.isTimed || applicability.policy.kind.counting !== undefined) return verdict
  return { ...verdict, nextAt: firstDifference(verdict, applicability, connection, facts, now) }
}

/**
 * Until when a policy that applies at every instant says `fine`, without the words of a verdict; undefined if it says
 * another word, or if more than its rule decides.
 */
export const fineUntil = (
  { policy, isConstant, judge: { find } }: Applicability,
  connection: Connection,
  facts: Facts,
  now: Instant,
): Instant | undefined => {
  if (!isConstant || policy.cooldownMs > 0 || (policy.kind.facts !== 'immutable' && !facts.fresh())) return undefined
  const finding = find(connection, facts, now)
  return finding.word === 'fine' ? finding.until : undefined
}

/** A policy that begins to apply often says the word that it said before. Such an instant changes nothing. */
const firstDifference = (
  verdict: Verdict,
  applicability: Applicability,
  connection: Connection,
  facts: Facts,
  now: Instant,
): Instant => {
  let at = verdict.nextAt
  while (at < NEVER) {
    const later = verdictAt(applicability, connection, facts, at)
    if (later.word !== verdict.word || isDue(later, at) !== isDue(verdict, now)) return at
    at = later.nextAt
  }
  return NEVER
}

/** The verdict. At its `nextAt` the word may still be the same. */
const verdictAt = (applicability: Applicability, connection: Connection, facts: Facts, now: Instant): Verdict => {
  const { policy } = applicability
  const application = applicationAt(applicability, now)
  const changesAt = applicationChangesAt(applicability, now)
  if (application === 'not-in-force') return otherVerdict(applicability, 'fine', changesAt)
  if (application !== 'applies') return otherVerdict(applicability, application, changesAt)
  if (policy.kind.facts !== 'immutable' && !facts.fresh()) {
    return otherVerdict(applicability, 'unknown', changesAt, NO_FRESH_SNAPSHOT)
  }

  const finding = applicability.judge.find(connection, facts, now)
  const own = finding.word === 'violated' ? ownVerdict(applicability, finding, connection, facts, now) : undefined
  if (own !== undefined && now >= own.deadline) {
    return isConfirmed(own, facts) ? own : otherVerdict(applicability, 'unknown', changesAt, NOT_CONFIRMED)
  }

  const { establishedAt } = connection
  const until = cooldownUntil(applicability, connection, facts, now)
  if (until !== undefined && establishedAt !== undefined) {
    const since = Math.max(establishedAt, appliesSince(applicability, now))
    return {
      policy,
      applicability,
      word: 'violated',
      nextAt: Math.min(afterCooldown(applicability, connection, facts, until), changesAt),
      reason: 'cooldown',
      since,
      deadline: since,
      graceStartedAt: own?.graceStartedAt,
      extendedFrom: undefined,
      finding,
    }
  }
  const word = finding.word === 'unknown' ? 'unknown' : 'fine'
  return own ?? otherVerdict(applicability, word, Math.min(finding.until, changesAt), finding)
}

/** The violation of the policy's own rule. */
const ownVerdict = (
  applicability: Applicability,
  finding: Extract<Finding, { word: 'violated' }>,
  connection: Connection,
  facts: Facts,
  now: Instant,
): ViolatedVerdict => {
  const { policy } = applicability
  const since = Math.max(finding.since, appliesSince(applicability, now))
  const until = Math.min(finding.until, applicationChangesAt(applicability, now))
  const { deadline: ownDeadline, graceStartedAt } = ownDeadlineOf(applicability, since, connection, facts, now)
  const { extend } = policy
  const extension = extend && facts.extensions(connection.id)?.get(policy.name)
  const deadline = extend === undefined ? ownDeadline : extendedDeadline(extend, extension, ownDeadline)
  return {
    policy,
    applicability,
    word: 'violated',
    nextAt: now >= deadline ? until : Math.min(deadline, until),
    reason: policy.kind.reason,
    since,
    deadline,
    graceStartedAt,
    extendedFrom: deadline > ownDeadline ? ownDeadline : undefined,
    finding,
  }
}

/**
 * When the verdict of a cooldown changes. This is later than its end if the policy's own rule makes the connection due
 * by then.
 */
const afterCooldown = (applicability: Applicability, connection: Connection, facts: Facts, until: Instant): Instant => {
  const then = verdictAt(applicability, connection, facts, until)
  return isDue(then, until) ? then.nextAt : until
}

/** Whether the verdict ends the connection now, if its policy acts. */
export const isDue = (verdict: Verdict, now: Instant): verdict is ViolatedVerdict =>
  verdict.word === 'violated' && now >= verdict.deadline

/** The fact that an `unknown` verdict lacks. It completes the sentence "the connection lacks …". */
export const lackOf = ({ finding, applicability: { selectorLacks } }: Verdict): string => {
  if (finding?.word === 'unknown') return finding.lacks
  if (selectorLacks === undefined) return 'a name'
  if (selectorLacks === 'door') return 'the facts that only the connect handler knows'
  return isOfDoor(selectorLacks) ? `the fact door.${selectorLacks}` : `the ${selectorLacks} of its endpoint`
}

const isOfDoor = (fact: string): boolean => DOOR_KEYS.some((key) => key === fact)

/** What doubt does for a connection. One that is asked for at the door is not up yet. */
const spared = ({ isAtTheDoor }: Applicability): string => (isAtTheDoor ? 'let in' : 'kept')

/** Why the result of a selector is not known. */
const doubt = ({ selectorLacks }: Applicability): string => {
  if (selectorLacks === undefined) return 'the connection has no name and the policy asks for one'
  if (selectorLacks === 'door') return 'only the connect handler knows the facts under "door" that the policy asks for'
  if (selectorLacks === 'tags') return 'the tags of the endpoint are not known and the policy asks for them'
  const fact = isOfDoor(selectorLacks) ? `fact door.${selectorLacks}` : `${selectorLacks} of the endpoint`
  return `the ${fact} is not known and the policy asks for it`
}

/** The reason in words for an operator or user. */
export const because = (verdict: Verdict, connection: Connection, now: Instant): string => {
  const { policy, finding, applicability } = verdict
  if (verdict.reason === 'cooldown') {
    const established =
      connection.establishedAt === undefined ? '' : `established at ${toText(connection.establishedAt)}, `
    return `${established}within the cooldown of ${formatDuration(policy.cooldownMs)} after "${policy.name}" ended an earlier connection`
  }
  if (finding?.word === 'unknown') return `${spared(applicability)}, because the connection lacks ${finding.lacks}`
  if (finding !== undefined) return applicability.judge.because(connection, finding, now) + extended(verdict)
  if (verdict.word === 'not-matched') return mismatch(applicability, now)
  if (verdict.word === 'exempt') return exemption(applicability, now)
  if (verdict.word === 'fine') return period(policy, now)
  return `${spared(applicability)}, because ${doubt(applicability)}`
}

const extended = ({ extendedFrom, deadline }: Verdict): string =>
  extendedFrom === undefined ? '' : `; extended from ${toText(extendedFrom)} until ${toText(deadline)}`

const mismatch = ({ matched, matchedIn }: Applicability, now: Instant): string => {
  const next = matched === 'no' ? undefined : matchedIn.find(({ from }) => from > now)
  if (next !== undefined) return `the policy does not match this connection before ${toText(next.from)}`
  const last = matched === 'no' ? undefined : matchedIn.at(-1)
  const since = last === undefined ? '' : ` since ${toText(last.until)}`
  return `the policy does not match this connection${since}`
}

const period = ({ from, until, timeZone }: Policy, now: Instant): string => {
  const text = (at: Instant) => (timeZone === undefined ? toText(at) : textIn(at, timeZone))
  if (from !== undefined && now < from) return `not in force before ${text(from)}`
  return until === undefined ? 'not in force' : `over since ${text(until)}`
}

/** By `protect` or by `exempt`, whichever lasts longer. */
const exemption = ({ exemptIn, exemptions }: Applicability, now: Instant): string => {
  const endOf = (periods: Periods) => periodAt(periods, now)?.until ?? -NEVER
  const [first, second] = exemptions
  const by = second !== undefined && endOf(second.periods) > endOf(first?.periods ?? []) ? second : first
  const { entries = [], isProtection = false } = by ?? {}
  const entry = lastingAt(entries, now)
  const as = entry === undefined ? '' : ` as "${entry.pattern.source}"`
  const exemptUntil = endOf(exemptIn)
  const until = exemptUntil === NEVER ? '' : ` until ${toText(exemptUntil)}`
  const reason = entry?.reason === undefined ? '' : `: ${entry.reason}`
  return `${isProtection ? 'protected' : 'exempt'}${as}${until}${reason}`
}
