import { type Connection, principalOf } from '../connection.ts'
import type { Decision, Decisions } from '../judge/decide.ts'
import { endsAt } from '../judge/ends-at.ts'
import { isDue, type ViolatedVerdict } from '../judge/verdict.ts'
import type { Location } from '../names/selector.ts'
import { acts, type History, type Mode, type Policy } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import { type Instant, MINUTE, NEVER } from '../time/instant.ts'
import { createVersions, type NewlyEnded, newlyEndedBy, type Version } from './look-ahead.ts'
import {
  type Base,
  baseOf,
  type PolicyVersion,
  type Standing,
  type Standings,
  standingOf,
  stands,
  type Trial,
} from './standing.ts'

/** How many connections of an endpoint an edit may end, and how far ahead the guard looks. */
export interface GuardLimits {
  readonly maxPercent: number
  readonly minConnections: number
  /** 0: the guard does not look ahead. */
  readonly lookAheadMs: number
}

/** Limits under which nothing is held. */
export const NO_LIMITS: GuardLimits = { maxPercent: 100, minConnections: NEVER, lookAheadMs: 0 }

const WITHIN_MS = 10 * MINUTE

/** A connection that counts against the limits, and the policy that ends it. The guard let it through. */
export interface Counted {
  readonly policy: string
  readonly connectionId: string
  /** Undefined if the connection has no name. */
  readonly principal: string | undefined
  readonly at: Instant
}

/** What the guard remembers of one endpoint. */
export interface GuardMemory {
  /** The limits of the last judgement; undefined before the first. */
  readonly limits: GuardLimits | undefined
  readonly standings: Standings
  readonly counted: readonly Counted[]
}

export const NO_GUARD_MEMORY: GuardMemory = { limits: undefined, standings: {}, counted: [] }

/** The hashes of the policy sets that the guard may compare with. */
export const setsIn = ({ standings }: GuardMemory): readonly string[] =>
  Object.values(standings).flatMap((standing) => {
    const before =
      standing.state === 'held' ? standing.before : standing.state === 'in-force' ? standing.trial?.before : undefined
    return before === undefined ? [standing.version.set] : [standing.version.set, before.set]
  })

/** The end of a hold. */
export interface Release {
  readonly policy: string
  readonly since: Instant
}

/** The result of a review. */
export interface Review {
  readonly memory: GuardMemory
  /** The names of policies that are newly held. */
  readonly held: readonly string[]
}

/** The result of comparing edits. */
interface EditReview extends Review {
  readonly released: readonly Release[]
  /** What the edits since the last judgement end, whether it is held or not. */
  readonly newlyEnded: readonly NewlyEnded[]
}

/** What the guard reads of an endpoint and its rules. */
interface Guarded {
  readonly active: readonly Connection[]
  readonly set: PolicySet
  /** The hash of the policy set. */
  readonly setHash: string
  /** Finds an earlier policy set by its hash. Undefined if it can no longer be read. */
  readonly earlierSet: (hash: string) => PolicySet | undefined
  readonly location: Location
  readonly mode: Mode
  readonly limits: GuardLimits
  readonly history: History
  readonly now: Instant
}

const entryOf = (connection: Connection, policy: string, at: Instant): Counted => ({
  policy,
  connectionId: connection.id,
  principal: principalOf(connection),
  at,
})

const isSameLimits = (one: GuardLimits, other: GuardLimits) =>
  one.maxPercent === other.maxPercent &&
  one.minConnections === other.minConnections &&
  one.lookAheadMs === other.lookAheadMs

const keysOf = (counted: ReadonlyArray<Pick<Counted, 'policy' | 'connectionId'>>) => {
  const keys = new Map<string, Set<string>>()
  for (const { policy, connectionId } of counted) {
    const known = keys.get(policy) ?? new Set<string>()
    keys.set(policy, known.add(connectionId))
  }
  return {
    has: ({ policy, connectionId }: Pick<Counted, 'policy' | 'connectionId'>) =>
      keys.get(policy)?.has(connectionId) === true,
  }
}

/**
 * The policies of which the new entries would end too much of the endpoint: first those that do so alone, then all the
 * others together. `counted` are the entries of the last ten minutes that were let through.
 */
const tooMuch = (
  entries: readonly Counted[],
  counted: readonly Counted[],
  { active, limits }: Pick<Guarded, 'active' | 'limits'>,
): ReadonlySet<string> => {
  if (entries.length === 0) return new Set()
  const up = new Set(active.map(({ id }) => id))
  const gone = new Set(counted.flatMap(({ connectionId }) => (up.has(connectionId) ? [] : [connectionId])))
  // Connections that have ended since still belong to the endpoint. Otherwise each end would make the limit stricter.
  const base = active.length + gone.size
  const isTooMuch = (all: readonly Counted[]) => {
    const connections = new Set(all.map(({ connectionId }) => connectionId)).size
    return connections > limits.minConnections && 100 * connections > limits.maxPercent * base
  }
  const of = (policy: string) => (entry: Counted) => entry.policy === policy
  const policies = [...new Set(entries.map(({ policy }) => policy))]
  const alone = new Set(
    policies.filter((policy) => isTooMuch([...entries.filter(of(policy)), ...counted.filter(of(policy))])),
  )
  // One urgent ban beside a held policy still acts.
  const rest = entries.filter(({ policy }) => !alone.has(policy))
  return rest.length > 0 && isTooMuch([...rest, ...counted]) ? new Set(policies) : alone
}

const isRecent = (now: Instant) => (entry: Counted) => now - entry.at < WITHIN_MS

/** After a clock was set back, an instant in the future would count for too long. */
const asOf = (counted: readonly Counted[], now: Instant): readonly Counted[] =>
  counted.some(({ at }) => at > now) ? counted.map((entry) => ({ ...entry, at: Math.min(entry.at, now) })) : counted

/** Finds the policy sets of versions. */
const setFinder =
  ({ set, setHash, earlierSet }: Pick<Guarded, 'set' | 'setHash' | 'earlierSet'>) =>
  (hash: string): PolicySet | undefined =>
    hash === setHash ? set : earlierSet(hash)

/**
 * Compares policies that have been edited since the last judgement with their versions before. If the edits end too
 * many connections, the edited policies are held, before anybody is ended. A hold ends when an operator edits the
 * policy, its `guard` or the limits.
 */
export const reviewEdits = (before: GuardMemory, guarded: Guarded): EditReview => {
  const { set, setHash, mode, limits, now, active } = guarded
  const setOf = setFinder(guarded)
  const areLimitsEdited = before.limits !== undefined && !isSameLimits(before.limits, limits)
  const isFirst = before.limits === undefined
  const standings = new Map<string, Standing>()
  const edits: { readonly policy: Policy; readonly version: PolicyVersion; readonly base: Base | undefined }[] = []

  for (const policy of set.policies) {
    const { name, hash } = policy
    const version = { hash, set: setHash }
    const standing = standingOf(before.standings, name)
    const next = stands(standing, policy, version, { mode, now, areLimitsEdited })
    if (next !== undefined) {
      standings.set(name, next)
      continue
    }
    const base = baseOf(standing)
    // Without a version to compare with, only connections that are overdue count.
    const isUnknown =
      isFirst || (base !== undefined && base.version.hash !== hash && setOf(base.version.set) === undefined)
    edits.push({ policy, version, base: isUnknown ? { version, isInForce: false } : base })
  }

  const asVersion = (name: string, { version, isInForce }: Base): readonly Version[] => {
    const known =
      setOf(version.set) ??
      (set.policies.some((one) => one.name === name && one.hash === version.hash) ? set : undefined)
    return known === undefined ? [] : [{ policy: name, set: known, isInForce }]
  }
  const names = new Set(edits.map(({ policy }) => policy.name))
  const inForce = Object.entries(before.standings).flatMap(([name, standing]) =>
    !names.has(name) && (standing.state === 'in-force' || standing.state === 'gone')
      ? asVersion(name, { version: standing.version, isInForce: standing.state === 'in-force' })
      : [],
  )
  const own = edits.flatMap(({ policy, base }) => (base === undefined ? [] : asVersion(policy.name, base)))
  const { lookAheadMs } = limits
  const newlyEnded = newlyEndedBy(names, [...own, ...inForce], { ...guarded, lookAheadMs })
  const entries = newlyEnded.map(({ connection, policy }) => entryOf(connection, policy, now))

  const counted = asOf(before.counted, now)
  const held = tooMuch(entries, counted.filter(isRecent(now)), { active, limits })
  for (const { policy, version, base } of edits) {
    const earlier = standingOf(before.standings, policy.name)
    standings.set(
      policy.name,
      held.has(policy.name)
        ? { state: 'held', version, before: base?.version, since: now }
        : { state: 'in-force', version, comparedAt: now, trial: trialOf(earlier, version, base, limits, now) },
    )
  }
  const isHeld = ({ state }: Standing) => state === 'held'
  if ([...standings.values()].some(isHeld)) {
    for (const [name, standing] of Object.entries(before.standings)) {
      const base = standings.has(name) || standing.state === 'audit' ? undefined : baseOf(standing)
      if (base !== undefined) standings.set(name, { state: 'gone', version: base.version })
    }
  }
  return {
    memory: {
      limits,
      standings: Object.fromEntries(standings),
      counted: [...counted, ...entries.filter(({ policy }) => !held.has(policy))],
    },
    held: [...held],
    newlyEnded,
    released: Object.entries(before.standings).flatMap(([policy, standing]) => {
      const next = standings.get(policy)
      return standing.state === 'held' && (next === undefined || !isHeld(next))
        ? [{ policy, since: standing.since }]
        : []
    }),
  }
}

/** How long the guard also compares connections that are established after an edit. */
const trialOf = (
  earlier: Standing | undefined,
  version: PolicyVersion,
  base: Base | undefined,
  { lookAheadMs }: GuardLimits,
  now: Instant,
): Trial | undefined => {
  // Several edits in a row are compared with the version before the first of them.
  const running = earlier?.state === 'in-force' ? earlier.trial : undefined
  const before = running === undefined ? base?.version : running.before
  if (lookAheadMs === 0 || before?.hash === version.hash) return undefined
  return { before, until: now + lookAheadMs }
}

/**
 * Checks verdicts that have become due and that no comparison has covered. If they would end too much of the endpoint,
 * their policies are held.
 */
export const reviewDue = (decisions: Decisions, before: GuardMemory, guarded: Guarded): Review => {
  const { now } = guarded
  const known = keysOf(before.counted)
  const principals = new Set(before.counted.map(principalKey))
  const entries: Counted[] = []
  for (const { entry, isArrival } of dueVerdicts(decisions, before, guarded)) {
    const key = principalKey(entry)
    // A client that reconnects by itself counts once, however often it is ended.
    if (known.has(entry) || (isArrival && entry.principal !== undefined && principals.has(key))) continue
    entries.push(entry)
    principals.add(key)
  }
  const held = tooMuch(entries, before.counted.filter(isRecent(now)), guarded)
  const isHeld = ({ policy }: Pick<Counted, 'policy'>) => held.has(policy)
  return {
    memory: {
      ...before,
      standings: Object.fromEntries(
        Object.entries(before.standings).map(([name, standing]): [string, Standing] => [
          name,
          held.has(name) ? heldFrom(standing, now) : standing,
        ]),
      ),
      counted: [...before.counted, ...entries.filter((entry) => !isHeld(entry))],
    },
    held: [...held],
  }
}

const principalKey = ({ policy, principal }: Counted) => JSON.stringify([policy, principal])

/** The standing of a policy that was in force and is held from now on. */
const heldFrom = (standing: Standing, since: Instant): Standing => {
  if (standing.state !== 'in-force') return standing
  const { version, trial } = standing
  return { state: 'held', version, before: trial === undefined ? version : trial.before, since }
}

/** Forgets entries after ten minutes, unless their verdict is still due or may be. */
export const forgetCounted = (
  memory: GuardMemory,
  decisions: Decisions,
  guarded: Guarded,
  isMissing: (connectionId: string) => boolean,
): GuardMemory => {
  const { now } = guarded
  if (memory.counted.every(isRecent(now))) return memory
  const due = keysOf(dueVerdicts(decisions, memory, guarded).map(({ entry }) => entry))
  const unknown = new Map([...decisions.unknown].map(([{ name }, ids]) => [name, ids]))
  const isKept = (entry: Counted) =>
    isRecent(now)(entry) ||
    due.has(entry) ||
    unknown.get(entry.policy)?.has(entry.connectionId) === true ||
    isMissing(entry.connectionId)
  return { ...memory, counted: memory.counted.filter(isKept) }
}

/** A due verdict that the guard checks. */
interface Due {
  readonly entry: Counted
  /** Whether it is checked because its connection was established after the edit. */
  readonly isArrival: boolean
}

const dueVerdicts = (decisions: Decisions, { standings, limits }: GuardMemory, guarded: Guarded): readonly Due[] => {
  const { mode, now } = guarded
  const lookAheadMs = limits?.lookAheadMs ?? 0
  return decisions.violating.flatMap((decision) =>
    decision.violated.flatMap((verdict): readonly Due[] => {
      const { policy } = verdict
      const standing = standingOf(standings, policy.name)
      if (policy.guard === 'off' || standing?.state !== 'in-force') return []
      if (!acts(policy, mode) || !isDue(verdict, now)) return []
      const entry = entryOf(decision.connection, policy.name, now)
      if (isUnforeseen(decision.connection, verdict, standing, lookAheadMs, guarded))
        return [{ entry, isArrival: false }]
      const { trial } = standing
      const isArrival =
        trial !== undefined &&
        policy.kind.facts === 'immutable' &&
        shownAt(decision.connection, guarded) > standing.comparedAt &&
        now < trial.until &&
        isEndedByEdit(decision, verdict, trial, standings, guarded)
      return isArrival ? [{ entry, isArrival }] : []
    }),
  )
}

const shownAt = ({ id, establishedAt = NEVER }: Connection, { history, now }: Guarded): Instant =>
  history.firstSeenAt(id) ?? (establishedAt <= now ? establishedAt : now)

/** Whether nothing but an edit, or AWS's counters, made the verdict due, and no comparison has covered it. */
const isUnforeseen = (
  connection: Connection,
  { policy, since, deadline }: ViolatedVerdict,
  { comparedAt }: Extract<Standing, { state: 'in-force' }>,
  lookAheadMs: number,
  guarded: Guarded,
): boolean => {
  if (policy.kind.facts !== 'immutable') return true
  const isCompared = shownAt(connection, guarded) <= comparedAt && deadline <= comparedAt + lookAheadMs
  return !isCompared && since < guarded.history.changedAt(policy)
}

/** Whether the connection stays up under the version before the edit, and under the policies that were not edited. */
const isEndedByEdit = (
  { connection, violated }: Decision,
  verdict: ViolatedVerdict,
  { before }: Trial,
  standings: Standings,
  guarded: Guarded,
): boolean => {
  const { history, now, location } = guarded
  const endsAnyway = violated.some((other) => {
    const standing = standingOf(standings, other.policy.name)
    return other !== verdict && isDue(other, now) && standing?.state === 'in-force' && standing.trial === undefined
  })
  if (endsAnyway) return false
  if (before === undefined) return true
  const set = setFinder(guarded)(before.set)
  if (set === undefined) return false
  const versions = createVersions([{ policy: verdict.policy.name, set, isInForce: true }], location)
  return versions(connection).every(([, applicability]) => endsAt(applicability, connection, history, now, now) > now)
}
