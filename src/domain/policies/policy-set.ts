import type { Connection } from '../connection.ts'
import type { DoorFacts } from '../door/door-facts.ts'
import { doorHitsOf } from '../names/door-pattern.ts'
import { type DoorKey, lackOfDoor } from '../names/door-selector.ts'
import type { AnyEntry, Hit } from '../names/hit.ts'
import type { Location } from '../names/location.ts'
import { hitsPlace, hitsPrincipal, hitsUsers, lackOfPlace } from '../names/selector.ts'
import { type Principal, principalNamesOf, type UserEntry } from '../names/user-list.ts'
import { NEVER } from '../time/instant.ts'
import { ALL_TIME, type Periods, union } from '../time/period.ts'
import { createNearMisses, type NearMiss } from './near-misses.ts'
import { EVERYBODY, type Judge, type Policy, type TakeNote } from './policy.ts'
import { createUserLists, type Named } from './user-lists.ts'

/**
 * The relation of one policy to principals on one endpoint: all facts that do not depend on the connection. Principals whom
 * the same entries name share it.
 */
export interface Applicability {
  readonly policy: Policy
  /** Whether the door asks, where the facts of a request are known. */
  readonly isAtTheDoor: boolean
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
  /** Whether the policy applies at every instant. */
  readonly isConstant: boolean
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

/** The relation of those policies that read byte counters, which each snapshot brings anew, or of all others. */
export interface RelationPart {
  readonly applicabilities: readonly Applicability[]
  /** Those of policies that count the connections of a principal together. */
  readonly counting: readonly Applicability[]
  /** Whether a policy has a cooldown, so that its verdicts depend on earlier terminations. */
  readonly onTerminations: boolean
}

/** The relation of all policies to principals whom the same entries name. */
export interface Relation {
  /** The policies that match or may match, in their order. */
  readonly applicabilities: readonly Applicability[]
  readonly countersAside: RelationPart
  /** Undefined if no policy that matches reads byte counters. */
  readonly onCounters: RelationPart | undefined
  /** When `protect` names the principal, so that no policy ends its connections. */
  readonly protectedIn: Periods
}

/** All policies of one configuration, resolved once per endpoint for all principals whom the same entries name. */
export interface PolicySet {
  readonly policies: readonly Policy[]
  readonly protectedUsers: readonly UserEntry[]
  /** `principal`: the folded names of the connection, if they are known. */
  relations(location: Location): (connection: Connection, principal?: Principal) => Relation
  /** The applicabilities of the policies that match or may match, in the order of `policies`. */
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
  /** The entries that miss a principal by little. */
  nearMisses(location: Location): (principal: Principal) => readonly NearMiss[]
  /** The indexing of these entries, in steps of some microseconds. What is left of it is done when it is first needed. */
  readonly indexing: { left(): number; advance(steps: number): void }
}

/** How many principals are cached per endpoint before the cache is cleared: twice the largest endpoint of AWS. */
const REMEMBERED = 252_000

/** How many different names and tags of one endpoint are cached: those of now, and those that the guard compares with. */
const REMEMBERED_FACTS = 4

export const createPolicySet = (policies: readonly Policy[], protectedUsers: readonly UserEntry[]): PolicySet => {
  const lists = createUserLists(policies, protectedUsers)
  const resolvers = lists.ofPolicies.map(({ policy, ...ofPolicy }) => ({
    policy,
    ...ofPolicy,
    inForceIn: inForce(policy),
    judgeOf: policy.kind.judge(policy.rule, policy.name),
    takeNote: policy.kind.note?.(policy.rule),
  }))

  const resolve = (location: Location, everything: boolean) => {
    const here = resolvers.map((resolver) => ({
      ...resolver,
      matchesPlace: hitsPlace(resolver.policy.match, location),
      exemptsPlace: hitsPlace(resolver.policy.exempt, location),
      placeLacks: lackOfPlace(resolver.policy.match, location) ?? lackOfPlace(resolver.policy.exempt, location),
    }))
    return (principal: Principal, named: Named): Relation => {
      const protection = protectedUsers.length === 0 ? 'no' : hitsUsers(protectedUsers, principal, named(lists.protect))
      const isAtTheDoor = principal.door !== undefined
      const applicabilities: Applicability[] = []
      for (const { policy, users, match, exempt, inForceIn, judgeOf, takeNote, ...place } of here) {
        const matched = hitsPrincipal(policy.match ?? EVERYBODY, place.matchesPlace, principal, named(match))
        if (matched === 'no' && !everything) continue
        const exemption =
          policy.exempt === undefined
            ? 'no'
            : hitsPrincipal(policy.exempt, place.exemptsPlace, principal, named(exempt))
        const nameless = policy.kind.namesUsers && principal.name === undefined
        const doubt = matched === 'unknown' || exemption === 'unknown' || protection === 'unknown' || nameless
        const matchedIn = typeof matched === 'object' ? matched.periods : ALL_TIME
        const exemptions = exemptionsBy(protection, exemption)
        const exemptIn = exemptions.length === 0 ? NO_TIME : union(exemptions.flatMap(({ periods }) => periods))
        applicabilities.push({
          policy,
          isAtTheDoor,
          matched: matched === 'no' ? 'no' : doubt ? 'unknown' : 'yes',
          selectorLacks: place.placeLacks ?? doorLacks(policy, matched, exemption, principal),
          inForceIn,
          matchedIn,
          exemptIn,
          exemptions,
          isTimed: inForceIn !== ALL_TIME || matchedIn !== ALL_TIME || exemptIn.some(({ from }) => from !== -NEVER),
          isConstant:
            matched !== 'no' && !doubt && inForceIn === ALL_TIME && matchedIn === ALL_TIME && exemptIn.length === 0,
          judge: judgeOf(named(users)),
          takeNote,
        })
      }
      const readsCounters = ({ policy }: Applicability) => policy.kind.facts === 'counters'
      const onCounters = applicabilities.filter(readsCounters)
      return {
        applicabilities,
        countersAside: partOf(applicabilities.filter((one) => !readsCounters(one))),
        onCounters: onCounters.length === 0 ? undefined : partOf(onCounters),
        protectedIn: periodsIn(protection),
      }
    }
  }

  const nearMisses = createNearMisses(lists)

  /** By endpoint, then by its name and tags. */
  const known = new Map<string, Map<string, ReturnType<PolicySet['relations']>>>()

  const relations = (location: Location) => {
    const { region, endpointId, name, tags } = location
    const key = JSON.stringify([region, endpointId])
    const ofEndpoint = known.get(key) ?? new Map<string, ReturnType<PolicySet['relations']>>()
    known.set(key, ofEndpoint)
    const facts = JSON.stringify([name, tags && [...tags]])
    const found = ofEndpoint.get(facts) ?? remember(() => lists.shared(resolve(location, false)))
    // The order of the map is that of the last use.
    ofEndpoint.delete(facts)
    ofEndpoint.set(facts, found)
    const [oldest] = ofEndpoint.keys()
    if (ofEndpoint.size > REMEMBERED_FACTS && oldest !== undefined) ofEndpoint.delete(oldest)
    return found
  }

  /** The applicabilities of all policies. Nothing is remembered. */
  const everyApplicabilityOf = (location: Location) => {
    const resolveHere = resolve(location, true)
    return (principal: Principal) => resolveHere(principal, lists.naming(principal)).applicabilities
  }

  return {
    policies,
    protectedUsers,
    relations,
    applicabilities: (location) => {
      const relationOf = relations(location)
      return (connection) => relationOf(connection).applicabilities
    },
    everyApplicability: (location) => {
      const applicabilitiesOf = everyApplicabilityOf(location)
      return (connection) => applicabilitiesOf(principalNamesOf(connection))
    },
    atTheDoor: (location) => {
      const applicabilitiesOf = everyApplicabilityOf(location)
      return (names, facts) => applicabilitiesOf({ ...principalNamesOf(names), door: doorHitsOf(facts) })
    },
    nearMisses: nearMisses.at,
    indexing: nearMisses.indexing,
  }
}

const partOf = (applicabilities: readonly Applicability[]): RelationPart => ({
  applicabilities,
  counting: applicabilities.filter(({ policy }) => policy.kind.counting !== undefined),
  onTerminations: applicabilities.some(({ policy }) => policy.cooldownMs > 0),
})

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
const remember = <Value>(createFinder: () => (principal: Principal) => Value) => {
  let find = createFinder()
  /** By the one name of a principal that has it as user name and as common name, or by both names. */
  const alike = new Map<string | undefined, Value>()
  const different = new Map<string, Value>()
  return ({ username, commonName }: Connection, principal?: Principal): Value => {
    // A name may hold any character. The two lengths tell where the first name ends; a missing name has none.
    const names = username === commonName ? '' : `${username?.length} ${commonName?.length} ${username}${commonName}`
    const found = username === commonName ? alike.get(username) : different.get(names)
    if (found !== undefined) return found
    if (alike.size + different.size >= REMEMBERED) {
      alike.clear()
      different.clear()
      find = createFinder()
    }
    const value = find(principal ?? principalNamesOf({ username, commonName }))
    if (username === commonName) alike.set(username, value)
    else different.set(names, value)
    return value
  }
}
