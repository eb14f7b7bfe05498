import { hostClock } from '../../../src/adapters/host/clock.ts'
import type { Clock } from '../../../src/app/clock.ts'
import { elapsedAt } from '../../../src/domain/time/elapsed.ts'

/** The clock for tests that do not depend on time. */
export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => elapsedAt(performance.now()),
  trust: () => 'confirmed',
  sleep: hostClock.sleep,
}
