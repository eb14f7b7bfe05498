import type { Instant } from '../domain/time/instant.ts'

interface Entry {
  readonly at: Instant
  readonly order: number
  readonly run: () => void
}

/** Future events with their instants. Only `runUntil` moves time. */
interface Timetable {
  /** During an event its instant, otherwise the instant up to which all events have run. It never decreases. */
  readonly now: Instant
  add(at: Instant, run: () => void): void
  /** Runs all events with an instant up to `until`, in order. Events of one instant run in the order they were added. */
  runUntil(until: Instant): void
}

const before = (a: Entry, b: Entry) => a.at < b.at || (a.at === b.at && a.order < b.order)

export const createTimetable = (startsAt: Instant): Timetable => {
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
    add(at, run) {
      if (Number.isFinite(at)) rise({ at, order: added++, run })
    },
    runUntil(until) {
      for (let next = heap[0]; next !== undefined && next.at <= until; next = heap[0]) {
        const last = heap.pop()
        if (last !== undefined && last !== next) sink(last)
        now = Math.max(now, next.at)
        next.run()
      }
      now = Math.max(now, until)
    },
  }
}
