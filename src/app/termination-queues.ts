import type { Rate } from '../domain/terminate/token-bucket.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'
import type { Emit } from './events.ts'
import { budgetKey, type Site, siteKey } from './site.ts'
import type { Tenure } from './tenure.ts'
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
  /** The tenure, where an engine grants it. */
  readonly tenure?: Pick<Tenure, 'epoch' | 'holds'> | undefined
  /** Hears of a fault that nobody foresaw. */
  readonly onFault: (error: unknown) => void
}) => {
  const { clock, random, emit, stop, abort, tenure } = options
  const prefix = callPrefixOf(options)
  /** By `budgetKey` and by `siteKey`: a site keeps its queue when its account becomes known. */
  const queues = new Map<string, { readonly queue: TerminationQueue; readonly done: Promise<void> }>()
  const all = () => [...new Set(queues.values())]
  let calls = 0

  return {
    /** The queue of the site, else that of its account and Region. A new queue begins with `rate`. */
    of(site: Site, account: string | undefined, rate: Rate): TerminationQueue {
      const keys = [siteKey(site), budgetKey(site, account)]
      const remember = (one: { readonly queue: TerminationQueue; readonly done: Promise<void> }) => {
        for (const key of keys) if (!queues.has(key)) queues.set(key, one)
        return one.queue
      }
      const known = keys.map((key) => queues.get(key)).find((one) => one !== undefined)
      if (known !== undefined) return remember(known)
      const { region } = site
      const queue = createTerminationQueue({
        clock,
        random,
        nextCallId: () => `${prefix}-${(++calls).toString(36)}`,
        onLength: (length, etaSeconds) => emit({ event: 'queue', region, account, length, etaSeconds }),
        rate,
        holds: tenure?.holds,
        // An earlier tenure may have used up the rate a moment ago.
        isDrained: tenure !== undefined,
      })
      return remember({ queue, done: queue.run(stop, abort).catch(options.onFault) })
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

/** The beginning of call ids. Tenures of several units may begin in one millisecond, on several machines. */
const callPrefixOf = ({
  startedAt,
  random,
  tenure,
}: {
  readonly startedAt: Instant
  readonly random: () => number
  readonly tenure?: Pick<Tenure, 'epoch'> | undefined
}): string => {
  const time = startedAt.toString(36)
  if (tenure === undefined) return time
  return `${time}-${tenure.epoch.toString(36)}-${Math.floor(random() * 36 ** 6).toString(36)}`
}
