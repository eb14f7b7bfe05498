import type { Instant } from '../domain/time/instant.ts'

/** The one source of time. */
export interface Clock {
  now(): Instant
  /** Milliseconds since some instant of the past: what passes, whatever is done to the time of day. */
  elapsed(): number
  /** Resolves after `ms`, or at once when the signal is aborted; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** False while nobody knows what time it is: then nothing is ended. */
  trusted(): boolean
}
