import type { Selector } from '../policies/policy.ts'
import { ALL_TIME, intersection, type Periods } from '../time/period.ts'
import { type EndpointEntry, hitsEndpoint, readsOf } from './endpoint-pattern.ts'
import { fold } from './fold.ts'
import type { Location } from './location.ts'
import { hits } from './pattern.ts'
import {
  type BareField,
  createUserList,
  type Principal,
  periodsOf,
  type UserEntry,
  type UserList,
} from './user-list.ts'

/**
 * Whether a selector matches, and then when. It is `unknown` when the selector names users and the connection has no
 * principal, and while the tags, the name or the Region that it reads are not known. `by` are the entries that matched,
 * none if the selector has no list.
 */
export type Hit = { readonly periods: Periods; readonly by: readonly EndpointEntry[] } | 'no' | 'unknown'

/** The result of a list that is absent: it matches everything, for ever. */
export const ALWAYS: Hit = { periods: ALL_TIME, by: [] }

/** The match of all entries that match, each in its own time. */
const hitOf = (entries: readonly EndpointEntry[]): Hit => hitWithin(periodsOf(entries), entries)

const hitWithin = (periods: Periods, by: readonly EndpointEntry[]): Hit =>
  periods.length === 0 ? 'no' : { periods, by }

const hitsRegions = (entries: readonly UserEntry[] | undefined, { region }: Location): Hit => {
  if (entries === undefined) return ALWAYS
  if (region === undefined) return 'unknown'
  return hitOf(entries.filter((entry) => hits(entry.pattern, fold(region))))
}

const hitsEndpoints = (entries: readonly EndpointEntry[] | undefined, location: Location): Hit => {
  if (entries === undefined) return ALWAYS
  const found = entries.map((entry) => [entry, hitsEndpoint(entry.pattern, location)] as const)
  const hit = hitOf(found.flatMap(([entry, result]) => (result === true ? [entry] : [])))
  // A match for all time does not depend on the entries that are not known.
  const isSettled = typeof hit === 'object' && hit.periods === ALL_TIME
  return !isSettled && found.some(([, result]) => result === 'unknown') ? 'unknown' : hit
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

/** Whether the endpoints and Regions of a selector match, whoever the user is. A selector that is absent matches. */
export const hitsPlace = (selector: Selector | undefined, location: Location): Hit =>
  all(hitsEndpoints(selector?.endpoints, location), hitsRegions(selector?.regions, location))

/** The fact of an endpoint that is not known, and without which it is not known whether a selector matches there. */
export const lackOfPlace = (
  selector: Selector | undefined,
  location: Location,
): 'tags' | 'name' | 'Region' | undefined => {
  if (hitsPlace(selector, location) !== 'unknown') return undefined
  if (hitsEndpoints(selector?.endpoints, location) !== 'unknown') return 'Region'
  return selector?.endpoints?.some(({ pattern }) => readsOf(pattern) === 'tags') ? 'tags' : 'name'
}

/** Resolves a selector in two steps, so that each is done once: first for an endpoint, then for a principal on it. */
export const resolveSelector = (selector: Selector, bare: BareField) => {
  const users = selector.users === undefined ? undefined : createUserList(selector.users, bare)
  return (location: Location) => {
    const here = hitsPlace(selector, location)
    return (principal: Principal): Hit => (here === 'no' ? 'no' : all(here, hitsUsers(users, principal)))
  }
}
