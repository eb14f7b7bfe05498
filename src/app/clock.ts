import type { Elapsed } from '../domain/time/elapsed.ts'
import type { Instant } from '../domain/time/instant.ts'

/** The only source of time. */
export interface Clock {
  /** The time of day. It may be corrected, and may jump. */
  now(): Instant
  /** A monotonic time, which changes of the time of day do not affect. Rates, pauses and time limits count in it. */
  elapsed(): Elapsed
  /** Resolves after `ms`, or at once when the signal is aborted; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** Whether the time of day may be decided by. */
  trust(): Trust
}

/**
 * - `confirmed`: an answer of AWS agrees with the time of day.
 * - `unconfirmed`: no answer has done so since the start, or since the host's clock jumped. The next answers tell.
 * - `wrong`: the host's clock and AWS's differ so much that one of them is wrong, or the time of day is ahead of AWS's.
 *
 * Nothing is ended while it is unconfirmed or wrong.
 */
export type Trust = 'confirmed' | 'unconfirmed' | 'wrong'
