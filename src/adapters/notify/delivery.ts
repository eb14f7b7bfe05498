import type { Clock } from '../../app/clock.ts'
import type { Notification, Warning } from '../../app/notification.ts'
import { within } from '../../app/within.ts'
import { createTokenBucket, type Rate } from '../../domain/terminate/token-bucket.ts'
import { FAR_AHEAD, msBetween, plusMs } from '../../domain/time/elapsed.ts'
import { MINUTE, SECOND } from '../../domain/time/instant.ts'
import { type Contents, type Outbox, type Parcel, together, warningsOf } from './outbox.ts'
import { pauseMs, type Receipt } from './retry.ts'

/** The limit of one request. */
const REQUEST_TIMEOUT_MS = 10 * SECOND

/** A notification that is this old is no longer useful to a receiver. */
const GIVE_UP_AFTER_MS = 15 * MINUTE

/** How long a recipient that was refused for the moment is left alone. */
const RECIPIENT_PAUSE_MS = MINUTE

/**
 * So many requests that have come too late are told at once, and the next ones after a pause. The audit trail gets a
 * record of each warning, and the intents of a mass termination must not wait behind them.
 */
const [LATE_AT_ONCE, LATE_PAUSE_MS] = [100, 20]

/** How long `close` may take. */
const CLOSE_WITHIN_MS = 2 * SECOND

/** The outcome of some notifications, or of one failed request. */
export type DeliveryReport =
  | { readonly outcome: 'delivered'; readonly count: number; readonly failures: number }
  /** `advice`: what the operator must do. `failures`: in a row, 0 if the receiver works but not for this recipient. */
  | ({ readonly outcome: 'retried'; readonly count: 1; readonly failures: number } & Failure)
  /** `code`: that of the receipt, or `outbox-full`, `too-late` or `stopped`. */
  | ({ readonly outcome: 'lost'; readonly count: number } & Failure)
  /** No address is known of the person whose session it is about. */
  | { readonly outcome: 'no-address'; readonly count: 1; readonly name: string }

type Failure = Pick<Receipt, 'code' | 'advice'>

/**
 * Delivers to one receiver, one request at a time and in order. A request is sent at least once. After a failure that
 * may be temporary it is sent again, until it is 15 minutes old: then it is lost.
 */
export const createDelivery = <Request>(options: {
  readonly outbox: Outbox<Request>
  /** Resolves with a receipt, also when the signal is aborted; never rejects. */
  readonly send: (request: Request, signal: AbortSignal) => Promise<Receipt>
  /** How many requests the receiver accepts; undefined if it says so itself. */
  readonly rate?: Rate
  readonly clock: Clock
  readonly random: () => number
  readonly report: (report: DeliveryReport) => void
  /** Called for each warning that the receiver has accepted. */
  readonly warned?: (warning: Warning) => void
  /** Called for each warning that is lost. `code` is that of the report. */
  readonly notWarned?: (warning: Warning, code: string) => void
}) => {
  const { outbox, send, rate, clock, random, report, warned = () => {}, notWarned = () => {} } = options
  const bucket = rate && createTokenBucket(rate, clock.elapsed())
  /** Aborted when `close` begins: no more pauses, and each request is sent at most once more. */
  const closing = new AbortController()
  /** Aborted when the time of `close` is up: the running request is given up. */
  const closed = new AbortController()
  let running: Promise<void> | undefined
  /** Failures in a row, over all requests, because the pauses are for the receiver and not for one request. */
  let failures = 0
  let wake = () => {}

  const lose = ({ count, warnings }: Contents, { code, advice }: Failure) => {
    if (count > 0) report({ outcome: 'lost', count, code, ...(advice === undefined ? {} : { advice }) })
    for (const warning of warnings) notWarned(warning, code)
  }

  const attempt = async (request: Request): Promise<Receipt> => {
    const cancelled = new AbortController()
    const answered = new AbortController()
    const cancel = () => cancelled.abort()
    closed.signal.addEventListener('abort', cancel)
    if (closed.signal.aborted) cancel()
    void clock.sleep(REQUEST_TIMEOUT_MS, answered.signal).then(() => answered.signal.aborted || cancel())
    const receipt = await send(request, cancelled.signal)
    answered.abort()
    closed.signal.removeEventListener('abort', cancel)
    if (receipt.result === 'retry' && cancelled.signal.aborted)
      return { result: 'retry', code: closed.signal.aborted ? 'stopped' : 'timeout' }
    return receipt
  }

  /** Resolves with false if nothing of the parcel was of use any longer. */
  const deliver = async (parcel: Parcel<Request>): Promise<boolean> => {
    for (let attempts = 0; ; attempts++) {
      const { request, count, warnings, late } = parcel.prepare(clock.now())
      lose(late, { code: 'too-late' })
      if (request === undefined) return attempts > 0
      if (attempts === 0) bucket?.tryTake(clock.elapsed())
      const contents = { count, warnings }
      const receipt = await attempt(request)
      const { result } = receipt
      if (result === 'delivered') {
        report({ outcome: 'delivered', count, failures })
        warnings.forEach(warned)
        failures = 0
        return true
      }
      if (result === 'lost') {
        lose(contents, receipt)
        return true
      }
      if (closing.signal.aborted) {
        lose(result === 'retry' ? together([contents, outbox.clear()]) : contents, receipt)
        return true
      }
      const { code, advice } = receipt
      const isLate = msBetween(parcel.countedFrom, clock.elapsed()) >= GIVE_UP_AFTER_MS
      if (result === 'retry') failures++
      if (isLate) lose(contents, receipt)
      else {
        const after = result === 'retry' ? failures : 0
        report({ outcome: 'retried', count: 1, code, failures: after, ...(advice === undefined ? {} : { advice }) })
      }
      if (result === 'later') {
        if (!isLate) parcel.putBack?.(plusMs(clock.elapsed(), RECIPIENT_PAUSE_MS))
        return true
      }
      await clock.sleep(pauseMs(receipt, failures, random), closing.signal)
      if (isLate) return true
    }
  }

  /** How long until the receiver accepts one more request. */
  const paceMs = (): number => {
    const now = clock.elapsed()
    return bucket === undefined || closing.signal.aborted ? 0 : Math.max(0, msBetween(now, bucket.availableAt(now)))
  }

  /** Delivers until the outbox is empty. */
  const run = async () => {
    for (let late = 0; ; ) {
      const dueMs = outbox.msUntilDue(clock.elapsed())
      if (dueMs === Number.POSITIVE_INFINITY) break
      const waitMs = Math.max(dueMs, paceMs())
      const isClosing = closing.signal.aborted
      const parcel = isClosing || paceMs() === 0 ? outbox.take(isClosing ? FAR_AHEAD : clock.elapsed()) : undefined
      if (parcel !== undefined) {
        late = (await deliver(parcel)) ? 0 : late + 1
        if (late === LATE_AT_ONCE) {
          late = 0
          await clock.sleep(LATE_PAUSE_MS, closing.signal)
        }
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
      if (closing.signal.aborted && running === undefined)
        return lose({ count: 1, warnings: warningsOf(notification) }, { code: 'stopped' })
      lose(outbox.add(notification, clock.elapsed()), { code: 'outbox-full' })
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
