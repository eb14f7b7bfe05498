import { ALL_TIME, intersection, type Periods } from '../time/period.ts'
import { periodsOf, type UserEntry } from './user-list.ts'

/** An entry of any list of a selector. */
export interface AnyEntry extends Omit<UserEntry, 'pattern'> {
  readonly pattern: { readonly source: string }
}

/**
 * Whether a selector matches, and then when. It is `unknown` when the selector names users and the connection has no
 * principal, and while a fact that it reads of the endpoint or of the door is not known. `by` are the entries that
 * matched, none if the selector has no list.
 */
export type Hit = { readonly periods: Periods; readonly by: readonly AnyEntry[] } | 'no' | 'unknown'

/** The result of a list that is absent: it matches everything, for ever. */
export const ALWAYS: Hit = { periods: ALL_TIME, by: [] }

/** The match of all entries that match, each in its own time. */
export const hitOf = (entries: readonly AnyEntry[]): Hit => hitWithin(periodsOf(entries), entries)

const hitWithin = (periods: Periods, by: readonly AnyEntry[]): Hit => (periods.length === 0 ? 'no' : { periods, by })

/** The match of a list of which an entry may not be known to match. */
export const hitAmong = <Entry extends AnyEntry>(
  entries: readonly Entry[],
  hits: (entry: Entry) => boolean | 'unknown',
): Hit => {
  const found = entries.map((entry) => [entry, hits(entry)] as const)
  const hit = hitOf(found.flatMap(([entry, result]) => (result === true ? [entry] : [])))
  // A match for all time does not depend on the entries that are not known.
  const isSettled = typeof hit === 'object' && hit.periods === ALL_TIME
  return !isSettled && found.some(([, result]) => result === 'unknown') ? 'unknown' : hit
}

/** Matches while both do. `no` outweighs `unknown`, and `unknown` outweighs a match. */
export const all = (a: Hit, b: Hit): Hit => {
  if (a === 'no' || b === 'no') return 'no'
  if (a === 'unknown' || b === 'unknown') return 'unknown'
  return hitWithin(intersection(a.periods, b.periods), b.by.length > 0 ? b.by : a.by)
}
