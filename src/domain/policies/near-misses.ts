import { type Connection, principalKeyOf } from '../connection.ts'
import type { Location } from '../names/location.ts'
import { createNearMissIndex, type ListedEntry, type OwnedList } from '../names/near-miss-index.ts'
import { hitsPlace, resolveSelector } from '../names/selector.ts'
import { type Principal, principalNamesOf, type UserEntry } from '../names/user-list.ts'
import { type Instant, NEVER } from '../time/instant.ts'
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
  /** When the entry or its policy is over, so that the near miss makes no difference. */
  readonly until: Instant
}

/** A list of users, and its policy. */
export type ListOwner = Pick<NearMiss, 'policy' | 'list'>

const listsOf = (policies: readonly Policy[], protectedUsers: readonly UserEntry[]): OwnedList<ListOwner>[] => [
  { owner: { policy: undefined, list: 'protect' }, entries: protectedUsers, bare: 'principal' },
  ...policies.flatMap((policy): OwnedList<ListOwner>[] => [
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
 * The near misses of a connection at any time, where neither `exempt` nor `protect` names it. The index is made when it is first
 * needed.
 */
export const createNearMisses = (policies: readonly Policy[], protectedUsers: readonly UserEntry[]) => {
  let index: ReturnType<typeof createNearMissIndex<ListOwner>> | undefined
  /** One for each entry, so that the connections of an entry are counted without a comparison of texts. */
  const known = new Map<ListedEntry<ListOwner>, NearMiss>()
  const nearMissOf = (listed: ListedEntry<ListOwner>): NearMiss => {
    const found = known.get(listed)
    if (found !== undefined) return found
    const { list, entry } = listed
    const until = Math.min(entry.until ?? NEVER, list.owner.policy?.until ?? NEVER)
    const nearMiss = { ...list.owner, entry: entry.pattern.source, until }
    known.set(listed, nearMiss)
    return nearMiss
  }
  const protect = resolveSelector({ ...NO_SELECTOR, users: protectedUsers }, 'principal')

  return (location: Location) => {
    const isProtected = protect(location)
    const counts = new Map<Policy, ReturnType<typeof createCounts>>()
    const countsFor = (policy: Policy) => {
      const known = counts.get(policy) ?? createCounts(policy, location)
      counts.set(policy, known)
      return known
    }
    return (connection: Connection): readonly NearMiss[] => {
      const principal = principalNamesOf(connection)
      index ??= createNearMissIndex(listsOf(policies, protectedUsers))
      const found = index.find(principal)
      if (found.length === 0 || typeof isProtected(principal) === 'object') return NONE
      return found
        .map(nearMissOf)
        .filter(({ policy, list }) => policy === undefined || countsFor(policy)(list, principal))
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

/** The connections whose names an entry resembles. There is always one. */
export type Resembled = readonly [Connection, ...Connection[]]

export const nearMissOfEntry = (nearMiss: NearMiss, resembled: Resembled): NearMissOfEntry => {
  const users = new Set(resembled.map((connection) => principalKeyOf(principalNamesOf(connection))))
  return { ...nearMiss, users: users.size, example: resembled[0] }
}

export const listKey = ({ policy, list }: ListOwner): string => JSON.stringify([policy?.name, list])

/**
 * The entries of a list that were reported as near misses; `enough` once the number of the others was reported, so that
 * nothing more is.
 */
export type ReportedEntries = ReadonlySet<string> | 'enough'
