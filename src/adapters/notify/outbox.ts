import type { Notification, Warning } from '../../app/notification.ts'
import type { Elapsed } from '../../domain/time/elapsed.ts'
import type { Instant } from '../../domain/time/instant.ts'

/** The most requests that may wait for one receiver. */
export const LONGEST_OUTBOX = 1000

/** The content of one request. */
export interface Parcel {
  /** How many notifications it contains. */
  readonly count: number
  /** The warnings in it that name their principals. */
  readonly warnings: readonly Warning[]
  /** When the first of its notifications was added. */
  readonly addedAt: Elapsed
  readonly body: string
  /** The headers of a request that is sent at `now`. */
  headers(now: Instant): Readonly<Record<string, string>>
}

export const warningsOf = ({ warning }: Notification): readonly Warning[] => (warning === undefined ? [] : [warning])

/** The notifications that wait for one receiver, in order and bounded. */
export interface Outbox {
  /**
   * Adds a notification. If the outbox is full, the oldest request is dropped; returns how many notifications it held.
   */
  add(notification: Notification, now: Elapsed): number
  /** Removes and returns the next request; undefined if none is due. */
  take(now: Elapsed): Parcel | undefined
  /** How long until the next request is due, in ms; infinite if the outbox is empty. */
  msUntilDue(now: Elapsed): number
  /** Empties the outbox. Returns how many notifications it held. */
  clear(): number
}
