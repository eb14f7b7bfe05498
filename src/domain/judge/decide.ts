import { type Connection, isActive } from '../connection.ts'
import type { Location } from '../names/location.ts'
import type { NearMiss, Resembled } from '../policies/near-misses.ts'
import { type Acting, acts, type Facts, type History, mayEnd, type Policy, type Tally } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { periodAt } from '../time/period.ts'
import { type AssessmentPart, groundOf } from './assessment.ts'
import { createAssessments } from './assessments.ts'
import { createCounter, type Surpluses } from './counter.ts'
import { besideEnd, type Foreseen } from './foresight.ts'
import { isDue, judge, type Verdict, type ViolatedVerdict } from './verdict.ts'

interface AnyDecision {
  readonly connection: Connection
  /** Every violated verdict, the lead included. */
  readonly violated: readonly ViolatedVerdict[]
  /** Those of them that are due, and whose policy the guard holds. */
  readonly held: readonly ViolatedVerdict[]
}

/** The connection ends, or would end. */
export interface DueDecision extends AnyDecision {
  /** `held`: the guard keeps it from ending. `audit`: the policies that would end it do not act. */
  readonly act: 'terminate' | 'held' | 'audit'
  /** The verdict under which the connection ends or would end. */
  readonly lead: ViolatedVerdict
}

/** Every violation is still in grace. */
interface KeepDecision extends AnyDecision {
  readonly act: 'keep'
  readonly lead: undefined
}

/** All verdicts about one connection that violates at least one policy. */
export type Decision = DueDecision | KeepDecision

/** All decisions about one endpoint at one instant. */
export interface Decisions {
  readonly now: Instant
  readonly active: number
  readonly protectedConnections: number
  /** Only connections that violate a policy. */
  readonly violating: readonly Decision[]
  /** The ids of connections that lack a fact that the policy needs. */
  readonly unknown: ReadonlyMap<Policy, ReadonlySet<string>>
  /** The connections whose names each entry resembles. Entries and policies that are over have none. */
  readonly nearMisses: ReadonlyMap<NearMiss, Resembled>
  /** Future ends by acting policies, of which the principals are to be warned now. */
  readonly foreseen: readonly Foreseen[]
  /** The first later instant at which a verdict may differ or a warning may be due, if nothing but time passes. */
  readonly wakeAt: Instant
  /** The same, for verdicts that a new snapshot must confirm. */
  readonly confirmAt: Instant
}

/** The policies of one endpoint, prepared once. */
export const createDecider = (set: PolicySet, location: Location) => {
  const assessments = createAssessments(set, location)
  const everyApplicabilityOf = set.everyApplicability(location)
  const counter = createCounter(set, location, assessments)

  const factsOf = (history: History, { of }: Surpluses, policy: Policy): Facts => {
    const surplus = of.get(policy)
    return surplus === undefined ? history : { ...history, surplus }
  }

  return {
    assessments,

    /** Whether a policy counts over all endpoints. */
    countsOverAll: counter.countsOverAll,

    /** The tally of this endpoint for the judgements of the others. */
    tally: (shown: readonly Connection[], history: History, acting: Acting): Tally =>
      counter.tally(shown, history, acting),

    /** Decides about all connections of a snapshot. Connections that violate no policy get no decision. */
    decide(connections: readonly Connection[], history: History, now: Instant, acting: Acting): Decisions {
      const active = connections.filter(isActive)
      const all = assessments.of(active, groundOf(history, now, acting))
      const surplus = counter.surplusAmong(all, history, now)
      const counted = surplus.isAny ? [...surplus.of.keys()] : []
      const facts = new Map(counted.map((policy) => [policy, factsOf(history, surplus, policy)]))

      const violating: Decision[] = []
      const unknown = new Map<Policy, Set<string>>()
      const nearMisses = new Map<NearMiss, [Connection, ...Connection[]]>()
      const foreseen: Foreseen[] = []
      let protectedConnections = 0
      let wakeAt = surplus.until
      let confirmAt: Instant = NEVER
      const lacks = (policy: Policy, id: string) => {
        const known = unknown.get(policy)
        if (known === undefined) unknown.set(policy, new Set([id]))
        else known.add(id)
      }
      /** Of 126,000 connections most have nothing to add: the loop only looks at their lists. */
      const add = (part: AssessmentPart, { id }: Connection) => {
        if (part.wakeAt < wakeAt) wakeAt = part.wakeAt
        if (part.confirmAt < confirmAt) confirmAt = part.confirmAt
        for (const policy of part.unknown) lacks(policy, id)
      }
      for (let index = 0; index < all.length; index++) {
        const [one, connection] = [all[index], active[index]]
        if (one === undefined || connection === undefined) continue
        const { countersAside, onCounters } = one
        for (const nearMiss of one.nearMisses) {
          if (nearMiss.until <= now) continue
          if (nearMisses.get(nearMiss)?.push(connection) === undefined) nearMisses.set(nearMiss, [connection])
        }
        if (periodAt(one.relation.protectedIn, now) !== undefined) protectedConnections++
        add(countersAside, connection)
        if (onCounters !== undefined) add(onCounters, connection)
        let { violated } = countersAside
        if (onCounters !== undefined && onCounters.violated.length > 0) violated = [...violated, ...onCounters.violated]
        if (surplus.isAny) {
          for (const applicability of countersAside.counting) {
            const seen = facts.get(applicability.policy)
            if (seen?.surplus === undefined) continue
            if (seen.surplus.state === 'known' && !seen.surplus.since.has(connection.id)) continue
            const verdict = judge(applicability, connection, seen, now)
            if (verdict.word === 'unknown') lacks(verdict.policy, connection.id)
            if (verdict.word !== 'violated') continue
            violated = [...violated, verdict]
            if (verdict.nextAt < wakeAt) wakeAt = verdict.nextAt
            if (verdict.nextAt < confirmAt) confirmAt = verdict.nextAt
          }
        }
        const decision = violated.length === 0 ? undefined : decisionOf(connection, violated, now, acting)
        if (decision !== undefined) violating.push(decision)
        if (decision?.act === 'terminate') continue
        const ahead =
          onCounters === undefined ? countersAside.foreseen : [...countersAside.foreseen, ...onCounters.foreseen]
        for (const one of ahead) {
          const warning = besideEnd(one, violatedEnd(violated, one.policy, acting))
          if (warning !== undefined) foreseen.push(warning)
        }
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
        confirmAt,
      }
    },

    /** The verdicts of all policies on one connection, beside the others. */
    verdictsOf(
      id: string,
      connections: readonly Connection[],
      history: History,
      now: Instant,
      acting: Acting,
    ): readonly Verdict[] {
      const connection = connections.find((candidate) => candidate.id === id && isActive(candidate))
      if (connection === undefined) return []
      const active = counter.counts ? connections.filter(isActive) : []
      const surplus = counter.surplusAmong(assessments.of(active, groundOf(history, now, acting)), history, now)
      return everyApplicabilityOf(connection).map((applicability) =>
        judge(applicability, connection, factsOf(history, surplus, applicability.policy), now),
      )
    },
  }
}

export type Decider = ReturnType<typeof createDecider>

/** The decision about one connection from its verdicts. Verdicts of held policies end nothing. */
export const decisionOf = (
  connection: Connection,
  verdicts: readonly Verdict[],
  now: Instant,
  acting: Acting,
): Decision => {
  const violated = verdicts.filter((verdict) => verdict.word === 'violated')
  const due = violated.filter((verdict) => isDue(verdict, now)).sort(byLead)
  const isHeld = ({ policy }: Verdict) => acts(policy, acting.mode) && acting.held.has(policy.name)
  const held = violated.filter((verdict) => isDue(verdict, now) && isHeld(verdict))
  const ends = due.find(({ policy }) => mayEnd(policy, acting))
  if (ends !== undefined) return { connection, act: 'terminate', lead: ends, violated, held }
  const lead = due.find(isHeld) ?? due[0]
  if (lead === undefined) return { connection, act: 'keep', lead: undefined, violated, held }
  return { connection, act: held.length > 0 ? 'held' : 'audit', lead, violated, held }
}

/** The first deadline of other policies that are violated already, on counts and byte counters too. */
const violatedEnd = (violated: readonly ViolatedVerdict[], than: Policy, acting: Acting): Instant =>
  violated.reduce((first, { policy, deadline, nextAt }) => {
    const isReached = policy !== than && mayEnd(policy, acting) && deadline <= nextAt
    return isReached && deadline < first ? deadline : first
  }, NEVER)

/** The verdict that leads: by the kind's rank, then by the earliest deadline, then by the policy's name. */
const byLead = (a: ViolatedVerdict, b: ViolatedVerdict) =>
  a.policy.kind.rank - b.policy.kind.rank || a.deadline - b.deadline || (a.policy.name < b.policy.name ? -1 : 1)
