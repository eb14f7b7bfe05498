import type { Clock } from '../../src/app/clock.ts'
import type { Instant } from '../../src/domain/time/instant.ts'

/** Time moved by hand: `advance` wakes sleepers in their order, `jump` sets the clock as an administrator would. */
export const createManualClock = (start: Instant) => {
  let time = start
  // Sleep is counted in elapsed time, as the host's timers do: a jump of the clock does not wake anybody.
  let elapsed = 0
  let trusted = true
  const sleepers = new Set<{ readonly dueAt: number; readonly wake: () => void }>()

  const clock: Clock = {
    now: () => time,
    elapsed: () => elapsed,
    trusted: () => trusted,
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
        const next = [...sleepers].sort((a, b) => a.dueAt - b.dueAt)[0]
        if (next === undefined || next.dueAt > end) break
        time += Math.max(0, next.dueAt - elapsed)
        elapsed = Math.max(elapsed, next.dueAt)
        next.wake()
      }
      time += end - elapsed
      elapsed = end
    },
    distrust() {
      trusted = false
    },
    jump(ms: number) {
      time += ms
    },
  }
}

/** Everything that needs no time has happened. */
export const settled = async () => {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
}
