import type { Clock } from '../../../src/app/clock.ts'

/** For tests in which time plays no part. */
export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => performance.now(),
  trusted: () => true,
  sleep: () => Promise.resolve(),
}
