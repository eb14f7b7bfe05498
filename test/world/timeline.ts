import type { Instant } from '../../src/domain/time/instant.ts'

interface Entry {
  readonly at: Instant
  readonly order: number
  happen: (() => void) | undefined
}

/** Simulated time. Entries happen in order, each after all work that earlier entries started has settled. */
export const createTimeline = (start: Instant) => {
  let now = start
  let order = 0
  /** Latest first, so that taking the next one is cheap. */
  const entries: Entry[] = []

  return {
    now: () => now,

    /** Schedules an entry. Returns a function that cancels it. */
    at(when: Instant, happen: () => void): () => void {
      const entry: Entry = { at: Math.max(when, now), order: order++, happen }
      let [low, high] = [0, entries.length]
      while (low < high) {
        const middle = (low + high) >> 1
        if ((entries[middle]?.at ?? 0) > entry.at) low = middle + 1
        else high = middle
      }
      entries.splice(low, 0, entry)
      return () => {
        entry.happen = undefined
      }
    },

    async runUntil(end: Instant, isOver: () => boolean = () => false): Promise<void> {
      for (;;) {
        await settled()
        const next = entries.at(-1)
        if (next === undefined || next.at > end || isOver()) break
        entries.pop()
        if (next.happen === undefined) continue
        now = next.at
        next.happen()
      }
      now = Math.max(now, end)
    },
  }
}

export type Timeline = ReturnType<typeof createTimeline>

/** The world waits for nothing but simulated time, so that one turn of the event loop settles all work. */
const settled = () => new Promise((resolve) => setImmediate(resolve))
