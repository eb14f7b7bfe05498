import { type Instant, NEVER } from './instant.ts'
import { fold, hits } from './pattern.ts'
import type { Selector } from './policy.ts'
import { type BareField, createUserList, type Person, type UserEntry, type UserList } from './user-list.ts'

/** Where a connection is; the same for all connections of an endpoint. */
export interface Place {
  readonly endpointId: string
  readonly region: string
}

/** Whether a selector's entries hit: not, or until when; `unknown` where users are named and the connection has no principal. */
export type Hit = { readonly until: Instant } | 'no' | 'unknown'

/** Always true: nothing was asked. */
const ALWAYS: Hit = { until: NEVER }

const latest = (entries: readonly UserEntry[]): Instant =>
  entries.reduce((until, entry) => Math.max(until, entry.until ?? NEVER), -NEVER)

const hitsPlace = (entries: readonly UserEntry[] | undefined, name: string): Hit => {
  if (entries === undefined) return ALWAYS
  const found = entries.filter((entry) => hits(entry.pattern, fold(name)))
  return found.length === 0 ? 'no' : { until: latest(found) }
}

const hitsUsers = (list: UserList | undefined, person: Person): Hit => {
  if (list === undefined) return ALWAYS
  if (person.principal === undefined) return 'unknown'
  const found = list.find(person)
  return found.length === 0 ? 'no' : { until: latest(found) }
}

/** One hit in every list: a certain miss outweighs a doubt, a doubt outweighs a hit, and the first list to run out ends it. */
const all = (a: Hit, b: Hit): Hit => {
  if (a === 'no' || b === 'no') return 'no'
  if (a === 'unknown' || b === 'unknown') return 'unknown'
  return a.until <= b.until ? a : b
}

/** Resolves a selector in two steps, each done once: for an endpoint, then for a person on it. */
export const resolveSelector = (selector: Selector, bare: BareField) => {
  const users = selector.users === undefined ? undefined : createUserList(selector.users, bare)
  return (place: Place) => {
    const here = all(hitsPlace(selector.endpoints, place.endpointId), hitsPlace(selector.regions, place.region))
    return (person: Person): Hit => (here === 'no' ? 'no' : all(here, hitsUsers(users, person)))
  }
}
