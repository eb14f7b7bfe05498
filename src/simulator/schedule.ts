import type { Instant } from '../domain/time/instant.ts'

type Happening = () => void

interface Entry {
  readonly at: Instant
  readonly order: number
  readonly happen: Happening
}

/** What is going to happen and when. Nothing happens by itself: only `runUntil` moves time. */
export interface Schedule {
  /** The instant of what is happening, else the one up to which everything has happened. It never goes back. */
  readonly now: Instant
  add(at: Instant, happen: Happening): void
  /** Everything due at `until` or before, in the order of instants; what falls on one instant, in the order it was added. */
  runUntil(until: Instant): void
}

const before = (a: Entry, b: Entry) => a.at < b.at || (a.at === b.at && a.order < b.order)

export const createSchedule = (startsAt: Instant): Schedule => {
  const heap: Entry[] = []
  let now = startsAt
  let added = 0

  const rise = (entry: Entry) => {
    let index = heap.push(entry) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !before(entry, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  const sink = (entry: Entry) => {
    let index = 0
    for (;;) {
      const left = heap[2 * index + 1]
      const right = heap[2 * index + 2]
      const child = right !== undefined && left !== undefined && before(right, left) ? right : left
      if (child === undefined || !before(child, entry)) break
      heap[index] = child
      index = 2 * index + (child === right ? 2 : 1)
    }
    heap[index] = entry
  }

  return {
    get now() {
      return now
    },
    add(at, happen) {
      if (Number.isFinite(at)) rise({ at, order: added++, happen })
    },
    runUntil(until) {
      for (let next = heap[0]; next !== undefined && next.at <= until; next = heap[0]) {
        const last = heap.pop()
        if (last !== undefined && last !== next) sink(last)
        now = Math.max(now, next.at)
        next.happen()
      }
      now = Math.max(now, until)
    },
  }
}
