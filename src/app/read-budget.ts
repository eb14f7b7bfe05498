import { createTokenBucket, type Rate } from '../domain/terminate/token-bucket.ts'
import { msBetween } from '../domain/time/elapsed.ts'
import { SECOND } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'

/** Resolves when a page may be requested, or when the signal is aborted. */
type PagePermit = (signal: AbortSignal) => Promise<void>

/** Limits the read requests of one account and Region to Curfew's share. A page waits for its token. */
const createPagePermits = (rate: Rate, clock: Clock): PagePermit => {
  const bucket = createTokenBucket(rate, clock.elapsed())
  return async (signal) => {
    while (!signal.aborted && !bucket.tryTake(clock.elapsed())) {
      const passed = clock.elapsed()
      await clock.sleep(Math.min(SECOND, Math.max(1, msBetween(passed, bucket.availableAt(passed)))), signal)
    }
  }
}

/** One budget for each key. All endpoints with the same key share it. A changed rate makes a new budget. */
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
