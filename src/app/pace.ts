import { type Elapsed, isBefore, LONG_AGO, later, msBetween, plusMs } from '../domain/time/elapsed.ts'
import { SECOND } from '../domain/time/instant.ts'
import { backoffMs } from './backoff.ts'
import type { Clock } from './clock.ts'
import type { VpnErrorCode } from './vpn.ts'

/**
 * The pauses after failed reads. The schedule applies again after the pause. The longest one is short, because nothing
 * tells when AWS answers again, and overdue connections wait for it.
 */
const READ_BACKOFF = { firstMs: 5 * SECOND, longestMs: 20 * SECOND }

/** The pauses after throttled reads: AWS asks for fewer requests. */
const THROTTLED_BACKOFF = { firstMs: 5 * SECOND, longestMs: 60 * SECOND }

/**
 * After a judgement the endpoint rests for this many times its duration, so that judging takes at most a fifth of the
 * time. On the largest endpoints a deadline passes every second; one judgement then handles several.
 */
const REST_FACTOR = 4
const LONGEST_REST_MS = 10 * SECOND

/**
 * Limits how often an endpoint is read and judged. It uses monotonic time, so that a jump of the clock has no effect.
 */
export const createPace = (clock: Pick<Clock, 'elapsed'>, random: () => number) => {
  let failures = 0
  let readAt = LONG_AGO
  let backingOffUntil = LONG_AGO
  let restingUntil = LONG_AGO

  const msUntil = (at: Elapsed) => Math.max(0, msBetween(clock.elapsed(), at))

  return {
    readBegins(): void {
      readAt = clock.elapsed()
    },

    readSucceeded(): void {
      failures = 0
      backingOffUntil = LONG_AGO
    },

    /** The number of reads that failed in a row, and the pause before the next one, in ms. */
    readFailed(code: VpnErrorCode): { readonly failures: number; readonly pauseMs: number } {
      const pauseMs = backoffMs(code === 'throttled' ? THROTTLED_BACKOFF : READ_BACKOFF, ++failures, random)
      backingOffUntil = plusMs(clock.elapsed(), pauseMs)
      return { failures, pauseMs }
    },

    isBackingOff: (): boolean => isBefore(clock.elapsed(), backingOffUntil),

    /** How long until the endpoint may be read in addition to the schedule, in ms. */
    msUntilRead: (minGapMs: number): number => msUntil(later(plusMs(readAt, minGapMs), backingOffUntil)),

    /** A judgement has ended that began at this instant. */
    judged(begunAt: Elapsed): void {
      const tookMs = msBetween(begunAt, clock.elapsed())
      restingUntil = plusMs(clock.elapsed(), Math.min(LONGEST_REST_MS, REST_FACTOR * tookMs))
    },

    /** How long until the endpoint may be judged again without a new snapshot, in ms. */
    msUntilJudgement: (): number => msUntil(restingUntil),
  }
}
