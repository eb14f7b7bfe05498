import { type Connection, isActive } from './connection.ts'
import { type Instant, NEVER } from './instant.ts'
import type { Facts, History, Mode, Policy } from './policy.ts'
import type { PolicySet } from './policy-set.ts'
import type { Place } from './selector.ts'
import { isDue, judge, type Verdict } from './verdict.ts'

/** What becomes of one connection that at least one policy finds violated. */
export interface Decision {
  readonly connection: Connection
  /** `held`: it would be terminated if the guard did not hold it. `audit`: if the policies that condemn it acted. */
  readonly act: 'terminate' | 'held' | 'audit' | 'keep'
  /** The verdict in whose name it ends or would end; none while all are in grace. */
  readonly lead: Verdict | undefined
  /** Every violated verdict, the lead included. */
  readonly violated: readonly Verdict[]
  /** Those that the guard holds. */
  readonly held: readonly Verdict[]
}

/** Somebody connected whom an entry of a policy names in part only. */
export interface NearMiss {
  readonly connection: Connection
  readonly policy: Policy
  readonly entry: string
}

/** All that is to be said of one endpoint at one instant. */
export interface Decisions {
  readonly now: Instant
  readonly active: number
  readonly protectedConnections: number
  /** Only connections that some policy finds violated. */
  readonly violating: readonly Decision[]
  /** The ids of connections that lack a fact that the policy needs. */
  readonly unknown: ReadonlyMap<Policy, ReadonlySet<string>>
  readonly nearMisses: readonly NearMiss[]
  /** The first later instant at which any verdict may differ if nothing but time moved. */
  readonly wakeAt: Instant
  /** The same of verdicts that a new snapshot has to confirm. */
  readonly askAt: Instant
}

/** Whether a policy acts when the daemon's mode is this one. */
export const acts = (policy: Policy, mode: Mode): boolean => mode === 'enforce' && policy.mode === 'enforce'

/** The one evaluator: which connections of an endpoint must end now, in whose name, and when that may change. */
export const createDecider = (set: PolicySet, place: Place) => {
  const standingsOf = set.standings(place)
  const everyStandingOf = set.everyStanding(place)
  const isProtected = set.isProtected(place)
  const crowds = set.policies.flatMap((policy) => {
    const find = policy.kind.crowd?.(policy.rule)
    return find === undefined ? [] : [{ policy, find }]
  })

  /** What kinds on the whole snapshot need to know of all connections that count: those that no acting policy of another kind ends anyway. */
  const crowdFacts = (connections: readonly Connection[], history: History, now: Instant, mode: Mode) => {
    const factsOf = new Map<Policy, Facts>()
    if (crowds.length === 0) return factsOf
    const goesAnyway = (connection: Connection) =>
      standingsOf(connection).some((standing) => {
        const { policy } = standing
        if (policy.kind.crowd !== undefined || standing.matched !== 'yes' || !acts(policy, mode)) return false
        return isDue(judge(standing, connection, history, now), now)
      })
    const staying = connections.filter((connection) => isActive(connection) && !goesAnyway(connection))
    for (const { policy, find } of crowds) {
      const counted = staying.filter((connection) => {
        const standing = standingsOf(connection).find((candidate) => candidate.policy === policy)
        return standing?.matched === 'yes' && now >= standing.exemptUntil
      })
      const since = find(counted)
      factsOf.set(policy, { ...history, crowdedSince: (id) => since.get(id) })
    }
    return factsOf
  }

  return {
    /** What to do, for many connections: keeps only what somebody has to act on. */
    decide(connections: readonly Connection[], history: History, now: Instant, mode: Mode): Decisions {
      const violating: Decision[] = []
      const unknown = new Map<Policy, Set<string>>()
      const nearMisses: NearMiss[] = []
      let active = 0
      let protectedConnections = 0
      let wakeAt: Instant = NEVER
      let askAt: Instant = NEVER

      const factsOf = crowdFacts(connections, history, now, mode)
      for (const connection of connections) {
        if (!isActive(connection)) continue
        active++
        if (isProtected(connection)) protectedConnections++
        let violated: Verdict[] | undefined
        for (const standing of standingsOf(connection)) {
          const { policy, nearMiss } = standing
          const verdict = judge(standing, connection, factsOf.get(policy) ?? history, now)
          if (verdict.nextAt < wakeAt) wakeAt = verdict.nextAt
          if (verdict.nextAt < askAt && policy.kind.facts !== 'immutable') askAt = verdict.nextAt
          if (verdict.word === 'unknown') {
            const known = unknown.get(policy)
            if (known === undefined) unknown.set(policy, new Set([connection.id]))
            else known.add(connection.id)
          }
          if (verdict.word === 'violated') (violated ??= []).push(verdict)
          if (nearMiss !== undefined) nearMisses.push({ connection, policy, entry: nearMiss })
        }
        if (violated !== undefined) violating.push(decisionOf(connection, violated, now, mode))
      }
      return { now, active, protectedConnections, violating, unknown, nearMisses, wakeAt, askAt }
    },

    /** All that is said of one connection among others, for those who ask. */
    verdictsOf(
      id: string,
      connections: readonly Connection[],
      history: History,
      now: Instant,
      mode: Mode,
    ): readonly Verdict[] {
      const connection = connections.find((candidate) => candidate.id === id && isActive(candidate))
      if (connection === undefined) return []
      const factsOf = crowdFacts(connections, history, now, mode)
      return everyStandingOf(connection).map((standing) =>
        judge(standing, connection, factsOf.get(standing.policy) ?? history, now),
      )
    },
  }
}

export type Decider = ReturnType<typeof createDecider>

/** The decision about one connection, from its verdicts, less those that the guard holds. */
export const decisionOf = (
  connection: Connection,
  verdicts: readonly Verdict[],
  now: Instant,
  mode: Mode,
  held: readonly Verdict[] = [],
): Decision => {
  const violated = verdicts.filter(({ word }) => word === 'violated')
  const due = violated.filter((verdict) => isDue(verdict, now)).sort(byLead)
  const acting = due.find((verdict) => acts(verdict.policy, mode) && !held.includes(verdict))
  if (acting !== undefined) return { connection, act: 'terminate', lead: acting, violated, held }
  const [lead] = held.length > 0 ? [...held].sort(byLead) : due
  const act = held.length > 0 ? 'held' : due.length > 0 ? 'audit' : 'keep'
  return { connection, act, lead, violated, held }
}

/** Who leads: the kind's rank, then the earliest deadline, then the name. */
const byLead = (a: Verdict, b: Verdict) =>
  a.policy.kind.rank - b.policy.kind.rank ||
  (a.deadline ?? NEVER) - (b.deadline ?? NEVER) ||
  (a.policy.name < b.policy.name ? -1 : 1)

/** The names of the policies that condemn the connection beside the lead. */
export const alsoBy = ({ lead, violated }: Decision): readonly string[] =>
  violated
    .filter((verdict) => verdict !== lead)
    .map(({ policy }) => policy.name)
    .sort()
