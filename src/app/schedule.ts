import type { Instant } from '../domain/time/instant.ts'

/** When the schedule wants the next poll. */
export interface Schedule {
  /** The first instant of the schedule after `now`. */
  next(now: Instant): Instant
}
