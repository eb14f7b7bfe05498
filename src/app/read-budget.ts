import { createTokenBucket, type Rate } from '../domain/terminate/token-bucket.ts'
import { msBetween } from '../domain/time/elapsed.ts'
import { SECOND } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'

/** The list that a page belongs to: one object for each time that a list is read. Undefined: no list of connections. */
export interface PageList {
  readonly endpointId: string | undefined
}

/** Resolves when a page of the list may be requested, or when the signal is aborted. */
type PagePermit = (signal: AbortSignal, list?: PageList) => Promise<void>

/**
 * Limits the read requests of one account and Region to Curfew's share. A page waits for its token. Lists finish one
 * after the other: if all advanced together, all would be too old when they are complete. A page that waits for its
 * answer keeps no other page waiting.
 */
const createPagePermits = (rate: Rate, clock: Clock): PagePermit => {
  const bucket = createTokenBucket(rate, clock.elapsed())
  const waiting = new Set<PageList>()
  /** Lists that have begun, by their number. */
  const begun = new WeakMap<PageList, number>()
  /** The number of the last list that has begun, for each endpoint. */
  const lastOf = new Map<string, number>()
  let lists = 0

  /**
   * First what is no list of connections, then lists that have begun, then the endpoint whose last list began first.
   * Within each group the smaller number is first.
   */
  const placeOf = (list: PageList): readonly [group: number, place: number] => {
    if (list.endpointId === undefined) return [0, 0]
    const number = begun.get(list)
    return number === undefined ? [2, lastOf.get(list.endpointId) ?? 0] : [1, number]
  }

  const isNext = (list: PageList): boolean => {
    const [group, place] = placeOf(list)
    for (const other of waiting) {
      if (other === list) continue
      const [otherGroup, otherPlace] = placeOf(other)
      if (otherGroup < group || (otherGroup === group && otherPlace < place)) return false
    }
    return true
  }

  return async (signal, list = { endpointId: undefined }) => {
    waiting.add(list)
    while (!signal.aborted && !(isNext(list) && bucket.tryTake(clock.elapsed()))) {
      const passed = clock.elapsed()
      await clock.sleep(Math.min(SECOND, Math.max(1, msBetween(passed, bucket.availableAt(passed)))), signal)
    }
    waiting.delete(list)
    if (signal.aborted || list.endpointId === undefined || begun.has(list)) return
    begun.set(list, ++lists)
    lastOf.set(list.endpointId, lists)
  }
}

/** One budget for each key. All endpoints with the same key share it. A changed rate makes a new budget. */
export const createReadBudgets = (clock: Clock) => {
  const budgets = new Map<string, { readonly rate: Rate; readonly permit: PagePermit }>()
  return (key: string, rate: Rate): PagePermit => {
    const known = budgets.get(key)
    if (known?.rate.burst === rate.burst && known.rate.perSecond === rate.perSecond) return known.permit
    const permit = createPagePermits(rate, clock)
    budgets.set(key, { rate, permit })
    return permit
  }
}

export type ReadBudgets = ReturnType<typeof createReadBudgets>
