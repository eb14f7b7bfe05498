import { type Connection, principalKeyOf } from '../connection.ts'
import type { Location } from '../names/location.ts'
import { createNearMissIndex, type OwnedList } from '../names/near-miss-index.ts'
import { hitsPlace, resolveSelector } from '../names/selector.ts'
import { type Principal, principalNamesOf, type UserEntry } from '../names/user-list.ts'
import type { Policy, Selector } from './policy.ts'

/** Where an entry stands: in the rule of a policy, in one of its selectors, or in `protect`. */
export type ListOfUsers = 'users' | 'match' | 'exempt' | 'protect'

/** An entry of a list of users that does not match a connection, but resembles one of its names. */
export interface NearMiss {
  /** Undefined for `protect`. */
  readonly policy: Policy | undefined
  readonly list: ListOfUsers
  /** As the operator wrote it. */
  readonly entry: string
}

/** A near miss of one connection. */
export interface ConnectionNearMiss extends NearMiss {
  readonly connection: Connection
}

type Owner = Pick<NearMiss, 'policy' | 'list'>

const listsOf = (policies: readonly Policy[], protectedUsers: readonly UserEntry[]): OwnedList<Owner>[] => [
  { owner: { policy: undefined, list: 'protect' }, entries: protectedUsers, bare: 'principal' },
  ...policies.flatMap((policy): OwnedList<Owner>[] => [
    { owner: { policy, list: 'users' }, entries: policy.kind.names?.(policy.rule) ?? [], bare: 'either' },
    { owner: { policy, list: 'match' }, entries: policy.match?.users ?? [], bare: 'either' },
    { owner: { policy, list: 'exempt' }, entries: policy.exempt?.users ?? [], bare: 'principal' },
  ]),
]

const NO_SELECTOR: Selector = { users: undefined, endpoints: undefined, regions: undefined }

/** Whether an entry of a list of the policy would make a difference to a principal: whether only the entry is missing. */
const createCounts = ({ match = NO_SELECTOR, exempt }: Policy, location: Location) => {
  const matches = resolveSelector(match, 'either')(location)
  const exempts = exempt && resolveSelector(exempt, 'principal')(location)
  return (list: ListOfUsers, principal: Principal): boolean => {
    if (typeof exempts?.(principal) === 'object') return false
    if (list === 'match') return hitsPlace(match, location) !== 'no'
    return matches(principal) !== 'no' && (list !== 'exempt' || hitsPlace(exempt, location) !== 'no')
  }
}

/**
 * The near misses of a connection, where neither `exempt` nor `protect` names it. The index is made when it is first
 * needed.
 */
export const createNearMisses = (policies: readonly Policy[], protectedUsers: readonly UserEntry[]) => {
  let index: ReturnType<typeof createNearMissIndex<Owner>> | undefined
  const protect = resolveSelector({ ...NO_SELECTOR, users: protectedUsers }, 'principal')

  return (location: Location) => {
    const isProtected = protect(location)
    const counts = new Map<Policy, ReturnType<typeof createCounts>>()
    const countsFor = (policy: Policy) => {
      const known = counts.get(policy) ?? createCounts(policy, location)
      counts.set(policy, known)
      return known
    }
    return (connection: Connection): readonly ConnectionNearMiss[] => {
      const principal = principalNamesOf(connection)
      index ??= createNearMissIndex(listsOf(policies, protectedUsers))
      const found = index.find(principal)
      if (found.length === 0 || typeof isProtected(principal) === 'object') return NONE
      return found.flatMap(({ owner: { policy, list }, entry }) =>
        policy === undefined || countsFor(policy)(list, principal) ? [{ policy, list, entry, connection }] : [],
      )
    }
  }
}

const NONE: readonly never[] = []

/** An entry that resembles connected users, and how many. */
export interface NearMissOfEntry extends NearMiss {
  readonly users: number
  /** A connection of one of them. */
  readonly example: Connection
}

/** One for each entry, however many users it resembles. */
export const nearMissesByEntry = (nearMisses: readonly ConnectionNearMiss[]): readonly NearMissOfEntry[] => {
  const entries = new Map<string, { readonly first: ConnectionNearMiss; readonly users: Set<string | undefined> }>()
  for (const nearMiss of nearMisses) {
    const user = principalKeyOf(principalNamesOf(nearMiss.connection))
    const key = nearMissKey(nearMiss)
    const known = entries.get(key)
    if (known === undefined) entries.set(key, { first: nearMiss, users: new Set([user]) })
    else known.users.add(user)
  }
  return [...entries.values()].map(({ first: { policy, list, entry, connection }, users }) => ({
    policy,
    list,
    entry,
    users: users.size,
    example: connection,
  }))
}

/** A near miss is reported once for each entry. */
export const nearMissKey = ({ policy, list, entry }: NearMiss): string => JSON.stringify([policy?.name, list, entry])
