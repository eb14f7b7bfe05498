import type { Instant } from '../domain/time/instant.ts'

/** The schedule of polls. */
export interface Schedule {
  /** The first instant of the schedule after `now`. */
  next(now: Instant): Instant
}
