import type { Clock } from '../../app/clock.ts'
import { type Elapsed, msBetween } from '../../domain/time/elapsed.ts'
import type { Instant } from '../../domain/time/instant.ts'

/** Both readings of the host at one moment. */
interface Moment {
  readonly at: Instant
  readonly elapsed: Elapsed
}

/**
 * What a call needs after it was allowed and before its bytes have left. The server frees nothing before the whole lease
 * has passed.
 */
const MARGIN_MS = 500

/**
 * Counts the lease of a session from the last statement that was answered, since that statement was sent. The server
 * counts from later on, so that it waits longer. Only readings of this host are compared with each other.
 */
export const createLease = (clock: Pick<Clock, 'now' | 'elapsed'>, leaseMs: number) => {
  const moment = (): Moment => ({ at: clock.now(), elapsed: clock.elapsed() })
  let sent = moment()

  /**
   * The monotonic clock stands still while the machine is suspended, and the time of day may be set back. The larger of
   * the two is never too small.
   */
  const passedMs = () => Math.max(msBetween(sent.elapsed, clock.elapsed()), clock.now() - sent.at)
  const leftMs = () => leaseMs - MARGIN_MS - passedMs()
  const leftForAnswerMs = () => leaseMs - MARGIN_MS - msBetween(sent.elapsed, clock.elapsed())

  return {
    /** A statement is about to be sent. */
    moment,
    /** The statement that was sent at the moment was answered. */
    answered(at: Moment): void {
      if (msBetween(sent.elapsed, at.elapsed) > 0) sent = at
    },
    leftMs,
    /**
     * By the monotonic clock alone. Where this is more than `leftMs`, the machine was suspended, or its clock was set: the
     * server knows which.
     */
    leftForAnswerMs,
    holds: () => leftMs() > 0,
  }
}
