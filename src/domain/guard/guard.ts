import type { Connection } from '../connection.ts'
import type { Decisions } from '../judge/decide.ts'
import { isDue, type ViolatedVerdict } from '../judge/verdict.ts'
import { acts, type Policy } from '../policies/policy.ts'
import type { Instant } from '../time/instant.ts'
import { createCertainEnd } from './certain-end.ts'
import { asOf, type Counted, entryOf, isRecent, isWithin, keysOf } from './counted.ts'
import { type Due, uncovered } from './due.ts'
import { type Guarded, setFinder } from './guarded.ts'
import { exceeds, type GuardLimits, isSameLimits, type Sum, tooMuch } from './limits.ts'
import { type NewlyEnded, newlyEndedBy, type Version } from './look-ahead.ts'
import { lacksTags } from './reselection.ts'
import {
  type Base,
  baseOf,
  goneFrom,
  type PolicyVersion,
  type Standing,
  type Standings,
  standingOf,
  stands,
} from './standing.ts'
import {
  lastAccepted,
  newArrivals,
  setsOf,
  type Trial,
  tooManyArrivals,
  trialAfter,
  trialAt,
  versionBeforeTrial,
} from './trial.ts'

/** What the guard remembers of one endpoint. */
export interface GuardMemory {
  /** The limits of the last judgement; undefined before the first. */
  readonly limits: GuardLimits | undefined
  readonly standings: Standings
  readonly counted: readonly Counted[]
  readonly trial: Trial | undefined
}

export const NO_GUARD_MEMORY: GuardMemory = { limits: undefined, standings: {}, counted: [], trial: undefined }

/** The hashes of the policy sets that the guard may compare with. */
export const setsIn = ({ standings, trial }: GuardMemory): readonly string[] => [
  ...setsOf(trial),
  ...Object.values(standings).flatMap((standing) =>
    standing.state === 'held' && standing.before !== undefined
      ? [standing.version.set, standing.before.set]
      : [standing.version.set],
  ),
]

/** The end of a hold. */
export interface Release {
  readonly policy: string
  readonly since: Instant
}

/** The result of comparing edits. */
export interface EditReview {
  readonly memory: GuardMemory
  /** The names of policies that are newly held. */
  readonly held: readonly string[]
  readonly released: readonly Release[]
  /** What the edits since the last judgement end, whether it is held or not. */
  readonly newlyEnded: readonly NewlyEnded[]
}

/** The result of checking due verdicts. */
export interface DueReview {
  readonly memory: GuardMemory
  /** The policies that are newly held. */
  readonly held: ReadonlyMap<string, Sum>
}

/**
 * Compares policies that have been edited since the last judgement with their versions before. If the edits end too
 * many connections, the edited policies are held, before anybody is ended. A hold ends when an operator edits the
 * policy, its `guard` or the limits. `heldByDue`: the policies that the check of due verdicts holds in this judgement. No
 * version of them ends anybody.
 */
export const reviewEdits = (
  before: GuardMemory,
  guarded: Guarded,
  heldByDue: ReadonlyMap<string, Sum> = new Map(),
): EditReview => {
  const { set, setHash, mode, limits, now, shownAt, active, location, reselection } = guarded
  const setOf = setFinder(guarded)
  const areLimitsEdited = before.limits !== undefined && !isSameLimits(before.limits, limits)
  const isFirst = before.limits === undefined
  const standings = new Map<string, Standing>()
  const edits: { readonly policy: Policy; readonly version: PolicyVersion; readonly base: Base | undefined }[] = []

  for (const policy of set.policies) {
    const { name, hash } = policy
    const version = { hash, set: setHash }
    const standing = standingOf(before.standings, name)
    const isReleased = (hold: Sum) => areLimitsEdited && !exceeds(hold, limits)
    const isReselected = reselection.policies.has(name)
    const next = stands(standing, policy, version, {
      mode,
      shownAt: Math.min(shownAt, now),
      isReleased,
      isReselected,
    })
    if (next !== undefined) {
      standings.set(name, next)
      continue
    }
    // It ends nobody before its tags are known. Then it is compared with what was in force last.
    if (lacksTags(policy, location)) {
      if (standing !== undefined) standings.set(name, standing)
      continue
    }
    const base = baseOf(standing?.state === 'gone' ? goneFrom(standing, now) : standing)
    // Without a version to compare with, only connections that are overdue count.
    const isUnknown =
      isFirst || (base !== undefined && base.version.hash !== hash && setOf(base.version.set) === undefined)
    edits.push({ policy, version, base: isUnknown ? { version, isInForce: false } : base })
  }

  const asVersion = (name: string, { version, isInForce }: Base): readonly Version[] => {
    if (heldByDue.has(name)) return []
    const known =
      setOf(version.set) ??
      (set.policies.some((one) => one.name === name && one.hash === version.hash) ? set : undefined)
    return known === undefined ? [] : [{ policy: name, set: known, isInForce }]
  }
  const names = new Set(edits.map(({ policy }) => policy.name))
  const gone = new Map(
    Object.entries(before.standings).flatMap(([name, standing]) => {
      const next = names.has(name) || standings.has(name) ? undefined : goneFrom(standing, now)
      return next === undefined ? [] : [[name, next] as const]
    }),
  )
  // Rules that move to another policy are compared with the policy that they come from.
  const others = Object.entries(before.standings).flatMap(([name, standing]) => {
    const next = standings.get(name) ?? gone.get(name)
    if (names.has(name) || next === undefined || standing.state === 'audit') return []
    const isHeldStill = standing.state === 'held' && next.state === 'held'
    const base = isHeldStill ? undefined : baseOf(standing)
    return base === undefined ? [] : asVersion(name, base)
  })
  const own = edits.flatMap(({ policy, base }) => (base === undefined ? [] : asVersion(policy.name, base)))
  const isUnedited = (name: string) => !names.has(name) && !gone.has(name)
  const compare = () =>
    newlyEndedBy(names, [...own, ...others], {
      ...guarded,
      before: reselection.before,
      lookAheadMs: limits.lookAheadMs,
      certainEnd: createCertainEnd(before, guarded, isUnedited),
    })
  const newlyEnded = names.size === 0 ? [] : compare()
  const entries = newlyEnded
    .filter(({ isPlanned }) => !isPlanned)
    .map(({ connection, policy }) => entryOf(connection, policy, now, false))

  const counted = asOf(before.counted, now)
  const held = tooMuch(entries, counted.filter(isRecent(now)), { active, limits })
  // A policy that other tags made select the endpoint has ended nobody there before, whatever its version was.
  const versionBefore = ({ name }: Policy, base: Base | undefined) =>
    reselection.policies.has(name) ? undefined : base?.version
  for (const { policy, version, base } of edits) {
    const sum = held.get(policy.name)
    const inForceNow: Standing = { state: 'in-force', version, comparedAt: Math.min(shownAt, now) }
    standings.set(
      policy.name,
      sum === undefined
        ? inForceNow
        : { state: 'held', version, before: versionBefore(policy, base), since: now, ...sum },
    )
  }
  for (const [name, standing] of gone) standings.set(name, standing)
  for (const [name, sum] of heldByDue) {
    const standing = standings.get(name)
    if (standing?.state !== 'in-force') continue
    const { version } = standing
    const edit = edits.find(({ policy }) => policy.name === name)
    // The mistake is an edit of this judgement, or one on trial.
    const beforeMistake =
      edit === undefined
        ? (versionBeforeTrial(before.trial, name, guarded) ?? version)
        : versionBefore(edit.policy, edit.base)
    standings.set(name, { state: 'held', version, before: beforeMistake, since: now, ...sum })
  }
  // A policy that is turned to enforce as it is has been shown by audit mode.
  const isEdited = edits.some(
    ({ policy, version, base }) =>
      !isFirst && (base?.version.hash !== version.hash || reselection.policies.has(policy.name)),
  )
  const isHeld = ({ state }: Standing) => state === 'held'
  return {
    memory: {
      limits,
      standings: Object.fromEntries(standings),
      counted: [...counted, ...entries.filter(({ policy }) => !held.has(policy))],
      trial: trialAfter(before, isEdited, lastAccepted(before.standings, standings, guarded), guarded),
    },
    held: [...held.keys()],
    newlyEnded,
    released: Object.entries(before.standings).flatMap(([policy, standing]) => {
      const next = standings.get(policy)
      return standing.state === 'held' && (next === undefined || !isHeld(next))
        ? [{ policy, since: standing.since }]
        : []
    }),
  }
}

/**
 * Checks verdicts that have become due and that no comparison has covered. If they would end too much of the endpoint,
 * their policies are held. Then the edits must be compared again.
 */
export const reviewDue = (decisions: Decisions, before: GuardMemory, guarded: Guarded): DueReview => {
  const { now, limits } = guarded
  const due = dueVerdicts(decisions, before, guarded)
  const known = keysOf(before.counted)
  const unforeseen = due
    .filter(({ isUnforeseen, ...key }) => isUnforeseen && !known.has(key))
    .map(({ connection, policy }) => entryOf(connection, policy, now, false))
  const arrivals = newArrivals(due, before, guarded)
  const held = new Map([
    ...tooMuch(unforeseen, before.counted.filter(isRecent(now)), guarded),
    ...tooManyArrivals(arrivals, before.counted, trialAt(before.trial, now) ?? { most: 0 }, limits),
  ])
  return { memory: { ...before, counted: [...before.counted, ...unforeseen, ...arrivals] }, held }
}

/**
 * Forgets entries after ten minutes, unless their verdict is still due or may be. A trial remembers people, because most
 * clients connect again by themselves.
 */
export const forgetCounted = (
  memory: GuardMemory,
  decisions: Decisions,
  guarded: Guarded,
  isMissing: (connectionId: string) => boolean,
): GuardMemory => {
  const { now } = guarded
  const isRemembered = (entry: Counted) =>
    isWithin(now)(entry) || (memory.trial !== undefined && entry.principal !== undefined)
  if (memory.counted.every(isRemembered)) return memory
  const due = keysOf(dueVerdicts(decisions, memory, guarded))
  const unknown = new Map([...decisions.unknown].map(([{ name }, ids]) => [name, ids]))
  const isKept = (entry: Counted) =>
    isRemembered(entry) ||
    due.has(entry) ||
    unknown.get(entry.policy)?.has(entry.connectionId) === true ||
    isMissing(entry.connectionId)
  return { ...memory, counted: memory.counted.filter(isKept) }
}

const dueVerdicts = (decisions: Decisions, { standings, limits }: GuardMemory, guarded: Guarded): readonly Due[] => {
  const lookAheadMs = limits?.lookAheadMs ?? 0
  return decisions.violating.flatMap(({ connection, violated }) =>
    violated.flatMap((verdict): readonly Due[] => {
      const due = dueOf(verdict, connection, standingOf(standings, verdict.policy.name), lookAheadMs, guarded)
      return due === undefined ? [] : [due]
    }),
  )
}

/** Undefined if the verdict is not due, or a comparison has covered it. */
const dueOf = (
  verdict: ViolatedVerdict,
  connection: Connection,
  standing: Standing | undefined,
  lookAheadMs: number,
  guarded: Guarded,
): Due | undefined => {
  const { policy } = verdict
  if (standing?.state !== 'in-force' || !acts(policy, guarded.mode) || !isDue(verdict, guarded.now)) return undefined
  const changedAt = guarded.history.changedAt(policy)
  return uncovered(verdict, connection, { comparedAt: standing.comparedAt, changedAt, lookAheadMs }, guarded)
}
