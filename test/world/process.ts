import type { Clock } from '../../src/app/clock.ts'
import { elapsedAt } from '../../src/domain/time/elapsed.ts'
import type { Timeline } from './timeline.ts'

/** When a process is killed: before or after its n-th request to the outside. */
export interface Death {
  readonly afterRequests: number
  readonly phase: 'before' | 'after'
}

const never = <Value>() => new Promise<Value>(() => {})

/**
 * A process that can be killed between any two of its steps. All its requests to the outside go through `ask`. After a
 * kill its requests have no effect, and its promises never resolve.
 */
export const createProcess = (timeline: Timeline, skewMs: () => number) => {
  let alive = true
  let death: { left: number; readonly phase: Death['phase']; readonly andThen: () => void } | undefined

  const die = (andThen: () => void) => {
    if (!alive) return
    alive = false
    andThen()
  }

  /** The host's clock, which may be wrong. Its timers use monotonic time. */
  const clock: Clock = {
    now: () => timeline.now() + skewMs(),
    elapsed: () => elapsedAt(timeline.now()),
    trust: () => 'confirmed',
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (!alive) return
        if (signal.aborted) return resolve()
        const wake = () => {
          cancel()
          signal.removeEventListener('abort', wake)
          if (alive) resolve()
        }
        const cancel = timeline.at(timeline.now() + Math.ceil(ms), wake)
        signal.addEventListener('abort', wake)
      }),
  }

  return {
    clock,
    isAlive: () => alive,
    die,
    dieLater({ afterRequests, phase }: Death, andThen: () => void) {
      death ??= { left: afterRequests, phase, andThen }
    },
    async ask<Value>(work: () => Promise<Value>): Promise<Value> {
      if (!alive) return never()
      const last = death !== undefined && --death.left <= 0 ? death : undefined
      if (last?.phase === 'before') {
        die(last.andThen)
        return never()
      }
      const result = await work().then(
        (value) => () => value,
        (error: unknown) => () => {
          throw error
        },
      )
      if (last !== undefined) die(last.andThen)
      return alive ? result() : never()
    },
  }
}

export type Process = ReturnType<typeof createProcess>
