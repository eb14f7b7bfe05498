import { type Connection, principalOf } from '../connection.ts'
import type { Decisions } from '../judge/decide.ts'
import { isDue, type ViolatedVerdict } from '../judge/verdict.ts'
import type { Location } from '../names/selector.ts'
import { acts, type History, type Mode, type Policy } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import { type Instant, MINUTE, NEVER } from '../time/instant.ts'
import { createEndBefore, type NewlyEnded, NOTICEABLE_MS, newlyEndedBy, type Version } from './look-ahead.ts'
import { type Base, baseOf, type PolicyVersion, type Standing, type Standings, standingOf, stands } from './standing.ts'

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
  /** Whether the connection was established after the edit. */
  readonly isArrival: boolean
}

/** A time in which the guard compares connections that are established after an edit with the rules before it. */
export interface Trial {
  /** The hash of the policy set before the edit, and the names of its policies that were in force. */
  readonly set: string
  readonly policies: readonly string[]
  readonly until: Instant
  /** The largest number of active connections in this time. */
  readonly most: number
}

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
  ...(trial === undefined ? [] : [trial.set]),
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
  /** When the snapshot was begun that shows them. */
  readonly shownAt: Instant
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

const entryOf = (connection: Connection, policy: string, at: Instant, isArrival: boolean): Counted => ({
  policy,
  connectionId: connection.id,
  principal: principalOf(connection),
  at,
  isArrival,
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

/** How many connections count, of how many. */
interface Sum {
  readonly counted: number
  readonly of: number
}

const exceeds = ({ counted, of }: Sum, { minConnections, maxPercent }: GuardLimits) =>
  counted > minConnections && 100 * counted > maxPercent * of

/**
 * The policies of which the new entries would end too much of the endpoint: first those that do so alone, then all the
 * others together. `counted` are the entries of the last ten minutes that were let through.
 */
const tooMuch = (
  entries: readonly Counted[],
  counted: readonly Counted[],
  { active, limits }: Pick<Guarded, 'active' | 'limits'>,
): ReadonlyMap<string, Sum> => {
  if (entries.length === 0) return new Map()
  const up = new Set(active.map(({ id }) => id))
  const gone = new Set(counted.flatMap(({ connectionId }) => (up.has(connectionId) ? [] : [connectionId])))
  // Connections that have ended since still belong to the endpoint. Otherwise each end would make the limit stricter.
  const of = active.length + gone.size
  const sumOf = (...all: ReadonlyArray<readonly Counted[]>): Sum => ({
    counted: new Set(all.flatMap((some) => some.map(({ connectionId }) => connectionId))).size,
    of,
  })
  const before = groupByPolicy(counted)
  const alone = new Map<string, Sum>()
  for (const [policy, some] of groupByPolicy(entries)) {
    const sum = sumOf(some, before.get(policy) ?? [])
    if (exceeds(sum, limits)) alone.set(policy, sum)
  }
  // One urgent ban beside a held policy still acts.
  const rest = entries.filter(({ policy }) => !alone.has(policy))
  const together = sumOf(rest, counted)
  if (rest.length === 0 || !exceeds(together, limits)) return alone
  return new Map([...alone, ...rest.map(({ policy }) => [policy, together] as const)])
}

const groupByPolicy = (entries: readonly Counted[]): ReadonlyMap<string, readonly Counted[]> => {
  const groups = new Map<string, Counted[]>()
  for (const entry of entries) {
    if (groups.get(entry.policy)?.push(entry) === undefined) groups.set(entry.policy, [entry])
  }
  return groups
}

/** The policies that have ended too many different people who connected after the edit. */
const tooManyArrivals = (
  arrivals: readonly Counted[],
  before: readonly Counted[],
  { most }: Pick<Trial, 'most'>,
  limits: GuardLimits,
): ReadonlyMap<string, Sum> => {
  const known = groupByPolicy(before.filter(({ isArrival }) => isArrival))
  return new Map(
    [...groupByPolicy(arrivals)].flatMap(([policy, some]) => {
      const sum = { counted: some.length + (known.get(policy)?.length ?? 0), of: most }
      return exceeds(sum, limits) ? [[policy, sum] as const] : []
    }),
  )
}

const isWithin = (now: Instant) => (entry: Counted) => now - entry.at < WITHIN_MS

/** Whether the entry counts together with those of other edits. */
const isRecent = (now: Instant) => (entry: Counted) => !entry.isArrival && isWithin(now)(entry)

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
  const { set, setHash, mode, limits, now, shownAt, active } = guarded
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
    const next = stands(standing, policy, version, { mode, shownAt: Math.min(shownAt, now), isReleased })
    if (next !== undefined) {
      standings.set(name, next)
      continue
    }
    const base = standing?.state === 'gone' && now - standing.goneAt >= WITHIN_MS ? undefined : baseOf(standing)
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
  const isFresh = (standing: Standing) => standing.state !== 'gone' || now - standing.goneAt < WITHIN_MS
  const inForce = Object.entries(before.standings).flatMap(([name, standing]) =>
    !names.has(name) && (standing.state === 'in-force' || standing.state === 'gone') && isFresh(standing)
      ? asVersion(name, { version: standing.version, isInForce: true })
      : [],
  )
  const own = edits.flatMap(({ policy, base }) => (base === undefined ? [] : asVersion(policy.name, base)))
  const { lookAheadMs } = limits
  const newlyEnded = newlyEndedBy(names, [...own, ...inForce], { ...guarded, lookAheadMs })
  const entries = newlyEnded.map(({ connection, policy }) => entryOf(connection, policy, now, false))

  const counted = asOf(before.counted, now)
  const held = tooMuch(entries, counted.filter(isRecent(now)), { active, limits })
  for (const { policy, version, base } of edits) {
    const sum = held.get(policy.name)
    const inForceNow: Standing = { state: 'in-force', version, comparedAt: Math.min(shownAt, now) }
    standings.set(
      policy.name,
      sum === undefined ? inForceNow : { state: 'held', version, before: base?.version, since: now, ...sum },
    )
  }
  for (const [name, standing] of Object.entries(before.standings)) {
    if (standings.has(name)) continue
    if (standing.state === 'in-force') standings.set(name, { state: 'gone', version: standing.version, goneAt: now })
    if (standing.state === 'gone' && isFresh(standing)) {
      standings.set(name, { ...standing, goneAt: Math.min(standing.goneAt, now) })
    }
  }
  // A policy that is turned to enforce as it is has been shown by audit mode.
  const isEdited = edits.some(({ version, base }) => !isFirst && base?.version.hash !== version.hash)
  const isHeld = ({ state }: Standing) => state === 'held'
  return {
    memory: {
      limits,
      standings: Object.fromEntries(standings),
      counted: [...counted, ...entries.filter(({ policy }) => !held.has(policy))],
      trial: trialAfter(before, isEdited, guarded),
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
 * The trial after a judgement. Several edits in a row are compared with the rules before the first of them, for as long as
 * the guard looks ahead from that one.
 */
const trialAfter = (
  { trial, standings }: GuardMemory,
  isEdited: boolean,
  { now, setHash, active, limits }: Guarded,
): Trial | undefined => {
  const { lookAheadMs } = limits
  if (lookAheadMs === 0) return undefined
  if (trial !== undefined && now < trial.until) {
    // After a clock was set back, a trial would last too long.
    return { ...trial, until: Math.min(trial.until, now + lookAheadMs), most: Math.max(trial.most, active.length) }
  }
  if (!isEdited) return undefined
  const inForce = Object.entries(standings).flatMap(([name, standing]) =>
    standing.state === 'in-force' ? [[name, standing.version.set] as const] : [],
  )
  // All of them were judged together, under one policy set.
  const set = inForce[0]?.[1] ?? setHash
  return { set, policies: inForce.map(([name]) => name), until: now + lookAheadMs, most: active.length }
}

/**
 * Checks verdicts that have become due and that no comparison has covered. If they would end too much of the endpoint,
 * their policies are held.
 */
export const reviewDue = (decisions: Decisions, before: GuardMemory, guarded: Guarded): Review => {
  const { now, limits } = guarded
  const due = dueVerdicts(decisions, before, guarded)
  const known = keysOf(before.counted)
  const unforeseen = due
    .filter(({ isUnforeseen, ...key }) => isUnforeseen && !known.has(key))
    .map(({ connection, policy }) => entryOf(connection, policy, now, false))
  const arrivals = newArrivals(due, before, guarded)
  const held = new Map([
    ...tooMuch(unforeseen, before.counted.filter(isRecent(now)), guarded),
    ...tooManyArrivals(arrivals, before.counted, before.trial ?? { most: 0 }, limits),
  ])
  return {
    memory: {
      ...before,
      standings: Object.fromEntries(
        Object.entries(before.standings).map(([name, standing]): [string, Standing] => {
          const sum = held.get(name)
          return [name, sum === undefined ? standing : heldFrom(standing, now, sum)]
        }),
      ),
      counted: [...before.counted, ...[...unforeseen, ...arrivals].filter(({ policy }) => !held.has(policy))],
    },
    held: [...held.keys()],
  }
}

/** The standing of a policy that was in force and is held from now on. */
const heldFrom = (standing: Standing, since: Instant, sum: Sum): Standing =>
  standing.state === 'in-force'
    ? { state: 'held', version: standing.version, before: standing.version, since, ...sum }
    : standing

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

/** A due verdict of a policy that is in force and under guard. */
interface Due {
  readonly connection: Connection
  readonly connectionId: string
  readonly policy: string
  /** Whether nothing but an edit, or AWS's counters, made it due, and no comparison has covered it. */
  readonly isUnforeseen: boolean
  /** Whether no snapshot had shown the connection when its policy was compared. */
  readonly isArrival: boolean
}

const dueVerdicts = (decisions: Decisions, { standings, limits }: GuardMemory, guarded: Guarded): readonly Due[] => {
  const { mode, now } = guarded
  const lookAheadMs = limits?.lookAheadMs ?? 0
  return decisions.violating.flatMap(({ connection, violated }) =>
    violated.flatMap((verdict): readonly Due[] => {
      const { policy } = verdict
      const standing = standingOf(standings, policy.name)
      if (policy.guard === 'off' || standing?.state !== 'in-force') return []
      if (!acts(policy, mode) || !isDue(verdict, now)) return []
      const isNew = firstShownAt(connection, guarded) > standing.comparedAt
      const isUnforeseen = isUnforeseenBy(verdict, isNew, standing.comparedAt + lookAheadMs, guarded)
      const isArrival = isNew && policy.kind.facts === 'immutable' && !isUnforeseen
      if (!isUnforeseen && !isArrival) return []
      return [{ connection, connectionId: connection.id, policy: policy.name, isUnforeseen, isArrival }]
    }),
  )
}

const firstShownAt = ({ id, establishedAt = NEVER }: Connection, { history, now }: Guarded): Instant =>
  history.firstSeenAt(id) ?? (establishedAt <= now ? establishedAt : now)

const isUnforeseenBy = (
  { policy, since, deadline }: ViolatedVerdict,
  isNew: boolean,
  comparedUntil: Instant,
  { history }: Guarded,
): boolean => {
  if (policy.kind.facts !== 'immutable') return true
  return (isNew || deadline > comparedUntil) && since < history.changedAt(policy)
}

/** The arrivals that the edits of the trial end, and nothing before them would have ended. Each person counts once. */
const newArrivals = (due: readonly Due[], { counted, trial }: GuardMemory, guarded: Guarded): readonly Counted[] => {
  const { history, now, location, set } = guarded
  const earlier = trial && setFinder(guarded)(trial.set)
  if (trial === undefined || now >= trial.until || earlier === undefined) return []
  const hashes = new Map(earlier.policies.map(({ name, hash }) => [name, hash]))
  const inForce = new Set(trial.policies)
  const edited = new Set(
    set.policies.flatMap(({ name, hash }) => (inForce.has(name) && hashes.get(name) === hash ? [] : [name])),
  )
  const known = keysOf(counted)
  const people = new Set(counted.map(personKey))
  const versions = trial.policies.map((policy): Version => ({ policy, set: earlier, isInForce: true }))
  const endBefore = createEndBefore(versions, { location, history, now, horizon: now })
  const arrivals: Counted[] = []
  // The verdicts of one connection follow each other.
  let last: { readonly connection: Connection; readonly isEndedAnyway: boolean } | undefined
  for (const one of due) {
    const { connection } = one
    if (!one.isArrival || !edited.has(one.policy) || known.has(one)) continue
    if (last?.connection !== connection) {
      last = { connection, isEndedAnyway: endBefore(connection) - now <= NOTICEABLE_MS }
    }
    if (last.isEndedAnyway) continue
    const entry = entryOf(connection, one.policy, now, true)
    if (entry.principal !== undefined) {
      const key = personKey(entry)
      if (people.has(key)) continue
      people.add(key)
    }
    arrivals.push(entry)
  }
  return arrivals
}

const personKey = ({ policy, principal }: Counted) => JSON.stringify([policy, principal])
