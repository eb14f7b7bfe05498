import type { Violation } from '../judge/violation.ts'
import { type Instant, MINUTE, SECOND } from '../time/instant.ts'

/** What became of a termination, as an answer or a snapshot shows it. */
export const OUTCOMES = ['confirmed', 'already-gone', 'failed', 'gave-up'] as const
export type Outcome = (typeof OUTCOMES)[number]

export type CallSelector = 'connection-id' | 'username'

/** The call that is to end the connection, or was the last to try. */
interface Attempted {
  readonly violation: Violation
  /** Calls for this connection since it was last given up, this one included. */
  readonly attempts: number
  readonly callId: string
  readonly selector: CallSelector
}

interface Answered extends Attempted {
  readonly leftAt: Instant
  /** When the answer came, or when waiting for it ended. Only a lookup or a snapshot begun later proves anything. */
  readonly answeredAt: Instant
  readonly requestId: string | undefined
}

/** A call that may be repeated from `tryAgainAt` on, as long as the connection is due. */
interface Repeatable extends Answered {
  /**
   * Whether AWS may have acted on an earlier call. `unread`: it may have, and no snapshot has been read since. `read`: it
   * may have, and a later snapshot still showed the connection.
   */
  readonly heard: 'never' | 'unread' | 'read'
  /** Complete snapshots and lookups running that did not show the connection. */
  readonly absences: number
  readonly tryAgainAt: Instant
}

/** A call that is under way. `before`: what the termination was before it, and is again if the call never counts. */
interface UnderWay extends Attempted, Pick<Repeatable, 'heard'> {
  readonly before: Extract<KeptTermination, Repeatable> | undefined
}

/** The states that a state file may hold: no call is out between two processes. */
export type KeptTermination =
  /** AWS accepted the call, or may have: the answer was lost. A lookup or a snapshot has to confirm it. */
  | ({ readonly state: 'unproven' } & Answered & Pick<Repeatable, 'absences'>)
  /** AWS has been terminating it for longer than `verifyWithin` and all attempts; `gave-up` was reported. */
  | ({ readonly state: 'lingering' } & Answered & Pick<Repeatable, 'absences'>)
  /** AWS reported that there is no such connection. A snapshot may still show it: the outcome is known once none does. */
  | ({ readonly state: 'reported-gone' } & Answered & Pick<Repeatable, 'heard'>)
  /** The call was refused, or did nothing. */
  | ({ readonly state: 'waiting' } & Repeatable)
  /** All attempts were used up, and `gave-up` was reported. A new round may begin. */
  | ({ readonly state: 'given-up' } & Repeatable)

/** The life of the termination of one connection. A termination that is over, or never began, is `undefined`. */
export type Termination =
  /** The call has left the queue, and its intent is being written. */
  | ({ readonly state: 'recording'; readonly takenAt: Instant } & UnderWay)
  /** The intent is on disk, and the call is out. */
  | ({ readonly state: 'in-flight'; readonly leftAt: Instant } & UnderWay)
  /** A lookup has confirmed it, and the outcome was reported. The last snapshot may be older, and still show the connection. */
  | ({ readonly state: 'confirmed'; readonly confirmedAt: Instant } & Attempted)
  | KeptTermination

/** What may happen to a termination. */
export type Happening =
  /** The queue takes a call for the connection. */
  | ({ readonly what: 'taken' } & Omit<Attempted, 'attempts'>)
  /** The intent is on disk, and the call leaves. */
  | { readonly what: 'left' }
  | { readonly what: 'accepted'; readonly requestId: string | undefined }
  /** The answer was lost, perhaps not the call. */
  | { readonly what: 'unanswered' }
  /** AWS says that there is no such connection or user. */
  | { readonly what: 'not-found' }
  | { readonly what: 'refused' }
  /** The call never counted: it was withdrawn, or AWS throttled it. */
  | { readonly what: 'uncounted' }
  /** A complete snapshot or lookup was read. `status` is the connection's; undefined where the snapshot does not show it. */
  | {
      readonly what: 'seen'
      readonly by: 'list' | 'lookup'
      readonly status: string | undefined
      readonly begunAt: Instant
    }
  /** Lookups are no longer believed. */
  | { readonly what: 'distrusted' }
  /** The newest plan does not end the connection. */
  | { readonly what: 'unwanted' }
  /** The process ends, or was killed: another one goes on with the termination. */
  | { readonly what: 'restarted' }

/** What the operator is told about a termination. */
export interface TerminationReport extends Attempted, Pick<Answered, 'leftAt' | 'requestId'> {
  readonly outcome: Outcome
}

interface Step {
  readonly next: Termination | undefined
  readonly reports: readonly TerminationReport[]
}

/** When a termination is tried again, and for how long. */
export interface RetryRule {
  readonly attempts: number
  /** How long after the answer a snapshot may still show the connection active. */
  readonly verifyWithinMs: number
  /** EC2 is eventually consistent: a snapshot begun sooner than this after the answer may show the connection as it was. */
  readonly settleMs: number
  /** The pause before a call is repeated, for each attempt so far. */
  readonly pauseMs: number
  /** The pause before a new round of attempts. */
  readonly againAfterMs: number
}

/** The pause between giving up and a new round of attempts. */
export const AGAIN_AFTER_MS = 5 * MINUTE

export const retryRule = (asked: Pick<RetryRule, 'attempts' | 'verifyWithinMs'>): RetryRule => ({
  ...asked,
  settleMs: 2 * SECOND,
  pauseMs: 5 * SECOND,
  againAfterMs: AGAIN_AFTER_MS,
})

const quietly = (next: Termination | undefined): Step => ({ next, reports: [] })

const attemptedOf = ({ violation, attempts, callId, selector }: Attempted): Attempted => ({
  violation,
  attempts,
  callId,
  selector,
})

const answeredOf = ({ leftAt, answeredAt, requestId, ...call }: Answered): Answered => ({
  ...attemptedOf(call),
  leftAt,
  answeredAt,
  requestId,
})

const reportOf = ({ leftAt, requestId, ...call }: Answered, outcome: Outcome): TerminationReport => ({
  ...attemptedOf(call),
  outcome,
  leftAt,
  requestId,
})

/** One attempt is used up. The last one is reported. */
const retried = (call: Answered, heard: Repeatable['heard'], absences: number, now: Instant, rule: RetryRule): Step => {
  const rest = { ...answeredOf(call), heard, absences }
  if (call.attempts < rule.attempts) {
    return quietly({ state: 'waiting', ...rest, tryAgainAt: now + call.attempts * rule.pauseMs })
  }
  return {
    next: { state: 'given-up', ...rest, tryAgainAt: now + rule.againAfterMs },
    reports: [reportOf(call, 'gave-up')],
  }
}

/** The termination after a happening at `now`, and what the operator is told. A happening that its state does not know changes nothing. */
export const step = (
  termination: Termination | undefined,
  happening: Happening,
  now: Instant,
  rule: RetryRule,
): Step => {
  const unchanged = quietly(termination)
  switch (happening.what) {
    case 'taken': {
      // Only one call at a time: an earlier one that is out, or waits for its proof, stays the one that is followed.
      if (termination !== undefined && !('tryAgainAt' in termination)) return unchanged
      const { what: _what, ...call } = happening
      // After giving up, a new round has its own attempts.
      const attempts = 1 + (termination?.state === 'waiting' ? termination.attempts : 0)
      // The plan that the call comes from shows the connection: an absence before it is not followed by another one.
      const before = termination && { ...termination, absences: 0 }
      return quietly({ state: 'recording', takenAt: now, ...call, attempts, heard: before?.heard ?? 'never', before })
    }
    case 'left': {
      if (termination?.state !== 'recording') return unchanged
      const { heard, before } = termination
      return quietly({ state: 'in-flight', ...attemptedOf(termination), heard, before, leftAt: now })
    }
    case 'accepted':
    case 'unanswered':
    case 'not-found':
    case 'refused':
      return termination?.state === 'in-flight' ? answered(termination, happening, now, rule) : unchanged
    case 'uncounted':
      return termination !== undefined && 'before' in termination ? quietly(termination.before) : unchanged
    case 'seen':
      if (termination === undefined || 'before' in termination) return unchanged
      return termination.state === 'confirmed'
        ? seenAgain(termination, happening, now)
        : seen(asOf(termination, now, rule), happening, now, rule)
    case 'distrusted':
      return quietly(
        termination !== undefined && 'absences' in termination ? { ...termination, absences: 0 } : termination,
      )
    case 'unwanted':
      if (termination?.state !== 'waiting' && termination?.state !== 'given-up') return unchanged
      // A call that may have been heard is followed until a snapshot shows what it did.
      return termination.absences > 0 || termination.heard === 'unread' ? unchanged : quietly(undefined)
    case 'restarted':
      return quietly(termination && restarted(termination))
  }
}

/** The call that is out was answered, or its answer was lost. */
const answered = (
  { leftAt, heard, ...call }: Extract<Termination, { state: 'in-flight' }>,
  happening: Extract<Happening, { what: 'accepted' | 'unanswered' | 'not-found' | 'refused' }>,
  now: Instant,
  rule: RetryRule,
): Step => {
  const requestId = happening.what === 'accepted' ? happening.requestId : undefined
  const answer: Answered = { ...attemptedOf(call), leftAt, answeredAt: now, requestId }
  switch (happening.what) {
    case 'accepted':
    case 'unanswered':
      return quietly({ state: 'unproven', ...answer, absences: 0 })
    case 'not-found':
      return quietly({ state: 'reported-gone', ...answer, heard })
    case 'refused': {
      const { next, reports } = retried(answer, heard, 0, now, rule)
      return { next, reports: [reportOf(answer, 'failed'), ...reports] }
    }
  }
}

/** A termination as the state file keeps it for the next process. One that was confirmed is over: that process reads a list first. */
export const restarted = (termination: Termination): KeptTermination | undefined => {
  if (termination.state === 'confirmed') return undefined
  if (termination.state !== 'recording' && termination.state !== 'in-flight') return termination
  // The last process did not see the end of the call, which may have been heard. It is sent again if a snapshot still shows
  // the connection active, and it did its work if one shows it on its way out.
  const at = termination.state === 'in-flight' ? termination.leftAt : termination.takenAt
  const answer: Answered = { ...attemptedOf(termination), leftAt: at, answeredAt: at, requestId: undefined }
  return { state: 'waiting', ...answer, heard: 'unread', absences: 0, tryAgainAt: at }
}

/** The list moves while it is read: a connection that one snapshot does not show may be there. */
const ABSENCES_THAT_CONFIRM = 2

/** What a complete snapshot says about a termination. */
const seen = (
  termination: KeptTermination,
  { by, status, begunAt }: Extract<Happening, { what: 'seen' }>,
  completedAt: Instant,
  rule: RetryRule,
): Step => {
  const waitedMs = begunAt - termination.answeredAt
  if (waitedMs <= 0 || begunAt > completedAt) {
    // It proves nothing. But after a clock was set back, it may follow a snapshot that did not show the connection.
    return quietly(status !== undefined && 'absences' in termination ? { ...termination, absences: 0 } : termination)
  }
  // If AWS may have acted on any of the calls, the connection did not end by itself.
  const isHeard = !('heard' in termination) || termination.heard !== 'never'
  const over = (): Step => ({
    next: by === 'list' ? undefined : { ...attemptedOf(termination), state: 'confirmed', confirmedAt: completedAt },
    reports: [reportOf(termination, isHeard ? 'confirmed' : 'already-gone')],
  })
  if (termination.state === 'reported-gone') {
    if (status === undefined || status === 'terminated') return over()
    if (waitedMs < rule.verifyWithinMs) return quietly(termination)
    return retried(termination, termination.heard, 0, completedAt, rule)
  }
  const absences = status === undefined ? termination.absences + 1 : 0
  if (status === 'terminated' || absences >= ABSENCES_THAT_CONFIRM) return over()
  const { state } = termination
  const isGivenUp = state === 'lingering' || state === 'given-up'
  if (status === 'terminating' && isHeard) {
    // AWS is still at it: calling again would do nothing, but the operator must hear of it in the end.
    const isLong = waitedMs >= rule.verifyWithinMs * rule.attempts
    const next = {
      ...answeredOf(termination),
      absences,
      state: isGivenUp || isLong ? 'lingering' : 'unproven',
    } as const
    return { next, reports: isLong && !isGivenUp ? [reportOf(termination, 'gave-up')] : [] }
  }
  if (state === 'waiting' || state === 'given-up') {
    const isStillShown = termination.heard === 'unread' && status !== undefined
    return quietly({ ...termination, absences, heard: isStillShown ? 'read' : termination.heard })
  }
  const hasFailed = status === 'failed-to-terminate' && waitedMs >= rule.settleMs
  if (status === undefined || (!hasFailed && waitedMs < rule.verifyWithinMs))
    return quietly({ ...termination, absences })
  const { next, reports } = retried(termination, 'read', absences, completedAt, rule)
  // One that was given up before stays so until a new round begins.
  return state === 'lingering' && next?.state === 'waiting'
    ? quietly({ ...next, state: 'given-up' })
    : { next, reports }
}

/** A list begun after the proof ends the termination. A connection that it shows after all is judged as any other. */
const seenAgain = (
  termination: Extract<Termination, { state: 'confirmed' }>,
  { by, begunAt }: Extract<Happening, { what: 'seen' }>,
  completedAt: Instant,
): Step => {
  const confirmedAt = Math.min(termination.confirmedAt, completedAt)
  if (by === 'list' && begunAt > confirmedAt && begunAt <= completedAt) return quietly(undefined)
  return quietly(confirmedAt === termination.confirmedAt ? termination : { ...termination, confirmedAt })
}

/** After a clock was set back, an instant in the future would be waited for twice. */
const asOf = (termination: KeptTermination, now: Instant, { againAfterMs }: RetryRule): KeptTermination => {
  const answeredAt = Math.min(termination.answeredAt, now)
  if (!('tryAgainAt' in termination)) {
    return answeredAt === termination.answeredAt ? termination : { ...termination, answeredAt }
  }
  const tryAgainAt = Math.min(termination.tryAgainAt, now + againAfterMs)
  const isSame = answeredAt === termination.answeredAt && tryAgainAt === termination.tryAgainAt
  return isSame ? termination : { ...termination, answeredAt, tryAgainAt }
}

/** Whether a call may leave for the connection now: not while an earlier one is out or waits for its proof. */
export const mayLeave = (termination: Termination | undefined, now: Instant): boolean =>
  termination === undefined ||
  ((termination.state === 'waiting' || termination.state === 'given-up') && now >= termination.tryAgainAt)

/** Whether a plan may count on a call for the connection. While its call is being recorded, a plan finds it as it was before. */
export const mayPlan = (termination: Termination | undefined, now: Instant): boolean =>
  termination?.state === 'recording' || mayLeave(termination, now)

/** Whether its outcome is still to come. */
export const isOpen = ({ state }: Termination): boolean =>
  state !== 'lingering' && state !== 'given-up' && state !== 'confirmed'
