import type { Notification, Warning } from '../../app/notification.ts'
import type { Elapsed } from '../../domain/time/elapsed.ts'
import type { Instant } from '../../domain/time/instant.ts'

/** The most requests that may wait for one receiver. */
export const LONGEST_OUTBOX = 1000

/** The notifications of one request. */
export interface Parcel<Request> {
  /** When the first of its notifications was added. */
  readonly addedAt: Elapsed
  /** What is to be sent at `now`. It may differ at each attempt. */
  prepare(now: Instant): Prepared<Request>
  /** Puts the notifications back into the outbox, until an instant at which their recipient may accept them. */
  putBack?(until: Elapsed): void
}

/** A request as it is at one instant. */
export interface Prepared<Request> {
  /** Undefined if nothing of the parcel is of use any longer. */
  readonly request: Request | undefined
  /** How many notifications it contains. */
  readonly count: number
  /** The warnings in it that name their principals. */
  readonly warnings: readonly Warning[]
  /** How many notifications have come too late since the parcel was last prepared. */
  readonly late: number
}

/** The content of a request over HTTP. */
export interface HttpRequest {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

export const warningsOf = ({ warning }: Notification): readonly Warning[] => (warning === undefined ? [] : [warning])

/** The notifications that wait for one receiver, in order and bounded. */
export interface Outbox<Request> {
  /**
   * Adds a notification. If the outbox is full, the oldest request is dropped; returns how many notifications it held.
   */
  add(notification: Notification, now: Elapsed): number
  /** Removes and returns the next request; undefined if none is due. */
  take(now: Elapsed): Parcel<Request> | undefined
  /** How long until the next request is due, in ms; infinite if the outbox is empty. */
  msUntilDue(now: Elapsed): number
  /** Empties the outbox. Returns how many notifications it held. */
  clear(): number
}
