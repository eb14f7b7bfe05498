import type { Clock } from '../../src/app/clock.ts'
import type { Timeline } from './timeline.ts'

/** When a process is killed: at the start or at the end of its n-th request to the world outside. */
export interface Death {
  readonly afterRequests: number
  readonly phase: 'before' | 'after'
}

const never = <Value>() => new Promise<Value>(() => {})

/**
 * A process that can be killed between any two of its steps. Whatever it asks of the world goes through `ask`; when it is
 * dead nothing it asks for happens, and nothing that it waits for comes.
 */
export const createProcess = (timeline: Timeline, skewMs: () => number) => {
  let alive = true
  let death: { left: number; readonly phase: Death['phase']; readonly andThen: () => void } | undefined

  const die = (andThen: () => void) => {
    if (!alive) return
    alive = false
    andThen()
  }

  /** The host's clock, which may be wrong; its timers count what really passes. */
  const clock: Clock = {
    now: () => timeline.now() + skewMs(),
    elapsed: () => timeline.now(),
    trusted: () => true,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (!alive) return
        if (signal.aborted) return resolve()
        const wake = () => {
          callOff()
          signal.removeEventListener('abort', wake)
          if (alive) resolve()
        }
        const callOff = timeline.at(timeline.now() + Math.ceil(ms), wake)
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
      const done = await work().then(
        (value) => () => value,
        (error: unknown) => () => {
          throw error
        },
      )
      if (last !== undefined) die(last.andThen)
      return alive ? done() : never()
    },
  }
}

export type Process = ReturnType<typeof createProcess>
