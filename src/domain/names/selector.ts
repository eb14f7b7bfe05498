import type { Selector } from '../policies/policy.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { fold } from './fold.ts'
import { hits } from './pattern.ts'
import { type BareField, createUserList, type Principal, type UserEntry, type UserList } from './user-list.ts'

/** The endpoint of a connection, and its Region. */
export interface Location {
  readonly endpointId: string
  readonly region: string
}

/**
 * Whether a selector matches, and then until when. It is `unknown` when the selector names users and the connection has
 * no principal. `by` is the entry that matched, undefined if the selector has no list.
 */
export type Hit = { readonly until: Instant; readonly by: UserEntry | undefined } | 'no' | 'unknown'

/** The result of a list that is absent: it matches everything, for ever. */
export const ALWAYS: Hit = { until: NEVER, by: undefined }

/** The match of the entry that lasts longest. */
const longest = (entries: readonly UserEntry[]): Hit => {
  const [first, ...rest] = entries
  if (first === undefined) return 'no'
  const until = (entry: UserEntry) => entry.until ?? NEVER
  const by = rest.reduce((best, entry) => (until(entry) > until(best) ? entry : best), first)
  return { until: until(by), by }
}

const hitsPlace = (entries: readonly UserEntry[] | undefined, name: string): Hit => {
  if (entries === undefined) return ALWAYS
  return longest(entries.filter((entry) => hits(entry.pattern, fold(name))))
}

const hitsUsers = (list: UserList | undefined, principal: Principal): Hit => {
  if (list === undefined) return ALWAYS
  if (principal.name === undefined) return 'unknown'
  return longest(list.find(principal))
}

/** Matches if both do, until the first of them ends. `no` outweighs `unknown`, and `unknown` outweighs a match. */
const all = (a: Hit, b: Hit): Hit => {
  if (a === 'no' || b === 'no') return 'no'
  if (a === 'unknown' || b === 'unknown') return 'unknown'
  return { until: Math.min(a.until, b.until), by: b.by ?? a.by }
}

/** Resolves a selector in two steps, so that each is done once: first for an endpoint, then for a principal on it. */
export const resolveSelector = (selector: Selector, bare: BareField) => {
  const users = selector.users === undefined ? undefined : createUserList(selector.users, bare)
  return (location: Location) => {
    const here = all(hitsPlace(selector.endpoints, location.endpointId), hitsPlace(selector.regions, location.region))
    return (principal: Principal): Hit => (here === 'no' ? 'no' : all(here, hitsUsers(users, principal)))
  }
}
