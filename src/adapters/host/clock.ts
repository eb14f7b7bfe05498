import type { Clock } from '../../app/clock.ts'
import { elapsedAt } from '../../domain/time/elapsed.ts'

/** The host's clock. */
export const hostClock: Clock = {
  now: () => Date.now(),
  elapsed: () => elapsedAt(performance.now()),
  trust: () => 'confirmed',
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) {
        resolve()
        return
      }
      const finish = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', finish)
        resolve()
      }
      const timer = setTimeout(finish, ms)
      signal.addEventListener('abort', finish, { once: true })
    }),
}
