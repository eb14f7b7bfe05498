import type { Connection } from './connection.ts'
import { isActive } from './connection.ts'
import { type Instant, NEVER } from './instant.ts'
import type { History, Mode, Policy } from './policy.ts'
import type { PolicySet } from './policy-set.ts'
import type { Place } from './selector.ts'
import { isDue, judge, type Verdict } from './verdict.ts'

/** What becomes of one connection that at least one policy finds violated. */
export interface Decision {
  readonly connection: Connection
  /** `audit`: it would be terminated if the policies that condemn it acted. */
  readonly act: 'terminate' | 'audit' | 'keep'
  /** The verdict in whose name it ends or would end; none while all are in grace. */
  readonly lead: Verdict | undefined
  /** Every violated verdict, the lead included. */
  readonly violated: readonly Verdict[]
}

/** All that is to be said of one endpoint at one instant. */
export interface Decisions {
  readonly now: Instant
  readonly active: number
  readonly protectedConnections: number
  /** Only connections that some policy finds violated. */
  readonly violating: readonly Decision[]
  /** How many connections lack a fact that the policy needs. */
  readonly unknown: ReadonlyMap<Policy, number>
  /** The first later instant at which any verdict would differ if nothing but time moved. */
  readonly wakeAt: Instant
}

/** The one evaluator: which connections of an endpoint must end now, in whose name, and when that may change. */
export const createDecider = (set: PolicySet, place: Place) => {
  const standingsOf = set.standings(place)
  const isProtected = set.isProtected(place)

  return (connections: readonly Connection[], history: History, now: Instant, mode: Mode): Decisions => {
    const violating: Decision[] = []
    const unknown = new Map<Policy, number>()
    let active = 0
    let protectedConnections = 0
    let wakeAt: Instant = NEVER

    for (const connection of connections) {
      if (!isActive(connection)) continue
      active++
      if (isProtected(connection)) protectedConnections++
      let violated: Verdict[] | undefined
      for (const standing of standingsOf(connection)) {
        if (standing.matched === 'no') continue
        const verdict = judge(standing, connection, history, now)
        if (verdict.nextAt < wakeAt) wakeAt = verdict.nextAt
        if (verdict.word === 'unknown') unknown.set(verdict.policy, (unknown.get(verdict.policy) ?? 0) + 1)
        if (verdict.word === 'violated') (violated ??= []).push(verdict)
      }
      if (violated !== undefined) violating.push(decisionOf(connection, violated, now, mode))
    }
    return { now, active, protectedConnections, violating, unknown, wakeAt }
  }
}

/** The decision about one connection, from all its verdicts that are violated. */
const decisionOf = (connection: Connection, violated: readonly Verdict[], now: Instant, mode: Mode): Decision => {
  const due = violated.filter((verdict) => isDue(verdict, now)).sort(byLead)
  const acting = due.find(({ policy }) => mode === 'enforce' && policy.mode === 'enforce')
  if (acting !== undefined) return { connection, act: 'terminate', lead: acting, violated }
  return { connection, act: due.length > 0 ? 'audit' : 'keep', lead: due[0], violated }
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
