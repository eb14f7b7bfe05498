import { byUrgency, type TerminateCall } from '../domain/terminate/plan.ts'
import { createTokenBucket, type Rate } from '../domain/terminate/token-bucket.ts'
import { type Elapsed, isBefore, LONG_AGO, later, msBetween, plusMs } from '../domain/time/elapsed.ts'
import { type Instant, SECOND } from '../domain/time/instant.ts'
import { AuditError } from './audit.ts'
import { backoffMs } from './backoff.ts'
import type { Clock } from './clock.ts'
import { type TerminateAnswer, type Vpn, VpnError } from './vpn.ts'

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
  withdrawn(call: TerminateCall, why: 'no-record' | 'not-wanted' | 'stopping', now: Instant): void
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
}) => {
  const { clock, random, nextCallId, onLength } = options
  let { rate } = options
  let bucket = createTokenBucket(rate, clock.elapsed())
  const waiting = new Map<Requester, readonly TerminateCall[]>()
  // Most urgent last, so that removing one is cheap. Sorted again only when decisions change.
  let queue: Array<{ readonly call: TerminateCall; readonly requester: Requester }> = []
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

  const reportLength = () => {
    const passed = clock.elapsed()
    const waitMs = queue.length === 0 ? 0 : Math.max(0, msBetween(passed, bucket.availableAt(passed, queue.length)))
    onLength(queue.length, waitMs / SECOND)
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
      queue.push({ call, requester })
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
    try {
      if (!(await record(call, callId, requester))) return
      // While the intents were written, the plan may have changed or a stop may have begun.
      if (stop.aborted) return requester.withdrawn(call, 'stopping', clock.now())
      if (!requester.isWanted(call, clock.now())) return requester.withdrawn(call, 'not-wanted', clock.now())
      requester.left(call, clock.now())
      const { endpointId, username, decisions } = call
      const answer = await requester.vpn.terminate(
        username === undefined ? { endpointId, connectionId: decisions[0].connection.id } : { endpointId, username },
        abort,
      )
      throttles = 0
      share = Math.min(1, share + SHARE_WON_BACK)
      most = Math.min(IN_FLIGHT, most * 2)
      requester.answered(call, callId, answer, clock.now())
    } catch (error) {
      if (!(error instanceof VpnError)) throw error
      if (error.code === 'throttled') {
        throttled(leftAt, clock.elapsed())
        queue.push({ call, requester })
      }
      requester.failed(call, error, clock.now())
    } finally {
      inFlight--
      wake()
    }
  }

  return {
    /** Replaces the calls of a requester by those of its newest plan. */
    replace(requester: Requester, calls: readonly TerminateCall[]): void {
      if (calls.length === 0 && (waiting.get(requester) ?? []).length === 0) return
      waiting.set(requester, calls)
      if (calls.length === 0) waiting.delete(requester)
      const now = clock.now()
      queue = [...waiting]
        .flatMap(([requester, planned]) => planned.map((call) => ({ call, requester })))
        .filter((entry) => entry.requester.mayLeave(entry.call, now))
        .sort((a, b) => byUrgency(b.call.decisions[0], a.call.decisions[0]))
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
      return inFlight > 0 || queue.length > 0
    },

    get inFlight(): number {
      return inFlight
    },

    /** Sends calls until `stop` is aborted, then waits for the calls in flight. `abort` ends these. */
    async run(stop: AbortSignal, abort: AbortSignal): Promise<void> {
      const calls = new Set<Promise<void>>()
      stop.addEventListener('abort', wake, { once: true })
      while (!stop.aborted) {
        const next = queue.at(-1)
        if (next === undefined || inFlight >= most) {
          await changed.promise
          continue
        }
        const passed = clock.elapsed()
        const spacedAt = share < 1 ? plusMs(lastLeftAt, SECOND / (rate.perSecond * share)) : passed
        const leavesAt = later(pausedUntil, bucket.availableAt(passed), spacedAt)
        if (isBefore(passed, leavesAt)) {
          await clock.sleep(Math.min(SECOND, msBetween(passed, leavesAt)), stop)
          continue
        }
        queue.pop()
        const now = clock.now()
        if (next.requester.mayLeave(next.call, now) && bucket.tryTake(passed)) {
          inFlight++
          lastLeftAt = passed
          const callId = nextCallId()
          next.requester.taken(next.call, callId, now)
          const sent = send(next.call, callId, next.requester, stop, abort)
          calls.add(sent)
          void sent.finally(() => calls.delete(sent))
        }
        reportLength()
      }
      await Promise.all(calls)
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
