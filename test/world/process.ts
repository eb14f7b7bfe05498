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
 * kill its requests have no effect, and its promises never resolve. A process that is paused gets nothing, neither
 * answers nor wake-ups, until it is resumed: then it gets everything, in any order.
 */
export const createProcess = (timeline: Timeline, skewMs: () => number) => {
  let alive = true
  /** What reached the process while it was paused. Undefined: it runs. */
  let held: (() => void)[] | undefined
  let death: { left: number; readonly phase: Death['phase']; readonly andThen: () => void } | undefined

  const die = (andThen: () => void) => {
    if (!alive) return
    alive = false
    andThen()
  }

  const deliver = (give: () => void) => {
    if (held === undefined) give()
    else held.push(give)
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
          if (alive) deliver(resolve)
        }
        const cancel = timeline.at(timeline.now() + Math.ceil(ms), wake)
        signal.addEventListener('abort', wake)
      }),
  }

  return {
    clock,
    isAlive: () => alive,
    isPaused: () => held !== undefined,
    die,
    /** Gives something to the process as soon as it is not paused, unless it has been killed. */
    deliver(give: () => void): void {
      if (alive) deliver(() => alive && give())
    },
    /** Resolves as soon as the process is not paused. */
    resumed: () => new Promise<void>((resolve) => deliver(resolve)),
    pause(): void {
      held ??= []
    },
    /** `order`: the order in which the process gets what it has missed. */
    resume(order: (missed: readonly (() => void)[]) => readonly (() => void)[]): void {
      const missed = order(held ?? [])
      held = undefined
      // Each in a turn of its own, as an event loop has them.
      for (const give of missed) timeline.at(timeline.now(), () => deliver(give))
    },
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
      if (held !== undefined) await new Promise<void>((resolve) => held?.push(resolve))
      return alive ? result() : never()
    },
  }
}

export type Process = ReturnType<typeof createProcess>
