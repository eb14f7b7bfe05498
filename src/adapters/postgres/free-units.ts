import { type Elapsed, msBetween } from '../../domain/time/elapsed.ts'
import type { BeatUnit } from './beat.ts'

/** How many beats a unit is free before it seems that nobody wants it. Others may not know of it, or be refused it. */
const LEFT_OVER_BEATS = 3.5

/** Counts how long units have been free. */
export const createFreeUnits = (beatMs: number) => {
  const since = new Map<number, Elapsed>()
  return {
    observe(now: Elapsed, units: readonly BeatUnit[]): void {
      const free = new Set(units.flatMap(({ id, isLocked }) => (isLocked ? [] : [id])))
      for (const id of since.keys()) if (!free.has(id)) since.delete(id)
      for (const id of free) if (!since.has(id)) since.set(id, now)
    },
    isLeftOver(now: Elapsed, id: number): boolean {
      const from = since.get(id)
      return from !== undefined && msBetween(from, now) > LEFT_OVER_BEATS * beatMs
    },
    /** Whether a unit has become free so recently that somebody may be about to take it. */
    isAnyFresh: (now: Elapsed): boolean =>
      [...since.values()].some((from) => msBetween(from, now) <= LEFT_OVER_BEATS * beatMs),
  }
}
