import type { Connection } from '../connection.ts'
import { ALWAYS, type Hit, type Location, resolveSelector } from '../names/selector.ts'
import { createUserList, type Person, personOf, type UserEntry } from '../names/user-list.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import type { Judge, Policy, TakeNote } from './policy.ts'

/** How one policy stands to one person on one endpoint: everything that does not depend on the connection. */
export interface Standing {
  readonly policy: Policy
  readonly person: Person
  readonly matched: 'yes' | 'no' | 'unknown'
  /** Exempt, or protected, before this instant. */
  readonly exemptUntil: Instant
  /** Which entry exempts, of the policy or of `protect`; none where only the endpoint or the Region does. */
  readonly exemptBy: { readonly entry: UserEntry | undefined; readonly isProtection: boolean } | undefined
  readonly judge: Judge
  /** What to keep of the connection from snapshot to snapshot; undefined where the policy keeps nothing. */
  readonly takeNote: TakeNote | undefined
  /** The entry of the policy that names the person in part only. */
  readonly nearMiss: string | undefined
}

/** All policies of one configuration, resolved once per endpoint and person. */
export interface PolicySet {
  readonly policies: readonly Policy[]
  readonly protectedUsers: readonly UserEntry[]
  /** The standings of the policies that match, or may, in the order of `policies`; each person is resolved once. */
  standings(place: Location): (connection: Connection) => readonly Standing[]
  /** Of every policy, for those who ask. */
  everyStanding(place: Location): (connection: Connection) => readonly Standing[]
  /** Whether `protect` names the person: then no policy ends their connections. */
  isProtected(place: Location): (connection: Connection) => boolean
}

/** How many people are remembered per endpoint before the memory starts anew: twice the largest endpoint AWS offers. */
const REMEMBERED = 252_000

/** Of the policies whose `match` names users, those that name the person: all lists at once, as most of many policies are for others. */
const createNamedBy = (policies: readonly Policy[]) => {
  const owners = new Map<UserEntry, Policy>()
  for (const policy of policies) {
    // A group's entries may stand in several lists.
    for (const entry of policy.match?.users ?? []) owners.set({ ...entry }, policy)
  }
  const list = createUserList([...owners.keys()], 'either')
  return (person: Person): ReadonlySet<Policy | undefined> =>
    new Set(list.find(person).map((entry) => owners.get(entry)))
}

export const createPolicySet = (policies: readonly Policy[], protectedUsers: readonly UserEntry[]): PolicySet => {
  const protect = resolveSelector(
    { users: protectedUsers.length > 0 ? protectedUsers : undefined, endpoints: undefined, regions: undefined },
    'principal',
  )
  const resolvers = policies.map((policy) => ({
    policy,
    match: policy.match && resolveSelector(policy.match, 'either'),
    exempt: policy.exempt && resolveSelector(policy.exempt, 'principal'),
    judgeOf: policy.kind.judge(policy.rule, policy.name),
    takeNote: policy.kind.note?.(policy.rule),
    nearMissOf: policy.kind.nearMiss?.(policy.rule),
  }))

  const namedBy = createNamedBy(policies)

  const resolve = (place: Location, everything: boolean) => {
    const protectHere = protect(place)
    const here = resolvers.map(({ policy, match, exempt, judgeOf, takeNote, nearMissOf }) => ({
      policy,
      match: match?.(place),
      exempt: exempt?.(place),
      judgeOf,
      takeNote,
      nearMissOf,
    }))
    return (person: Person): readonly Standing[] => {
      const protection = protectedUsers.length > 0 ? protectHere(person) : 'no'
      const naming = namedBy(person)
      // Who has no name is in doubt to all of them.
      const passesOver = ({ match }: Policy) =>
        !everything && person.principal !== undefined && match?.users !== undefined
      return here.flatMap(({ policy, match, exempt, judgeOf, takeNote, nearMissOf }): readonly Standing[] => {
        if (passesOver(policy) && !naming.has(policy)) return []
        const matched = match?.(person) ?? ALWAYS
        if (matched === 'no' && !everything) return []
        const exemption = exempt?.(person) ?? 'no'
        const nameless = policy.kind.namesUsers && person.principal === undefined
        const doubt = matched === 'unknown' || exemption === 'unknown' || protection === 'unknown' || nameless
        const until = (hit: Hit) => (typeof hit === 'object' ? hit.until : -NEVER)
        const isProtection = until(protection) >= until(exemption)
        const freed = isProtection ? protection : exemption
        const standing: Standing = {
          policy,
          person,
          matched: matched === 'no' ? 'no' : doubt ? 'unknown' : 'yes',
          exemptUntil: until(freed),
          exemptBy: typeof freed === 'object' ? { entry: freed.by, isProtection } : undefined,
          judge: judgeOf(person),
          takeNote,
          nearMiss: nearMissOf?.(person),
        }
        return [standing]
      })
    }
  }

  const known = new Map<string, ReturnType<PolicySet['standings']>>()

  return {
    policies,
    protectedUsers,
    standings(place) {
      const key = `${place.region} ${place.endpointId}`
      const found = known.get(key) ?? remember(resolve(place, false))
      known.set(key, found)
      return found
    },
    everyStanding: (place) => {
      const resolveHere = resolve(place, true)
      return (connection) => resolveHere(personOf(connection))
    },
    isProtected: (place) => {
      if (protectedUsers.length === 0) return () => false
      const protectHere = protect(place)
      return remember((person) => typeof protectHere(person) === 'object')
    },
  }
}

/** Two people are one if both their names are spelled alike. */
const remember = <Value>(resolve: (person: Person) => Value) => {
  const known = new Map<string, Value>()
  return (connection: Connection): Value => {
    const key = `${connection.username ?? ''}\n${connection.commonName ?? ''}`
    const found = known.get(key)
    if (found !== undefined) return found
    if (known.size >= REMEMBERED) known.clear()
    const value = resolve(personOf(connection))
    known.set(key, value)
    return value
  }
}
