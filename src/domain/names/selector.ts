import type { Selector } from '../policies/policy.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { fold, hits } from './pattern.ts'
import { type BareField, createUserList, type Person, type UserEntry, type UserList } from './user-list.ts'

/** Where a connection is; the same for all connections of an endpoint. */
export interface Location {
  readonly endpointId: string
  readonly region: string
}

/** Whether a selector's entries hit: not, or until when; `unknown` where users are named and the connection has no principal. */
export type Hit = { readonly until: Instant; readonly by: UserEntry | undefined } | 'no' | 'unknown'

/** Always true: nothing was asked. */
export const ALWAYS: Hit = { until: NEVER, by: undefined }

/** The entry that hits for longest. */
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

const hitsUsers = (list: UserList | undefined, person: Person): Hit => {
  if (list === undefined) return ALWAYS
  if (person.principal === undefined) return 'unknown'
  return longest(list.find(person))
}

/** One hit in every list: a certain miss outweighs a doubt, a doubt outweighs a hit, and the first list to run out ends it. */
const all = (a: Hit, b: Hit): Hit => {
  if (a === 'no' || b === 'no') return 'no'
  if (a === 'unknown' || b === 'unknown') return 'unknown'
  return { until: Math.min(a.until, b.until), by: b.by ?? a.by }
}

/** Resolves a selector in two steps, each done once: for an endpoint, then for a person on it. */
export const resolveSelector = (selector: Selector, bare: BareField) => {
  const users = selector.users === undefined ? undefined : createUserList(selector.users, bare)
  return (place: Location) => {
    const here = all(hitsPlace(selector.endpoints, place.endpointId), hitsPlace(selector.regions, place.region))
    return (person: Person): Hit => (here === 'no' ? 'no' : all(here, hitsUsers(users, person)))
  }
}
