import { byUrgency, type TerminateCall } from '../domain/terminate/plan.ts'
import { createTokenBucket, type Rate } from '../domain/terminate/token-bucket.ts'
import { type Elapsed, FAR_AHEAD, isBefore, LONG_AGO, later, msBetween, plusMs } from '../domain/time/elapsed.ts'
import { type Instant, SECOND } from '../domain/time/instant.ts'
import { AuditError } from './audit.ts'
import { backoffMs } from './backoff.ts'
import type { Clock } from './clock.ts'
import { createRefusals } from './refusals.ts'
import { type TerminateAnswer, type Vpn, VpnError, type VpnErrorCode } from './vpn.ts'
import { within } from './within.ts'

/** Why a call did not leave. `not-held`: another process may hold the unit. */
export type WithdrawnBecause = 'no-record' | 'not-wanted' | 'not-held' | 'stopping'

/** The endpoint whose plan requests calls. The queue reports to it what happens to each call. */
export interface Requester {
  /** The client that the call is sent with. */
  readonly vpn: Pick<Vpn, 'terminate'>
  /** Whether the call may leave the queue. It must still be in the newest plan, and the plan must not be too old. */
  mayLeave(call: TerminateCall, now: Instant): boolean
  /** The call has left the queue. */
  taken(call: TerminateCall, callId: string, now: Instant): void
  /**
   * Writes the intents of the call. They are durable when it resolves. Rejects with an `AuditError` if they cannot be
   * written.
   */
  intend(call: TerminateCall, callId: string): Promise<void>
  /** Whether the newest plan still contains the call, now that its intents are on disk. */
  isWanted(call: TerminateCall, now: Instant): boolean
  /** The call is sent. */
  left(call: TerminateCall, now: Instant): void
  answered(call: TerminateCall, callId: string, answer: TerminateAnswer, now: Instant): void
  failed(call: TerminateCall, error: VpnError, now: Instant): void
  /** The call was not sent. */
  withdrawn(call: TerminateCall, why: WithdrawnBecause, now: Instant): void
}

/**
 * The most calls in flight. At AWS's own limit this is what the bucket refills in about a second, so that slow answers
 * do not slow the queue.
 */
const IN_FLIGHT = 8

/** The pauses after throttled calls. */
const THROTTLE_BACKOFF = { firstMs: SECOND, longestMs: 20 * SECOND }

/**
 * How much of the rate an accepted call restores after a throttled call halved it. The full rate is restored within 25
 * calls.
 */
const SHARE_WON_BACK = 0.02
const LEAST_SHARE = 0.1

/** How long no call leaves after a record could not be written. */
const NO_RECORD_PAUSE_MS = 5 * SECOND

/** How long no call leaves while another process may hold the unit: the next answer of the engine tells. */
const NOT_HELD_PAUSE_MS = SECOND / 4

/**
 * The queue through which all terminations of one account and Region leave: most urgent first, never faster than the
 * rate. Rate and pauses use monotonic time, so that a clock that jumps ahead does not refill the bucket.
 */
export const createTerminationQueue = (options: {
  readonly clock: Clock
  readonly random: () => number
  readonly nextCallId: () => string
  readonly onLength: (length: number, etaSeconds: number) => void
  readonly rate: Rate
  /** See `Tenure`. Undefined where no engine grants the site. */
  readonly holds?: (() => boolean) | undefined
  /** Whether the bucket begins empty. Default: full. */
  readonly isDrained?: boolean
}) => {
  const { clock, random, nextCallId, onLength, holds = () => true, isDrained = false } = options
  let { rate } = options
  let bucket = createTokenBucket(rate, clock.elapsed())
  if (isDrained) bucket.drain(clock.elapsed())
  /** The waiting calls of each requester, the most urgent last, so that removing one is cheap. */
  const waiting = new Map<Requester, TerminateCall[]>()
  const refusals = createRefusals<Requester>(clock, random)
  let inFlight = 0
  let pausedUntil = LONG_AGO
  let throttles = 0
  /** The part of the rate that is used. A throttled call halves it, because another tool uses the account's bucket. */
  let share = 1
  let lastLeftAt = LONG_AGO
  /** How many calls may be in flight: one after a throttled call, then twice as many after each accepted call. */
  let most = IN_FLIGHT
  let changed = deferred()

  const wake = () => {
    changed.resolve()
    changed = deferred()
  }

  const length = () => [...waiting.values()].reduce((sum, calls) => sum + calls.length, 0)

  const reportLength = () => {
    const [passed, calls] = [clock.elapsed(), length()]
    const waitMs = calls === 0 ? 0 : Math.max(0, msBetween(passed, bucket.availableAt(passed, calls)))
    onLength(calls, waitMs / SECOND)
  }

  /** The call has to wait again: it keeps its place before those of the same requester. */
  const putBack = (requester: Requester, call: TerminateCall) => {
    const calls = waiting.get(requester) ?? []
    calls.push(call)
    waiting.set(requester, calls)
  }

  /** The most urgent call of those that may leave, or a probe, or when the first of the others may. */
  const next = (passed: Elapsed) => {
    let [found, laterAt] = [undefined as { call: TerminateCall; requester: Requester } | undefined, FAR_AHEAD]
    for (const [requester, calls] of waiting) {
      const call = refusals.nextOf(requester, calls)
      if (call === undefined) continue
      const mayLeaveAt = refusals.mayLeaveAt(requester)
      if (isBefore(passed, mayLeaveAt)) laterAt = isBefore(mayLeaveAt, laterAt) ? mayLeaveAt : laterAt
      else if (found === undefined || byUrgency(call.decisions[0], found.call.decisions[0]) < 0)
        found = { call, requester }
    }
    return { found, laterAt }
  }

  const throttled = (leftAt: Elapsed, passed: Elapsed) => {
    // Several calls in flight may be throttled together. Only the first of them changes the pause.
    if (isBefore(leftAt, pausedUntil)) return
    most = 1
    // The account's bucket is empty, because another tool uses it too.
    bucket.drain(passed)
    share = Math.max(LEAST_SHARE, share / 2)
    pausedUntil = plusMs(passed, backoffMs(THROTTLE_BACKOFF, ++throttles, random))
  }

  /** Whether the intents of the call are on disk. */
  const record = async (call: TerminateCall, callId: string, requester: Requester): Promise<boolean> => {
    try {
      await requester.intend(call, callId)
      return true
    } catch (error) {
      if (!(error instanceof AuditError)) throw error
      pausedUntil = plusMs(clock.elapsed(), NO_RECORD_PAUSE_MS)
      requester.withdrawn(call, 'no-record', clock.now())
      putBack(requester, call)
      return false
    }
  }

  const send = async (
    call: TerminateCall,
    callId: string,
    requester: Requester,
    stop: AbortSignal,
    abort: AbortSignal,
  ) => {
    const leftAt = clock.elapsed()
    let outcome: VpnErrorCode | 'accepted' | undefined
    try {
      if (!(await record(call, callId, requester))) return
      // While the intents were written, the plan may have changed or a stop may have begun.
      if (stop.aborted) return requester.withdrawn(call, 'stopping', clock.now())
      if (!requester.isWanted(call, clock.now())) return requester.withdrawn(call, 'not-wanted', clock.now())
      if (!holds()) return requester.withdrawn(call, 'not-held', clock.now())
      requester.left(call, clock.now())
      const { endpointId, username, decisions } = call
      const answer = await requester.vpn.terminate(
        username === undefined ? { endpointId, connectionId: decisions[0].connection.id } : { endpointId, username },
        abort,
      )
      outcome = 'accepted'
      throttles = 0
      share = Math.min(1, share + SHARE_WON_BACK)
      most = Math.min(IN_FLIGHT, most * 2)
      requester.answered(call, callId, answer, clock.now())
    } catch (error) {
      if (!(error instanceof VpnError)) throw error
      outcome = error.code
      if (error.code === 'throttled') {
        throttled(leftAt, clock.elapsed())
        putBack(requester, call)
      }
      requester.failed(call, error, clock.now())
    } finally {
      refusals.ended(requester, call, leftAt, outcome)
      inFlight--
      wake()
    }
  }

  return {
    /** Replaces the calls of a requester by those of its newest plan. */
    replace(requester: Requester, calls: readonly TerminateCall[]): void {
      if (calls.length === 0 && !waiting.has(requester)) return
      const now = clock.now()
      const mayLeave = calls.filter((call) => requester.mayLeave(call, now))
      waiting.set(
        requester,
        mayLeave.sort((a, b) => byUrgency(b.decisions[0], a.decisions[0])),
      )
      if (calls.length === 0) waiting.delete(requester)
      reportLength()
      wake()
    },

    /** Changes the rate. The new bucket starts empty, so that an edit does not allow a second burst. */
    setRate(next: Rate): void {
      if (next.burst === rate.burst && next.perSecond === rate.perSecond) return
      rate = next
      bucket = createTokenBucket(rate, clock.elapsed())
      bucket.drain(clock.elapsed())
    },

    get busy(): boolean {
      return inFlight > 0 || length() > 0
    },

    get inFlight(): number {
      return inFlight
    },

    /** Sends calls until `stop` is aborted, then waits for the calls in flight. `abort` ends these. */
    async run(stop: AbortSignal, abort: AbortSignal): Promise<void> {
      const sending = new Set<Promise<void>>()
      stop.addEventListener('abort', wake, { once: true })
      while (!stop.aborted) {
        const passed = clock.elapsed()
        const { found, laterAt } = next(passed)
        if (found === undefined || inFlight >= most) {
          const ms = inFlight >= most ? Infinity : msBetween(passed, laterAt)
          await (ms === Infinity ? changed.promise : within(clock, Math.min(SECOND, ms), changed.promise, stop))
          continue
        }
        const { call, requester } = found
        if (!holds()) {
          await clock.sleep(NOT_HELD_PAUSE_MS, stop)
          continue
        }
        const spacedAt = share < 1 ? plusMs(lastLeftAt, SECOND / (rate.perSecond * share)) : passed
        const leavesAt = later(pausedUntil, bucket.availableAt(passed), spacedAt)
        if (isBefore(passed, leavesAt)) {
          await clock.sleep(Math.min(SECOND, msBetween(passed, leavesAt)), stop)
          continue
        }
        const calls = waiting.get(requester)
        calls?.splice(calls.lastIndexOf(call), 1)
        if (calls?.length === 0) waiting.delete(requester)
        const now = clock.now()
        if (requester.mayLeave(call, now) && bucket.tryTake(passed)) {
          inFlight++
          lastLeftAt = passed
          refusals.left(requester)
          const callId = nextCallId()
          requester.taken(call, callId, now)
          const sent = send(call, callId, requester, stop, abort)
          sending.add(sent)
          void sent.finally(() => sending.delete(sent))
        }
        reportLength()
      }
      await Promise.all(sending)
    },
  }
}

export type TerminationQueue = ReturnType<typeof createTerminationQueue>

const deferred = () => {
  let resolve: () => void = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
