import type { Selector } from '../policies/policy.ts'
import { ALL_TIME, intersection, type Periods } from '../time/period.ts'
import { fold } from './fold.ts'
import { hits } from './pattern.ts'
import {
  type BareField,
  createUserList,
  type Principal,
  periodsOf,
  type UserEntry,
  type UserList,
} from './user-list.ts'

/** The endpoint of a connection, and its Region. */
export interface Location {
  readonly endpointId: string
  readonly region: string
}

/**
 * Whether a selector matches, and then when. It is `unknown` when the selector names users and the connection has no
 * principal. `by` are the entries that matched, none if the selector has no list.
 */
export type Hit = { readonly periods: Periods; readonly by: readonly UserEntry[] } | 'no' | 'unknown'

/** The result of a list that is absent: it matches everything, for ever. */
export const ALWAYS: Hit = { periods: ALL_TIME, by: [] }

/** The match of all entries that match, each in its own time. */
const hitOf = (entries: readonly UserEntry[]): Hit => hitWithin(periodsOf(entries), entries)

const hitWithin = (periods: Periods, by: readonly UserEntry[]): Hit => (periods.length === 0 ? 'no' : { periods, by })

const hitsPlace = (entries: readonly UserEntry[] | undefined, name: string): Hit => {
  if (entries === undefined) return ALWAYS
  return hitOf(entries.filter((entry) => hits(entry.pattern, fold(name))))
}

const hitsUsers = (list: UserList | undefined, principal: Principal): Hit => {
  if (list === undefined) return ALWAYS
  if (principal.name === undefined) return 'unknown'
  return hitOf(list.find(principal))
}

/** Matches while both do. `no` outweighs `unknown`, and `unknown` outweighs a match. */
const all = (a: Hit, b: Hit): Hit => {
  if (a === 'no' || b === 'no') return 'no'
  if (a === 'unknown' || b === 'unknown') return 'unknown'
  return hitWithin(intersection(a.periods, b.periods), b.by.length > 0 ? b.by : a.by)
}

/** Resolves a selector in two steps, so that each is done once: first for an endpoint, then for a principal on it. */
export const resolveSelector = (selector: Selector, bare: BareField) => {
  const users = selector.users === undefined ? undefined : createUserList(selector.users, bare)
  return (location: Location) => {
    const here = all(hitsPlace(selector.endpoints, location.endpointId), hitsPlace(selector.regions, location.region))
    return (principal: Principal): Hit => (here === 'no' ? 'no' : all(here, hitsUsers(users, principal)))
  }
}
