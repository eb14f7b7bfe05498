import type { Selector } from '../policies/policy.ts'
import { hitsDoor } from './door-selector.ts'
import { type EndpointEntry, hitsEndpoint, readsOf } from './endpoint-pattern.ts'
import { fold } from './fold.ts'
import { ALWAYS, all, type Hit, hitAmong, hitOf } from './hit.ts'
import type { Location } from './location.ts'
import { hits } from './pattern.ts'
import { type BareField, createUserList, type Principal, type UserEntry } from './user-list.ts'

const hitsRegions = (entries: readonly UserEntry[] | undefined, { region }: Location): Hit => {
  if (entries === undefined) return ALWAYS
  if (region === undefined) return 'unknown'
  return hitOf(entries.filter((entry) => hits(entry.pattern, fold(region))))
}

const hitsEndpoints = (entries: readonly EndpointEntry[] | undefined, location: Location): Hit => {
  if (entries === undefined) return ALWAYS
  return hitAmong(entries, ({ pattern }) => hitsEndpoint(pattern, location))
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

/** Whether a list of users matches a principal whom these of its entries name. A list that is absent matches. */
export const hitsUsers = (
  list: readonly UserEntry[] | undefined,
  principal: Principal,
  named: readonly UserEntry[],
): Hit => {
  if (list === undefined) return ALWAYS
  if (principal.name === undefined) return 'unknown'
  return named.length === 0 ? 'no' : hitOf(named)
}

/** Whether a selector matches a principal. `here`: whether it matches the place. `named`: its entries that name the principal. */
export const hitsPrincipal = (
  { users, door }: Pick<Selector, 'users' | 'door'>,
  here: Hit,
  principal: Principal,
  named: readonly UserEntry[],
): Hit => {
  if (here === 'no') return 'no'
  const hit = all(here, hitsUsers(users, principal, named))
  return door === undefined ? hit : all(hit, hitsDoor(door, principal.door))
}

/** Resolves a selector in two steps, so that each is done once: first for an endpoint, then for a principal on it. */
export const resolveSelector = (selector: Selector, bare: BareField) => {
  const users = createUserList(selector.users ?? [], bare)
  return (location: Location) => {
    const here = hitsPlace(selector, location)
    return (principal: Principal): Hit => hitsPrincipal(selector, here, principal, users.find(principal))
  }
}
