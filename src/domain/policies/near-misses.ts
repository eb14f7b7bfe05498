import { type Connection, principalKeyOf } from '../connection.ts'
import type { Location } from '../names/location.ts'
import { createNearMissIndex, type ListedEntry } from '../names/near-miss-index.ts'
import { hitsPlace, hitsPrincipal, hitsUsers } from '../names/selector.ts'
import { type Principal, principalNamesOf } from '../names/user-list.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { EVERYBODY, type Policy } from './policy.ts'
import type { ListOfUsers, ListOwner, Named, UserLists } from './user-lists.ts'

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

/**
 * The near misses of a principal at any time, where neither `exempt` nor `protect` names it. The index is made when it is first
 * needed.
 */
export const createNearMisses = ({ all, protect, ofPolicies, naming }: UserLists) => {
  let made: ReturnType<typeof createNearMissIndex<ListOwner>> | undefined
  const index = () => {
    made ??= createNearMissIndex(all)
    return made
  }
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

  const at = (location: Location) => {
    /** Whether an entry of a list of the policy would make a difference to a principal: whether only the entry is missing. */
    const counts = new Map(
      ofPolicies.map(({ policy, ...lists }) => {
        const matchesPlace = hitsPlace(policy.match, location)
        const exemptsPlace = hitsPlace(policy.exempt, location)
        const counts = (list: ListOfUsers, principal: Principal, named: Named): boolean => {
          const { match = EVERYBODY, exempt } = policy
          const exemption = exempt && hitsPrincipal(exempt, exemptsPlace, principal, named(lists.exempt))
          if (typeof exemption === 'object') return false
          if (list === 'match') return matchesPlace !== 'no'
          const matched = hitsPrincipal(match, matchesPlace, principal, named(lists.match))
          return matched !== 'no' && (list !== 'exempt' || exemptsPlace !== 'no')
        }
        return [policy, counts] as const
      }),
    )
    return (principal: Principal): readonly NearMiss[] => {
      const found = index().find(principal)
      if (found.length === 0) return NONE
      const named = naming(principal)
      if (typeof hitsUsers(protect.entries, principal, named(protect)) === 'object') return NONE
      return found
        .filter(({ list }) => named(list).length === 0)
        .map(nearMissOf)
        .filter(({ policy, list }) => policy === undefined || counts.get(policy)?.(list, principal, named) === true)
    }
  }

  return { at, indexing: { left: () => index().left(), advance: (count: number) => index().advance(count) } }
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
