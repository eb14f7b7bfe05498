import type { Notification } from '../../app/notification.ts'
import type { Instant } from '../../domain/time/instant.ts'

/** What waits for one receiver is never more than this many requests. */
export const LONGEST_OUTBOX = 1000

/** One request. */
export interface Parcel {
  /** How many notifications it stands for. */
  readonly count: number
  /** When the first of them happened. */
  readonly at: Instant
  readonly body: string
  /** For a try that is made now. */
  headers(now: Instant): Readonly<Record<string, string>>
}

/** What waits for one receiver, in order and bounded. */
export interface Outbox {
  /** Returns how many notifications fell off for it: the oldest. */
  add(notification: Notification): number
  /** The next request, taken out; undefined if none is due. */
  take(now: Instant): Parcel | undefined
  /** When the next request is due; NEVER if nothing waits. */
  dueAt(): Instant
  /** Lets go of everything. Returns how many notifications that were. */
  clear(): number
}
