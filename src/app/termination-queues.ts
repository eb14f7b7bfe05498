import type { Rate } from '../domain/terminate/token-bucket.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'
import type { Emit } from './events.ts'
import { budgetKey, type Site } from './site.ts'
import { createTerminationQueue, type TerminationQueue } from './termination-queue.ts'

/** The queues of all accounts and Regions. All roles that reach the same account and Region share one queue. */
export const createTerminationQueues = (options: {
  readonly clock: Clock
  readonly random: () => number
  readonly emit: Emit
  /** Makes call ids unique: two processes never write the trail at the same time. */
  readonly startedAt: Instant
  /** From now on no new calls leave. */
  readonly stop: AbortSignal
  /** Aborts the calls in flight. */
  readonly abort: AbortSignal
}) => {
  const { clock, random, emit, startedAt, stop, abort } = options
  const queues = new Map<string, { readonly queue: TerminationQueue; readonly done: Promise<void> }>()
  const all = () => [...queues.values()]
  let calls = 0

  return {
    /** The queue of an account and Region. A new queue begins with `rate`. */
    of(site: Site, account: string | undefined, rate: Rate): TerminationQueue {
      const key = budgetKey(site, account)
      const known = queues.get(key)
      if (known !== undefined) return known.queue
      const { region } = site
      const queue = createTerminationQueue({
        clock,
        random,
        nextCallId: () => `${startedAt.toString(36)}-${(++calls).toString(36)}`,
        onLength: (length, etaSeconds) => emit({ event: 'queue', region, account, length, etaSeconds }),
        rate,
      })
      queues.set(key, { queue, done: queue.run(stop, abort) })
      return queue
    },

    setRate(rate: Rate): void {
      for (const { queue } of all()) queue.setRate(rate)
    },

    isBusy: (): boolean => all().some(({ queue }) => queue.busy),
    inFlight: (): number => all().reduce((sum, { queue }) => sum + queue.inFlight, 0),

    /** Resolves when no queue has a call in flight, after `stop`. */
    done: async (): Promise<void> => {
      await Promise.all(all().map(({ done }) => done))
    },
  }
}
