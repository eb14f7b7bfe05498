import type { Clock } from '../../app/clock.ts'
import { type Elapsed, msBetween } from '../../domain/time/elapsed.ts'
import { MINUTE } from '../../domain/time/instant.ts'

/** Reasons that take turns, attempt by attempt, are told again at most so often. */
const AGAIN_AFTER_MS = MINUTE

/**
 * Decides which failures of a fault that lasts are told. Each reason is told when it is new, and again when it is back after
 * another one: what was told last is why the database is away now, or was a minute ago.
 */
export const createToldFaults = (clock: Pick<Clock, 'elapsed'>) => {
  const toldAt = new Map<string, Elapsed>()
  let last: string | undefined
  return {
    isNews(kind: string, reason: string): boolean {
      const key = JSON.stringify([kind, reason])
      const now = clock.elapsed()
      const before = toldAt.get(key)
      if (key === last || (before !== undefined && msBetween(before, now) < AGAIN_AFTER_MS)) return false
      toldAt.set(key, now)
      last = key
      return true
    },
    ended(): void {
      toldAt.clear()
      last = undefined
    },
  }
}
