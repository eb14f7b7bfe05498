import type { Clock } from '../../app/clock.ts'
import type { Notification } from '../../app/notification.ts'
import { MINUTE, NEVER, SECOND } from '../../domain/time/instant.ts'
import type { Outbox, Parcel } from './outbox.ts'
import type { Answer } from './post.ts'
import { codeOf, fateOf, pauseMs } from './retry.ts'

/** How long one try may take. */
const TRY_WITHIN_MS = 10 * SECOND

/** What cannot be delivered for so long is of no use any more. */
const GIVE_UP_AFTER_MS = 15 * MINUTE

/** How long what waits may take at the end. */
const CLOSE_WITHIN_MS = 2 * SECOND

/** What became of some notifications, or of one try. */
export type DeliveryReport =
  | { readonly outcome: 'delivered'; readonly count: number; readonly failures: number }
  | { readonly outcome: 'retried'; readonly count: 1; readonly code: string; readonly failures: number }
  /** `code`: what came back, or `outbox-full`, `stopped`. */
  | { readonly outcome: 'lost'; readonly count: number; readonly code: string }

/**
 * Delivers to one receiver, one request at a time and in order. A request is tried at least once, and again after what may
 * pass by itself; when the last try fails so late that nobody needs it any more, it is lost.
 */
export const createDelivery = (options: {
  readonly outbox: Outbox
  readonly send: (body: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Answer>
  readonly clock: Clock
  readonly random: () => number
  readonly report: (report: DeliveryReport) => void
}) => {
  const { outbox, send, clock, random, report } = options
  /** What waits goes now or never. */
  const hurry = new AbortController()
  /** It goes no more. */
  const over = new AbortController()
  let running: Promise<void> | undefined
  /** Failures running, whatever they were to deliver: it is the receiver that rests. */
  let failures = 0
  let wake = () => {}

  const lose = (count: number, code: string) => {
    if (count > 0) report({ outcome: 'lost', count, code })
  }

  const attempt = async ({ body, headers }: Parcel): Promise<Answer> => {
    const late = new AbortController()
    const answered = new AbortController()
    const giveUp = () => late.abort()
    over.signal.addEventListener('abort', giveUp)
    if (over.signal.aborted) giveUp()
    void clock.sleep(TRY_WITHIN_MS, answered.signal).then(() => answered.signal.aborted || giveUp())
    const answer = await send(body, headers(clock.now()), late.signal)
    answered.abort()
    over.signal.removeEventListener('abort', giveUp)
    if ('failure' in answer && late.signal.aborted) return { failure: over.signal.aborted ? 'stopped' : 'timeout' }
    return answer
  }

  const deliver = async (parcel: Parcel): Promise<void> => {
    for (;;) {
      const answer = await attempt(parcel)
      const [fate, code] = [fateOf(answer), codeOf(answer)]
      if (fate === 'delivered') {
        report({ outcome: 'delivered', count: parcel.count, failures })
        failures = 0
        return
      }
      if (fate === 'lost') return lose(parcel.count, code)
      if (hurry.signal.aborted) return lose(parcel.count + outbox.clear(), code)
      failures++
      const isLate = clock.now() - parcel.at >= GIVE_UP_AFTER_MS
      if (isLate) lose(parcel.count, code)
      else report({ outcome: 'retried', count: 1, code, failures })
      await clock.sleep(pauseMs(answer, failures, random, clock.now()), hurry.signal)
      if (isLate) return
    }
  }

  /** Until nothing waits any more. */
  const run = async () => {
    for (let dueAt = outbox.dueAt(); dueAt < NEVER; dueAt = outbox.dueAt()) {
      const parcel = outbox.take(hurry.signal.aborted ? NEVER : clock.now())
      if (parcel !== undefined) {
        await deliver(parcel)
      } else {
        const idle = new AbortController()
        wake = () => idle.abort()
        await clock.sleep(Math.min(Math.max(1, dueAt - clock.now()), MINUTE), idle.signal)
      }
    }
    running = undefined
  }

  return {
    /** Takes as long as it takes to put it into a list, whatever the receiver does. */
    add(notification: Notification): void {
      if (hurry.signal.aborted && running === undefined) return lose(1, 'stopped')
      lose(outbox.add(notification), 'outbox-full')
      // Not here and now: who tells has other things to do.
      running ??= Promise.resolve().then(run)
      wake()
    },

    /** What waits is sent within two seconds and up to the first failure; the rest is lost. */
    async close(): Promise<void> {
      hurry.abort()
      wake()
      const done = new AbortController()
      await Promise.race([running, clock.sleep(CLOSE_WITHIN_MS, done.signal)])
      done.abort()
      over.abort()
      await running
    },
  }
}

export type Delivery = ReturnType<typeof createDelivery>
