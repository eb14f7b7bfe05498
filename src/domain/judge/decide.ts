import { type Connection, isActive } from '../connection.ts'
import type { Location } from '../names/selector.ts'
import { acts, type Facts, type History, type Member, type Mode, type Policy } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { type Case, groundOf, type NearMiss } from './case.ts'
import { type Cases, createCases } from './cases.ts'
import type { Foreseen } from './foresight.ts'
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
  /** Ends that acting policies will bring about, and of which their people should hear now. */
  readonly foreseen: readonly Foreseen[]
  /** The first later instant at which any verdict may differ, or a warning be due, if nothing but time moved. */
  readonly wakeAt: Instant
  /** The same of verdicts that a new snapshot has to confirm. */
  readonly askAt: Instant
}

/** What a kind on the whole snapshot is told of one connection. */
type Crowds = ReadonlyMap<Policy, ReadonlyMap<string, Instant>>

/** The one evaluator: which connections of an endpoint must end now, in whose name, and when that may change. */
export const createDecider = (set: PolicySet, place: Location, cases: Cases = createCases(set, place)) => {
  const everyStandingOf = set.everyStanding(place)
  const crowds = set.policies.flatMap((policy) => {
    const find = policy.kind.crowd?.(policy.rule)
    return find === undefined ? [] : [{ policy, find }]
  })

  /** Since when who is one too many, of those that count: whom no acting policy of another kind ends anyway. */
  const crowdsOf = (active: readonly Connection[], all: readonly Case[], now: Instant): Crowds =>
    new Map(
      crowds.map(({ policy, find }) => {
        const members: Member[] = []
        for (const [index, connection] of active.entries()) {
          const { crowded = [], goesAnyway } = all[index] ?? {}
          if (goesAnyway === true) continue
          for (const standing of crowded) {
            if (standing.policy !== policy || standing.matched !== 'yes' || now < standing.exemptUntil) continue
            members.push({ connection, person: standing.person })
          }
        }
        return [policy, find(members)]
      }),
    )

  const factsOf = (history: History, crowdsNow: Crowds, policy: Policy): Facts => {
    const since = crowdsNow.get(policy)
    return since === undefined ? history : { ...history, crowdedSince: (id) => since.get(id) }
  }

  return {
    /** What to do, for many connections: keeps only what somebody has to act on. */
    decide(connections: readonly Connection[], history: History, now: Instant, mode: Mode): Decisions {
      const active = connections.filter(isActive)
      const all = cases.of(active, groundOf(history, now, mode))
      const crowdsNow = crowdsOf(active, all, now)
      const isCrowded = [...crowdsNow.values()].some(({ size }) => size > 0)
      const facts = new Map(crowds.map(({ policy }) => [policy, factsOf(history, crowdsNow, policy)]))

      const violating: Decision[] = []
      const unknown = new Map<Policy, Set<string>>()
      const nearMisses: NearMiss[] = []
      const foreseen: Foreseen[] = []
      let protectedConnections = 0
      let wakeAt: Instant = NEVER
      let askAt: Instant = NEVER
      for (const [index, one] of all.entries()) {
        const connection = active[index] ?? one.connection
        if (one.isProtected) protectedConnections++
        if (one.wakeAt < wakeAt) wakeAt = one.wakeAt
        if (one.askAt < askAt) askAt = one.askAt
        for (const policy of one.unknown) {
          const known = unknown.get(policy)
          if (known === undefined) unknown.set(policy, new Set([connection.id]))
          else known.add(connection.id)
        }
        for (const nearMiss of one.nearMisses) nearMisses.push(nearMiss)
        let violated = one.violated
        if (isCrowded) {
          for (const standing of one.crowded) {
            const seen = facts.get(standing.policy)
            if (seen?.crowdedSince?.(connection.id) === undefined) continue
            const verdict = judge(standing, connection, seen, now)
            if (verdict.word !== 'violated') continue
            violated = [...violated, verdict]
            if (verdict.nextAt < wakeAt) wakeAt = verdict.nextAt
            if (verdict.nextAt < askAt) askAt = verdict.nextAt
          }
        }
        const decision = violated.length === 0 ? undefined : decisionOf(connection, violated, now, mode)
        if (decision !== undefined) violating.push(decision)
        if (decision?.act !== 'terminate') foreseen.push(...one.foreseen)
      }
      return {
        now,
        active: active.length,
        protectedConnections,
        violating,
        unknown,
        nearMisses,
        foreseen,
        wakeAt,
        askAt,
      }
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
      const active = crowds.length === 0 ? [] : connections.filter(isActive)
      const crowdsNow = crowdsOf(active, cases.of(active, groundOf(history, now, mode)), now)
      return everyStandingOf(connection).map((standing) =>
        judge(standing, connection, factsOf(history, crowdsNow, standing.policy), now),
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
