import { type Connection, isActive } from '../connection.ts'
import type { Location } from '../names/location.ts'
import { type Principal, principalNamesOf } from '../names/user-list.ts'
import type { Acting, Counted, CountedConnection, History, Policy, Surplus, Tally } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import { type Instant, NEVER, SECOND } from '../time/instant.ts'
import { applicationAt } from './application.ts'
import { type Assessment, groundOf } from './assessment.ts'
import type { Assessments } from './assessments.ts'
import { type Member, surplusAmong } from './surplus.ts'

/** The findings of the policies that count connections together. */
export interface Surpluses {
  readonly of: ReadonlyMap<Policy, Surplus>
  /** Whether a connection is surplus, or it is not known which are. */
  readonly isAny: boolean
  /** The first later instant at which other connections elsewhere may count, if nothing but time passes. */
  readonly until: Instant
}

/** The connections that may count, by policy and key. */
type Candidates = ReadonlyMap<Policy, ReadonlyMap<string, readonly CountedConnection[]>>

const NOBODY: readonly never[] = []

/**
 * The principal under which the policy counts the connection; undefined if it does not count it. Connections that an
 * acting policy of another kind ends regardless are not counted.
 */
const countedAs = (
  { countersAside, onCounters, principal }: Assessment,
  policy: Policy,
  now: Instant,
): Principal | undefined => {
  if (countersAside.endsRegardless || onCounters?.endsRegardless) return undefined
  const applicability = countersAside.counting.find((one) => one.policy === policy)
  return applicability && applicationAt(applicability, now) === 'applies' ? principal : undefined
}

/** When time alone may change whether the connection is counted. */
const holdsUntil = ({ countersAside, onCounters }: Assessment): Instant =>
  Math.min(countersAside.wakeAt, onCounters?.wakeAt ?? NEVER)

const isDated = (connection: Connection): connection is CountedConnection => connection.establishedAt !== undefined

/**
 * Whether the connection was up at an instant, if a snapshot begun then or later shows it. AWS tells whole seconds: a
 * connection of that second may be later.
 */
const wasUpAt =
  (at: Instant) =>
  ({ establishedAt }: CountedConnection): boolean =>
    establishedAt + SECOND <= at

/** Counts the connections of one endpoint under one policy set, alone or with those of the other endpoints. */
export const createCounter = (set: PolicySet, location: Location, assessments: Assessments) => {
  const counters = set.policies.flatMap((policy) => {
    const counting = policy.kind.counting?.(policy.rule)
    return counting === undefined ? [] : [{ policy, counting }]
  })
  const overAll = counters.filter(({ counting }) => counting.across === 'all')
  const applicabilitiesOf = set.applicabilities(location)
  let known: { readonly shown: readonly Connection[]; readonly candidates: Candidates } | undefined

  const membersOf = (all: readonly Assessment[], { policy, counting }: (typeof counters)[number], now: Instant) => {
    const members: Member[] = []
    for (const one of all) {
      const { connection } = one
      if (!isDated(connection)) continue
      const principal = countedAs(one, policy, now)
      const key = principal && counting.keyOf(principal)
      if (key !== undefined) members.push({ connection, key })
    }
    return members
  }

  const findCandidates = (shown: readonly Connection[]): Candidates => {
    const keyOf = new Map(overAll.map(({ policy, counting }) => [policy, counting.keyOf]))
    const candidates = new Map(overAll.map(({ policy }) => [policy, new Map<string, CountedConnection[]>()]))
    for (const connection of shown) {
      if (!isActive(connection) || !isDated(connection)) continue
      for (const { policy } of applicabilitiesOf(connection)) {
        const ofPolicy = candidates.get(policy)
        if (ofPolicy === undefined) continue
        const key: string | undefined = keyOf.get(policy)?.(principalNamesOf(connection))
        if (key === undefined) continue
        if (ofPolicy.get(key)?.push(connection) === undefined) ofPolicy.set(key, [connection])
      }
    }
    return candidates
  }

  /** They do not depend on time. On the largest endpoint they are collected once for each snapshot. */
  const candidatesOf = (shown: readonly Connection[]): Candidates => {
    if (known?.shown !== shown) known = { shown, candidates: findCandidates(shown) }
    return known.candidates
  }

  return {
    counts: counters.length > 0,
    countsOverAll: overAll.length > 0,

    surplusAmong(all: readonly Assessment[], history: History, now: Instant): Surpluses {
      const elsewhere = history.elsewhere()
      const tallies = elsewhere.state === 'known' ? elsewhere.tallies : NOBODY
      const countedIn = overAll.length === 0 ? [] : tallies.map((tally) => ({ tally, counted: tally.at(now) }))
      const shownElsewhereAt = tallies.reduce((oldest, { shownAt }) => Math.min(oldest, shownAt), NEVER)
      const wasUp = wasUpAt(Math.min(history.snapshotAt() ?? NEVER, shownElsewhereAt))
      const of = new Map<Policy, Surplus>()
      let [isAny, until] = [false, NEVER]
      for (const counter of counters) {
        const { policy, counting } = counter
        if (counting.across === 'all' && elsewhere.state === 'not-known') {
          of.set(policy, elsewhere)
          isAny = true
          continue
        }
        const isAlone = counting.across === 'endpoint'
        const members = membersOf(all, counter, now)
        const found = isAlone
          ? surplusAmong(members, counting, undefined)
          : surplusAmong(
              members.filter(({ connection }) => wasUp(connection)),
              counting,
              // Most people have few connections on all endpoints. Those of the others alone are judged.
              (key, room) => {
                const most = countedIn.reduce((sum, { tally }) => sum + tally.most(policy, key), 0)
                return most > room ? together(countedIn, policy, key, wasUp) : undefined
              },
            )
        of.set(policy, { state: 'known', since: found.since, shownAt: isAlone ? NEVER : shownElsewhereAt })
        isAny ||= found.since.size > 0
        until = Math.min(until, found.until)
      }
      return { of, isAny, until }
    },

    tally: (shown: readonly Connection[], history: History, acting: Acting): Tally => ({
      shownAt: history.snapshotAt() ?? NEVER,
      most: (policy, key) => candidatesOf(shown).get(policy)?.get(key)?.length ?? 0,
      at(now) {
        const ground = groundOf(history, now, acting)
        const candidates = candidatesOf(shown)
        return (policy, key) => {
          const found = candidates.get(policy)?.get(key)
          if (found === undefined) return { connections: NOBODY, until: NEVER }
          const connections: CountedConnection[] = []
          let until: Instant = NEVER
          // Not by `Math.min(...found)`: a shared certificate may be that of 126,000 connections.
          for (const connection of found) {
            const one = assessments.one(connection, ground)
            until = Math.min(until, holdsUntil(one))
            if (countedAs(one, policy, now)) connections.push(connection)
          }
          return { connections, until }
        }
      },
    }),
  }
}

/** The connections of other endpoints that count with those of one key. */
const together = (
  countedIn: ReadonlyArray<{ readonly counted: ReturnType<Tally['at']> }>,
  policy: Policy,
  key: string,
  wasUp: (connection: CountedConnection) => boolean,
): Counted => {
  let connections: readonly CountedConnection[] = NOBODY
  let until: Instant = NEVER
  for (const { counted } of countedIn) {
    const there = counted(policy, key)
    if (there.until < until) until = there.until
    const up = there.connections.filter(wasUp)
    if (up.length > 0) connections = [...connections, ...up]
  }
  return { connections, until }
}
