import type { Connection } from '../connection.ts'
import type { DoorFacts } from '../door/door-facts.ts'
import { doorHitsOf } from '../names/door-pattern.ts'
import { type DoorKey, lackOfDoor } from '../names/door-selector.ts'
import { ALWAYS, type AnyEntry, type Hit } from '../names/hit.ts'
import type { Location } from '../names/location.ts'
import { lackOfPlace, resolveSelector } from '../names/selector.ts'
import { createUserList, type Principal, principalNamesOf, type UserEntry } from '../names/user-list.ts'
import { NEVER } from '../time/instant.ts'
import { ALL_TIME, type Periods, union } from '../time/period.ts'
import { createNearMisses, type NearMiss } from './near-misses.ts'
import type { Judge, Policy, TakeNote } from './policy.ts'

/** The relation of one policy to one principal on one endpoint: all facts that do not depend on the connection. */
export interface Applicability {
  readonly policy: Policy
  readonly principal: Principal
  readonly matched: 'yes' | 'no' | 'unknown'
  /**
   * The fact that a selector reads and that is not known. Of the endpoint: AWS has not listed its tags yet, of which one may
   * be its name. Of the door: `door` if it is not the door that asks, so that none is known.
   */
  readonly selectorLacks: 'tags' | 'name' | 'Region' | 'door' | DoorKey | undefined
  /** When the policy is in force. */
  readonly inForceIn: Periods
  /** When it is matched. Entries of a group may begin and end. */
  readonly matchedIn: Periods
  /** When it is exempt or protected. */
  readonly exemptIn: Periods
  /** The exempting lists: `protect`, `exempt` or both. */
  readonly exemptions: readonly Exemption[]
  /** Whether the policy, a match or an exemption begins some time, or the policy or a match ends. */
  readonly isTimed: boolean
  readonly judge: Judge
  /** Makes the note of the connection; undefined if the policy keeps no notes. */
  readonly takeNote: TakeNote | undefined
}

/** An exemption of a principal by `protect` or by the policy's own `exempt`. */
export interface Exemption {
  readonly isProtection: boolean
  readonly periods: Periods
  /** Empty if only the endpoint or the Region is exempt. */
  readonly entries: readonly AnyEntry[]
}

/** All policies of one configuration, resolved once per endpoint and principal. */
export interface PolicySet {
  readonly policies: readonly Policy[]
  readonly protectedUsers: readonly UserEntry[]
  /**
   * The applicabilities of the policies that match or may match, in the order of `policies`. Each principal is resolved
   * once.
   */
  applicabilities(location: Location): (connection: Connection) => readonly Applicability[]
  /** The applicabilities of all policies, including those that do not match. */
  everyApplicability(location: Location): (connection: Connection) => readonly Applicability[]
  /**
   * The same at the door, where more facts are known. Nothing of it is remembered: a connect handler lives for hours, and
   * its requests name whatever they like.
   */
  atTheDoor(
    location: Location,
  ): (names: Pick<Connection, 'username' | 'commonName'>, facts: DoorFacts) => readonly Applicability[]
  /** The entries that miss a connection by little. */
  nearMisses(location: Location): (connection: Connection) => readonly NearMiss[]
  /** When `protect` names the principal, so that no policy ends its connections. */
  protectedIn(location: Location): (connection: Connection) => Periods
}

/** How many principals are cached per endpoint before the cache is cleared: twice the largest endpoint of AWS. */
const REMEMBERED = 252_000

/** How many different names and tags of one endpoint are cached: those of now, and those that the guard compares with. */
const REMEMBERED_FACTS = 4

/**
 * Finds the policies whose `match` names the principal. All lists are searched at once, because most of many policies
 * are for other principals.
 */
const createNamedBy = (policies: readonly Policy[]) => {
  const owners = new Map<UserEntry, Policy>()
  for (const policy of policies) {
    // Several lists may contain the same entry of a group.
    for (const entry of policy.match?.users ?? []) owners.set({ ...entry }, policy)
  }
  const list = createUserList([...owners.keys()], 'either')
  return (principal: Principal): ReadonlySet<Policy | undefined> =>
    new Set(list.find(principal).map((entry) => owners.get(entry)))
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
  }))

  const namedBy = createNamedBy(policies)

  const resolve = (location: Location, everything: boolean) => {
    const protectHere = protect(location)
    const here = resolvers.map(({ policy, match, exempt, judgeOf, takeNote }) => ({
      policy,
      match: match?.(location),
      exempt: exempt?.(location),
      placeLacks: lackOfPlace(policy.match, location) ?? lackOfPlace(policy.exempt, location),
      judgeOf,
      takeNote,
    }))
    return (principal: Principal): readonly Applicability[] => {
      const protection = protectedUsers.length > 0 ? protectHere(principal) : 'no'
      const naming = namedBy(principal)
      // A principal without a name may match each of these policies, so that none is skipped.
      const maySkip = ({ match }: Policy) => !everything && principal.name !== undefined && match?.users !== undefined
      return here.flatMap(({ policy, match, exempt, placeLacks, judgeOf, takeNote }): readonly Applicability[] => {
        if (maySkip(policy) && !naming.has(policy)) return []
        const matched = match?.(principal) ?? ALWAYS
        if (matched === 'no' && !everything) return []
        const exemption = exempt?.(principal) ?? 'no'
        const nameless = policy.kind.namesUsers && principal.name === undefined
        const doubt = matched === 'unknown' || exemption === 'unknown' || protection === 'unknown' || nameless
        const matchedIn = typeof matched === 'object' ? matched.periods : ALL_TIME
        const inForceIn = inForce(policy)
        const exemptions = exemptionsBy(protection, exemption)
        const exemptIn = exemptions.length === 0 ? NO_TIME : union(exemptions.flatMap(({ periods }) => periods))
        const applicability: Applicability = {
          policy,
          principal,
          matched: matched === 'no' ? 'no' : doubt ? 'unknown' : 'yes',
          selectorLacks: placeLacks ?? doorLacks(policy, matched, exemption, principal),
          inForceIn,
          matchedIn,
          exemptIn,
          exemptions,
          isTimed: inForceIn !== ALL_TIME || matchedIn !== ALL_TIME || exemptIn.some(({ from }) => from !== -NEVER),
          judge: judgeOf(principal),
          takeNote,
        }
        return [applicability]
      })
    }
  }

  /** By endpoint, then by its name and tags. */
  const known = new Map<string, Map<string, ReturnType<PolicySet['applicabilities']>>>()

  return {
    policies,
    protectedUsers,
    nearMisses: createNearMisses(policies, protectedUsers),
    applicabilities(location) {
      const { region, endpointId, name, tags } = location
      const key = JSON.stringify([region, endpointId])
      const ofEndpoint = known.get(key) ?? new Map<string, ReturnType<PolicySet['applicabilities']>>()
      known.set(key, ofEndpoint)
      const facts = JSON.stringify([name, tags && [...tags]])
      const found = ofEndpoint.get(facts) ?? remember(resolve(location, false))
      // The order of the map is that of the last use.
      ofEndpoint.delete(facts)
      ofEndpoint.set(facts, found)
      const [oldest] = ofEndpoint.keys()
      if (ofEndpoint.size > REMEMBERED_FACTS && oldest !== undefined) ofEndpoint.delete(oldest)
      return found
    },
    everyApplicability: (location) => {
      const resolveHere = resolve(location, true)
      return (connection) => resolveHere(principalNamesOf(connection))
    },
    atTheDoor: (location) => {
      const resolveHere = resolve(location, true)
      return (names, facts) => resolveHere({ ...principalNamesOf(names), door: doorHitsOf(facts) })
    },
    protectedIn: (location) => {
      if (protectedUsers.length === 0) return () => NO_TIME
      const protectHere = protect(location)
      return remember((principal) => periodsIn(protectHere(principal)))
    },
  }
}

/** The fact of the door without which it is not known whether the policy applies. */
const doorLacks = ({ match, exempt }: Policy, matched: Hit, exemption: Hit, { door }: Principal) =>
  (matched === 'unknown' ? lackOfDoor(match?.door, door) : undefined) ??
  (exemption === 'unknown' ? lackOfDoor(exempt?.door, door) : undefined)

const NO_TIME: Periods = []

const inForce = ({ from, until }: Policy): Periods =>
  from === undefined && until === undefined ? ALL_TIME : [{ from: from ?? -NEVER, until: until ?? NEVER }]

const periodsIn = (hit: Hit): Periods => (typeof hit === 'object' ? hit.periods : NO_TIME)

const NO_EXEMPTIONS: readonly Exemption[] = []

const exemptionsBy = (protection: Hit, exemption: Hit): readonly Exemption[] => {
  // On the largest endpoint hundreds of thousands of applicabilities share one empty list.
  if (typeof protection !== 'object' && typeof exemption !== 'object') return NO_EXEMPTIONS
  const by = (hit: Hit, isProtection: boolean) =>
    typeof hit === 'object' ? [{ isProtection, periods: hit.periods, entries: hit.by }] : []
  return [...by(protection, true), ...by(exemption, false)]
}

/** Caches a value per principal. Two connections have the same principal if both names are spelled alike. */
const remember = <Value>(resolve: (principal: Principal) => Value) => {
  const known = new Map<string, Value>()
  return ({ username, commonName }: Connection): Value => {
    // A name may hold any character. The two lengths tell where the first name ends; a missing name has none.
    const key = `${username?.length} ${commonName?.length} ${username}${commonName}`
    const found = known.get(key)
    if (found !== undefined) return found
    if (known.size >= REMEMBERED) known.clear()
    const value = resolve(principalNamesOf({ username, commonName }))
    known.set(key, value)
    return value
  }
}
