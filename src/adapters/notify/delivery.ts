import type { Clock } from '../../app/clock.ts'
import type { Notification, Warning } from '../../app/notification.ts'
import { within } from '../../app/within.ts'
import { FAR_AHEAD, msBetween } from '../../domain/time/elapsed.ts'
import { MINUTE, SECOND } from '../../domain/time/instant.ts'
import type { Outbox, Parcel } from './outbox.ts'
import type { Answer } from './post.ts'
import { codeOf, pauseMs, resultOf } from './retry.ts'

/** The limit of one request. */
const REQUEST_TIMEOUT_MS = 10 * SECOND

/** A notification that is this old is no longer useful to a receiver. */
const GIVE_UP_AFTER_MS = 15 * MINUTE

/** How long `close` may take. */
const CLOSE_WITHIN_MS = 2 * SECOND

/** The outcome of some notifications, or of one failed request. */
export type DeliveryReport =
  | { readonly outcome: 'delivered'; readonly count: number; readonly failures: number }
  | { readonly outcome: 'retried'; readonly count: 1; readonly code: string; readonly failures: number }
  /** `code`: the answer or the failure, see `codeOf`; or `outbox-full` or `stopped`. */
  | { readonly outcome: 'lost'; readonly count: number; readonly code: string }

/**
 * Delivers to one receiver, one request at a time and in order. A request is sent at least once. After a failure that
 * may be temporary it is sent again, until it is 15 minutes old: then it is lost.
 */
export const createDelivery = (options: {
  readonly outbox: Outbox
  readonly send: (body: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Answer>
  readonly clock: Clock
  readonly random: () => number
  readonly report: (report: DeliveryReport) => void
  /** Called for each warning that the receiver has accepted. */
  readonly warned?: (warning: Warning) => void
}) => {
  const { outbox, send, clock, random, report, warned = () => {} } = options
  /** Aborted when `close` begins: no more pauses, and each request is sent at most once more. */
  const closing = new AbortController()
  /** Aborted when the time of `close` is up: the running request is given up. */
  const closed = new AbortController()
  let running: Promise<void> | undefined
  /** Failures in a row, over all requests, because the pauses are for the receiver and not for one request. */
  let failures = 0
  let wake = () => {}

  const lose = (count: number, code: string) => {
    if (count > 0) report({ outcome: 'lost', count, code })
  }

  const attempt = async ({ body, headers }: Parcel): Promise<Answer> => {
    const cancelled = new AbortController()
    const answered = new AbortController()
    const cancel = () => cancelled.abort()
    closed.signal.addEventListener('abort', cancel)
    if (closed.signal.aborted) cancel()
    void clock.sleep(REQUEST_TIMEOUT_MS, answered.signal).then(() => answered.signal.aborted || cancel())
    const answer = await send(body, headers(clock.now()), cancelled.signal)
    answered.abort()
    closed.signal.removeEventListener('abort', cancel)
    if ('failure' in answer && cancelled.signal.aborted)
      return { failure: closed.signal.aborted ? 'stopped' : 'timeout' }
    return answer
  }

  const deliver = async (parcel: Parcel): Promise<void> => {
    for (;;) {
      const answer = await attempt(parcel)
      const [result, code] = [resultOf(answer), codeOf(answer)]
      if (result === 'delivered') {
        report({ outcome: 'delivered', count: parcel.count, failures })
        parcel.warnings.forEach(warned)
        failures = 0
        return
      }
      if (result === 'lost') return lose(parcel.count, code)
      if (closing.signal.aborted) return lose(parcel.count + outbox.clear(), code)
      failures++
      const isLate = msBetween(parcel.addedAt, clock.elapsed()) >= GIVE_UP_AFTER_MS
      if (isLate) lose(parcel.count, code)
      else report({ outcome: 'retried', count: 1, code, failures })
      await clock.sleep(pauseMs(answer, failures, random, clock.now()), closing.signal)
      if (isLate) return
    }
  }

  /** Delivers until the outbox is empty. */
  const run = async () => {
    for (;;) {
      const waitMs = outbox.msUntilDue(clock.elapsed())
      if (waitMs === Number.POSITIVE_INFINITY) break
      const parcel = outbox.take(closing.signal.aborted ? FAR_AHEAD : clock.elapsed())
      if (parcel !== undefined) {
        await deliver(parcel)
      } else {
        const idle = new AbortController()
        wake = () => idle.abort()
        await clock.sleep(Math.min(Math.max(1, waitMs), MINUTE), idle.signal)
      }
    }
    running = undefined
  }

  return {
    /** Puts a notification into the outbox and returns at once, whatever the receiver does. */
    add(notification: Notification): void {
      if (closing.signal.aborted && running === undefined) return lose(1, 'stopped')
      lose(outbox.add(notification, clock.elapsed()), 'outbox-full')
      // Starts in a microtask: the caller enforces policies and must not build requests.
      running ??= Promise.resolve().then(run)
      wake()
    },

    /** Sends the waiting notifications for up to two seconds and until the first failure. The rest is lost. */
    async close(): Promise<void> {
      closing.abort()
      wake()
      await within(clock, CLOSE_WITHIN_MS, running ?? Promise.resolve())
      closed.abort()
      await running
    },
  }
}

export type Delivery = ReturnType<typeof createDelivery>
