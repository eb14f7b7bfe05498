import type { OwnedList } from '../names/near-miss-index.ts'
import { type BareField, createUserList, type Principal, type UserEntry } from '../names/user-list.ts'
import type { Policy } from './policy.ts'

/** Where an entry stands: in the rule of a policy, in one of its selectors, or in `protect`. */
export type ListOfUsers = 'users' | 'match' | 'exempt' | 'protect'

/** The owner of a list of users. */
export interface ListOwner {
  /** Undefined for `protect`. */
  readonly policy: Policy | undefined
  readonly list: ListOfUsers
}

type ListOfSet = OwnedList<ListOwner>

const BARE: Readonly<Record<ListOfUsers, BareField>> = {
  users: 'either',
  match: 'either',
  exempt: 'principal',
  protect: 'principal',
}

const listOf = (policy: Policy | undefined, list: ListOfUsers, entries: readonly UserEntry[]): ListOfSet => ({
  owner: { policy, list },
  entries,
  bare: BARE[list],
})

/** The entries that name a principal, by their list. */
export type Named = (list: ListOfSet) => readonly UserEntry[]

/** An entry, with its list. */
interface Listed extends Pick<UserEntry, 'pattern'> {
  readonly list: ListOfSet
  readonly entry: UserEntry
  /** Entries with one mark make no difference to the policies, whichever of them names a principal. Undefined: it has none. */
  readonly mark: object | undefined
}

/**
 * Adds the entries of a list. Only the time of an entry of `match` matters, so that the thousands of members of a group have
 * one mark.
 */
const addListed = (list: ListOfSet, listed: Listed[]): void => {
  const marks = new Map<string, object>()
  const markOf = ({ from, until }: UserEntry): object | undefined => {
    if (list.owner.list !== 'match') return undefined
    const time = `${from} ${until}`
    const mark = marks.get(time) ?? {}
    marks.set(time, mark)
    return mark
  }
  for (const entry of list.entries) listed.push({ pattern: entry.pattern, list, entry, mark: markOf(entry) })
}

/** The values of principals, by the marks of the entries that name them. */
interface Shared<Value> {
  value: Value | undefined
  readonly byNextMark: Map<object, Shared<Value>>
}

/** All lists of users of a policy set. They are searched together, because most entries name other principals. */
export const createUserLists = (policies: readonly Policy[], protectedUsers: readonly UserEntry[]) => {
  const ofPolicies = policies.map((policy) => ({
    policy,
    users: listOf(policy, 'users', policy.kind.names === undefined ? [] : policy.kind.names(policy.rule)),
    match: listOf(policy, 'match', policy.match?.users ?? []),
    exempt: listOf(policy, 'exempt', policy.exempt?.users ?? []),
  }))
  const protect = listOf(undefined, 'protect', protectedUsers)
  const all = [protect, ...ofPolicies.flatMap(({ users, match, exempt }) => [users, match, exempt])]
  const searchedFor = (bare: BareField) => {
    const listed: Listed[] = []
    for (const list of all) if (list.bare === bare) addListed(list, listed)
    return createUserList(listed, bare)
  }
  const byEither = searchedFor('either')
  const byPrincipal = searchedFor('principal')

  const find = (principal: Principal): readonly Listed[] => {
    const found = byEither.find(principal)
    const others = byPrincipal.find(principal)
    return others.length === 0 ? found : [...found, ...others]
  }

  return {
    all,
    protect,
    /** In the order of the policies. */
    ofPolicies,

    /** The entries that name a principal. */
    naming: (principal: Principal): Named => byList(find(principal)),

    /** Makes one value for all principals whom entries with the same marks name. */
    shared<Value>(make: (principal: Principal, named: Named) => Value): (principal: Principal) => Value {
      const named: Shared<Value> = { value: undefined, byNextMark: new Map() }
      const nameless: Shared<Value> = { value: undefined, byNextMark: new Map() }
      return (principal) => {
        const found = find(principal)
        let shared = principal.name === undefined ? nameless : named
        for (const listed of found) {
          const mark = listed.mark ?? listed
          const next = shared.byNextMark.get(mark) ?? { value: undefined, byNextMark: new Map() }
          shared.byNextMark.set(mark, next)
          shared = next
        }
        return (shared.value ??= make(principal, byList(found)))
      }
    },
  }
}

export type UserLists = ReturnType<typeof createUserLists>

const byList = (found: readonly Listed[]): Named => {
  const named = new Map<ListOfSet, UserEntry[]>()
  for (const { list, entry } of found) if (named.get(list)?.push(entry) === undefined) named.set(list, [entry])
  return (list) => named.get(list) ?? NOBODY
}

const NOBODY: readonly never[] = []
