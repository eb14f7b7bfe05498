import { createTokenBucket, type Rate } from '../domain/terminate/token-bucket.ts'
import { SECOND } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'

/** Resolves when a page may be asked for, or when the signal is aborted. */
export type PagePermit = (signal: AbortSignal) => Promise<void>

/** Our share of an account's read requests in one Region: a page waits for its turn. */
const createPagePermits = (rate: Rate, clock: Clock): PagePermit => {
  const bucket = createTokenBucket(rate, clock.elapsed())
  return async (signal) => {
    while (!signal.aborted && !bucket.tryTake(clock.elapsed())) {
      const passed = clock.elapsed()
      await clock.sleep(Math.min(SECOND, Math.max(1, bucket.availableAt(passed) - passed)), signal)
    }
  }
}

/** One budget for each key, however many share it; another rate makes it anew. */
export const createReadBudgets = (clock: Clock) => {
  const budgets = new Map<string, { readonly rate: Rate; readonly permit: PagePermit }>()
  return (key: string, rate: Rate): PagePermit => {
    const known = budgets.get(key)
    if (known?.rate.burst === rate.burst && known.rate.perSecond === rate.perSecond) return known.permit
    const permit = createPagePermits(rate, clock)
    budgets.set(key, { rate, permit })
    return permit
  }
}

export type ReadBudgets = ReturnType<typeof createReadBudgets>
