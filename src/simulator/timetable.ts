import { createHeap } from '../domain/heap.ts'
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
  const entries = createHeap(before)
  let now = startsAt
  let added = 0

  return {
    get now() {
      return now
    },
    add(at, run) {
      if (Number.isFinite(at)) entries.add({ at, order: added++, run })
    },
    runUntil(until) {
      for (let next = entries.first; next !== undefined && next.at <= until; next = entries.first) {
        entries.take()
        now = Math.max(now, next.at)
        next.run()
      }
      now = Math.max(now, until)
    },
  }
}
