import type { Notification, Warning } from '../../app/notification.ts'
import type { Elapsed } from '../../domain/time/elapsed.ts'
import type { Instant } from '../../domain/time/instant.ts'

/** The most requests that may wait for a webhook or a channel. */
export const LONGEST_OUTBOX = 1000

/** Some notifications. */
export interface Contents {
  readonly count: number
  /** The warnings in them that name their principals. */
  readonly warnings: readonly Warning[]
}

export const NOTHING: Contents = { count: 0, warnings: [] }

export const together = (contents: readonly Contents[]): Contents => ({
  count: contents.reduce((sum, { count }) => sum + count, 0),
  warnings: contents.flatMap(({ warnings }) => warnings),
})

/** The notifications of one request. */
export interface Parcel<Request> {
  /** From when on the time counts in which it has to be accepted. */
  readonly countedFrom: Elapsed
  /** The request to send at `now`. It may differ at each attempt. */
  prepare(now: Instant): Prepared<Request>
  /** Puts the notifications back into the outbox, until an instant at which their recipient may accept them. */
  putBack?(until: Elapsed): void
}

/** A request as it is at one instant. */
export interface Prepared<Request> extends Contents {
  /** Undefined if nothing of the parcel is of use any longer. */
  readonly request: Request | undefined
  /** The notifications that have come too late since the parcel was last prepared. */
  readonly late: Contents
}

/** The content of a request over HTTP. */
export interface HttpRequest {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

export const warningsOf = ({ warning }: Notification): readonly Warning[] => (warning === undefined ? [] : [warning])

/** The notifications that wait for one receiver, in order and bounded. */
export interface Outbox<Request> {
  /** Adds a notification. Returns what is dropped because the outbox is full. */
  add(notification: Notification, now: Elapsed): Contents
  /** Removes and returns the next request; undefined if none is due. */
  take(now: Elapsed): Parcel<Request> | undefined
  /** How long until the next request is due, in ms; infinite if the outbox is empty. */
  msUntilDue(now: Elapsed): number
  /** Empties the outbox. Returns what it held. */
  clear(): Contents
}
