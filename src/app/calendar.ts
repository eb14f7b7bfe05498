import type { Instant } from '../domain/instant.ts'

/** When the schedule wants the next poll. */
export interface Calendar {
  /** The first instant of the schedule after `now`. */
  next(now: Instant): Instant
}
