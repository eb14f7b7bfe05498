import { type Connection, principalOf } from '../connection.ts'
import type { Policy } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import { DAY, type Instant, NEVER } from '../time/instant.ts'
import { type Counted, entryOf, groupByPolicy, keysOf } from './counted.ts'
import type { Due } from './due.ts'
import { type Guarded, setFinder } from './guarded.ts'
import { exceeds, type GuardLimits, type Sum } from './limits.ts'
import { createEndBefore, NOTICEABLE_MS, type Version } from './look-ahead.ts'
import { type EndpointFacts, factsOf, locationWith, selectsAlike } from './reselection.ts'
import type { PolicyVersion, Standings } from './standing.ts'

/** A time in which the guard compares connections that are established after an edit with the rules before it. */
export interface Trial {
  /** The hash of the policy set before the edit, and the names of its policies that were in force. */
  readonly set: string
  readonly policies: readonly string[]
  /** The facts by which policies selected the endpoint before the edit. Undefined: those of now. */
  readonly facts?: EndpointFacts | undefined
  readonly until: Instant
  /** The largest number of active connections in this time. */
  readonly most: number
}

/** An office is empty at night and at the weekend. Within a week everybody for whom an edit is meant has connected. */
const AT_LEAST_MS = 7 * DAY

/**
 * The trial after a judgement. Several edits in a row are compared with the rules before the first of them, for a week from
 * that one, or for as long as the guard looks ahead if that is longer.
 */
export const trialAfter = (
  { trial, standings }: { readonly trial: Trial | undefined; readonly standings: Standings },
  isEdited: boolean,
  { now, setHash, active, limits, reselection }: Guarded,
): Trial | undefined => {
  const { lookAheadMs } = limits
  if (lookAheadMs === 0) return undefined
  const until = now + Math.max(lookAheadMs, AT_LEAST_MS)
  if (trial !== undefined && now < trial.until) {
    // After a clock was set back, a trial would last too long.
    return { ...trial, until: Math.min(trial.until, until), most: Math.max(trial.most, active.length) }
  }
  if (!isEdited) return undefined
  const inForce = Object.entries(standings).flatMap(([name, standing]) =>
    standing.state === 'in-force' ? [[name, standing.version.set] as const] : [],
  )
  // All of them were judged together, under one policy set.
  const set = inForce[0]?.[1] ?? setHash
  const facts = factsOf(reselection.before)
  return { set, policies: inForce.map(([name]) => name), facts, until, most: active.length }
}

/** The version of a policy that was in force before the trial. Undefined if there is none, or no trial. */
export const versionBeforeTrial = (
  trial: Trial | undefined,
  name: string,
  guarded: Guarded,
): PolicyVersion | undefined => {
  if (trial === undefined || guarded.now >= trial.until || !trial.policies.includes(name)) return undefined
  const policy = setFinder(guarded)(trial.set)?.policies.find((one) => one.name === name)
  return policy && { hash: policy.hash, set: trial.set }
}

/** The names of the policies that edits of the trial changed, of those given. */
const editedIn = (
  trial: Trial,
  earlier: PolicySet,
  policies: readonly Policy[],
  { location }: Guarded,
): ReadonlySet<string> => {
  const hashes = new Map(earlier.policies.map(({ name, hash }) => [name, hash]))
  const inForce = new Set(trial.policies)
  const before = locationWith(location, trial.facts)
  return new Set(
    policies.flatMap((policy) => {
      const { name, hash } = policy
      const isSame = inForce.has(name) && hashes.get(name) === hash && selectsAlike(policy, before, location)
      return isSame ? [] : [name]
    }),
  )
}

/**
 * When the rules before the trial would have ended an arrival that one of the policies ends; NEVER if more than a minute after
 * the horizon. Undefined if the trial has no objection: no edit changed the policy, the person has been counted, the trial is
 * over, or its rules can no longer be read.
 */
export const createEndBeforeTrial = (
  { counted, trial }: { readonly counted: readonly Counted[]; readonly trial: Trial | undefined },
  guarded: Guarded,
  policies: readonly Policy[],
  horizon: Instant,
): ((due: Due) => Instant | undefined) => {
  const { history, now, location } = guarded
  const earlier = trial && setFinder(guarded)(trial.set)
  if (trial === undefined || now >= trial.until || earlier === undefined) return () => undefined
  const edited = editedIn(trial, earlier, policies, guarded)
  const known = keysOf(counted)
  const people = new Set(counted.map(personKey))
  const endBefore = createEndBefore(
    trial.policies.map((policy): Version => ({ policy, set: earlier, isInForce: true })),
    {
      location: locationWith(location, trial.facts),
      history,
      now,
      horizon,
      // Counters bring an end for certain only if the guard has let it through.
      certainEnd: ({ policy: { name, kind, guard } }, { id }, at) =>
        kind.facts === 'immutable' || guard === 'off' || known.has({ policy: name, connectionId: id }) ? at : NEVER,
    },
  )
  // The verdicts of one connection follow each other.
  let last: { readonly connection: Connection; readonly end: Instant } | undefined
  return (due) => {
    const { connection, policy } = due
    if (!due.isArrival || !edited.has(policy) || known.has(due)) return undefined
    const principal = principalOf(connection)
    if (principal !== undefined && people.has(personKey({ policy, principal }))) return undefined
    if (last?.connection !== connection) last = { connection, end: endBefore(connection) }
    return last.end
  }
}

/** The arrivals that the edits of the trial end. Each person counts once. */
export const newArrivals = (
  due: readonly Due[],
  before: { readonly counted: readonly Counted[]; readonly trial: Trial | undefined },
  guarded: Guarded,
): readonly Counted[] => {
  const { now, set } = guarded
  const endBeforeTrial = createEndBeforeTrial(before, guarded, set.policies, now)
  const people = new Set<string>()
  return due.flatMap((one) => {
    if ((endBeforeTrial(one) ?? now) - now <= NOTICEABLE_MS) return []
    const entry = entryOf(one.connection, one.policy, now, true)
    const key = entry.principal === undefined ? undefined : personKey(entry)
    if (key !== undefined && people.has(key)) return []
    if (key !== undefined) people.add(key)
    return [entry]
  })
}

/** The policies that have ended too many different people who connected after the edit. */
export const tooManyArrivals = (
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

const personKey = ({ policy, principal }: Pick<Counted, 'policy' | 'principal'>) => JSON.stringify([policy, principal])
