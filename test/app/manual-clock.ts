import type { Clock } from '../../src/app/clock.ts'
import { elapsedAt } from '../../src/domain/time/elapsed.ts'
import type { Instant } from '../../src/domain/time/instant.ts'

interface Sleeper {
  readonly dueAt: number
  readonly wake: () => void
}

/** A clock that tests move: `advance` lets time pass and wakes sleepers in order, `jump` sets the time of day. */
export const createManualClock = (start: Instant) => {
  let time = start
  // Sleep uses elapsed time, like the host's timers: a jump of the clock wakes no sleeper.
  let elapsed = 0
  let trust: ReturnType<Clock['trust']> = 'confirmed'
  const sleepers = new Set<Sleeper>()

  const clock: Clock = {
    now: () => time,
    elapsed: () => elapsedAt(elapsed),
    trust: () => trust,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) {
          resolve()
          return
        }
        const wake = () => {
          sleepers.delete(sleeper)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        const sleeper = { dueAt: elapsed + ms, wake }
        sleepers.add(sleeper)
        signal.addEventListener('abort', wake)
      }),
  }

  return {
    ...clock,
    async advance(ms: number) {
      const end = elapsed + ms
      for (;;) {
        await settled()
        let next: Sleeper | undefined
        for (const sleeper of sleepers) if (next === undefined || sleeper.dueAt < next.dueAt) next = sleeper
        if (next === undefined || next.dueAt > end) break
        time += Math.max(0, next.dueAt - elapsed)
        elapsed = Math.max(elapsed, next.dueAt)
        next.wake()
      }
      time += end - elapsed
      elapsed = end
    },
    distrust() {
      trust = 'wrong'
    },
    jump(ms: number) {
      time += ms
    },
  }
}

/** Resolves after all work that needs no time. */
export const settled = async () => {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
}
