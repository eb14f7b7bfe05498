import { SECOND } from '../domain/instant.ts'
import { createTokenBucket, type Rate } from '../domain/token-bucket.ts'
import type { Clock } from './clock.ts'

/** Our share of the account's read requests in one Region: a page waits for its turn. */
export const createReadBudget = (rate: Rate, clock: Clock) => {
  const bucket = createTokenBucket(rate, clock.now())
  return {
    /** Resolves when a page may be asked for, or when the signal is aborted. */
    async turn(signal: AbortSignal): Promise<void> {
      while (!signal.aborted && !bucket.tryTake(clock.now())) {
        const now = clock.now()
        await clock.sleep(Math.min(SECOND, Math.max(1, bucket.availableAt(now) - now)), signal)
      }
    },
  }
}
