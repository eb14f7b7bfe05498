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
  /** False while the host's clock and AWS's differ so much that one of them is wrong. Nothing is ended then. */
  trusted(): boolean
}
