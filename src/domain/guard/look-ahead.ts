import type { Connection } from '../connection.ts'
import type { Assessment } from '../judge/assessment.ts'
import { endsAt } from '../judge/ends-at.ts'
import { judge, type ViolatedVerdict } from '../judge/verdict.ts'
import { isSameLocation, type Location } from '../names/location.ts'
import type { History } from '../policies/policy.ts'
import type { Applicability, PolicySet } from '../policies/policy-set.ts'
import { type Instant, MINUTE, NEVER } from '../time/instant.ts'
import { isPlannedBegin } from './planned-begin.ts'

/** One version of one policy, in the policy set that contains it. */
export interface Version {
  readonly policy: string
  readonly set: PolicySet
  /** Whether it ended connections until now. */
  readonly isInForce: boolean
}

/** A connection that ends under an edited policy, and would have ended more than a minute later or not at all. */
export interface NewlyEnded {
  readonly connection: Connection
  readonly policy: string
  readonly endsAt: Instant
  /** When it would have ended before the edit. NEVER if that is after the horizon. */
  readonly endedAt: Instant
  /** Whether the `from` of the policy brings the end, and is later than the edit. Such an end does not count. */
  readonly isPlanned: boolean
}

/** Nobody notices an end that is earlier by less than this. */
export const NOTICEABLE_MS = MINUTE

/**
 * When a connection ends for certain, although the guard may hold the policy that ends it `at` an instant. NEVER if nothing
 * else ends it.
 */
export type CertainEnd = (verdict: ViolatedVerdict, connection: Connection, at: Instant) => Instant

/** The relations of the versions to a connection. */
const createVersions = (versions: readonly Version[], location: Location) => {
  const bySet = new Map<PolicySet, Map<string, Version>>()
  for (const version of versions) {
    const known = bySet.get(version.set) ?? new Map<string, Version>()
    bySet.set(version.set, known.set(version.policy, version))
  }
  const sets = [...bySet].map(([set, ofSet]) => ({ ofSet, applicabilitiesOf: set.applicabilities(location) }))
  return (connection: Connection): readonly (readonly [Version, Applicability])[] =>
    sets.flatMap(({ ofSet, applicabilitiesOf }) =>
      applicabilitiesOf(connection).flatMap((applicability) => {
        const version = ofSet.get(applicability.policy.name)
        return version === undefined ? [] : [[version, applicability] as const]
      }),
    )
}

/** When a connection would have ended under the versions for certain; NEVER if more than a minute after the horizon. */
export const createEndBefore = (
  versions: readonly Version[],
  asked: {
    readonly location: Location
    readonly history: History
    readonly now: Instant
    readonly horizon: Instant
    readonly certainEnd: CertainEnd
  },
) => {
  const { location, history, now, horizon, certainEnd } = asked
  const versionsOf = createVersions(versions, location)
  return (connection: Connection): Instant =>
    versionsOf(connection).reduce((end, [{ isInForce }, applicability]) => {
      const judgeAt = (at: Instant) => judge(applicability, connection, history, at)
      // A version that was not in force has not ended anybody: its violations of now, also in grace, are new.
      if (!isInForce && judgeAt(now).word === 'violated') return end
      // What counters and other connections will be is not known: such a policy ends a connection now, or perhaps never.
      const until = applicability.policy.kind.facts === 'immutable' ? horizon + NOTICEABLE_MS : now
      const at = endsAt(applicability, connection, history, now, until)
      if (at >= end) return end
      const verdict = judgeAt(at)
      if (!isInForce || verdict.word !== 'violated') return at
      return Math.min(end, certainEnd(verdict, connection, at))
    }, NEVER)
}

/**
 * Compares when each connection ends under the rules before an edit and after it, from now until the horizon. Only
 * policies on facts that never change can be compared. The guard checks verdicts of other policies when they become due.
 */
export const newlyEndedBy = (
  edited: ReadonlySet<string>,
  versions: readonly Version[],
  asked: {
    readonly active: readonly Connection[]
    /** One for each of `active`. */
    readonly assessed: () => readonly Assessment[]
    readonly set: PolicySet
    readonly location: Location
    /** The endpoint as it was under the rules before. */
    readonly before: Location
    readonly history: History
    readonly now: Instant
    readonly lookAheadMs: number
    readonly certainEnd: CertainEnd
  },
): readonly NewlyEnded[] => {
  const { active, assessed, set, location, before, history, now, lookAheadMs, certainEnd } = asked
  const isCompared = set.policies.some(({ name, kind }) => edited.has(name) && kind.facts === 'immutable')
  if (!isCompared) return []
  const horizon = now + lookAheadMs
  const applicabilitiesOf = set.applicabilities(location)
  const endBefore = createEndBefore(versions, { location: before, history, now, horizon, certainEnd })
  // A policy that is compared with itself, as at the first judgement, newly ends only what it violates now.
  const own = new Set(versions.flatMap(({ policy, set: of, isInForce }) => (of === set && !isInForce ? [policy] : [])))
  const isFirst = isSameLocation(before, location) && [...edited].every((name) => own.has(name))
  const assessments = assessed()
  const isKept = ({ countersAside: { violated, wakeAt } }: Assessment) =>
    violated.length === 0 && (isFirst || wakeAt > horizon)

  return active.flatMap((connection, index) => {
    const assessment = assessments[index]
    if (assessment !== undefined && isKept(assessment)) return []
    let end: Instant | undefined
    return applicabilitiesOf(connection).flatMap((applicability): readonly NewlyEnded[] => {
      const { name, kind } = applicability.policy
      if (!edited.has(name) || kind.facts !== 'immutable') return []
      const at = endsAt(applicability, connection, history, now, horizon)
      if (at > horizon) return []
      end ??= endBefore(connection)
      if (end - at <= NOTICEABLE_MS) return []
      const verdict = judge(applicability, connection, history, at)
      const isPlanned = verdict.word === 'violated' && isPlannedBegin(verdict, connection, history)
      return [{ connection, policy: name, endsAt: at, endedAt: end, isPlanned }]
    })
  })
}
