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
import { type PolicyVersion, type Standing, type Standings, standingOf } from './standing.ts'

/** The rules with which the guard compares connections that are established after an edit, and for how long. */
interface Rules {
  /** The hash of the policy set before the edit, and the names of its policies that were in force. */
  readonly set: string
  readonly policies: readonly string[]
  /** The facts by which policies selected the endpoint before the edit. Undefined: those of now. */
  readonly facts?: EndpointFacts | undefined
  readonly until: Instant
  /**
   * By name, the versions that an operator has let act since: by `guard: off`, or from audit mode, which has shown whom they end.
   * They count as rules before the edit.
   */
  readonly accepted?: Readonly<Record<string, PolicyVersion>> | undefined
  /** The largest number of active connections in this time. */
  readonly most: number
}

/** A time in which the guard compares connections that are established after an edit with the rules before it. */
export interface Trial extends Rules {
  /**
   * The rules before the first edit in the second half of this time, for the time after it. Otherwise such an edit would be on
   * trial for hours.
   */
  readonly next?: Rules | undefined
}

/** An office is empty at night and at the weekend. Within a week everybody for whom an edit is meant has connected. */
const AT_LEAST_MS = 7 * DAY

/** The trial that goes on. */
export const trialAt = (trial: Trial | undefined, now: Instant): Trial | undefined =>
  [trial, trial?.next].find((rules) => rules !== undefined && now < rules.until)

/** The hashes of the policy sets that a trial may compare with. */
export const setsOf = (trial: Trial | undefined): readonly string[] =>
  [trial, trial?.next].flatMap((rules) =>
    rules === undefined ? [] : [rules.set, ...Object.values(rules.accepted ?? {}).map(({ set }) => set)],
  )

/** The versions that an operator lets act in a judgement: by `guard: off`, or from audit mode as it has shown them. */
export const lastAccepted = (
  before: Standings,
  after: ReadonlyMap<string, Standing>,
  { set, reselection }: Guarded,
): Readonly<Record<string, PolicyVersion>> =>
  Object.fromEntries(
    set.policies.flatMap(({ name, hash, guard }) => {
      const [was, is] = [standingOf(before, name), after.get(name)]
      const isShown = was?.state === 'audit' && was.version.hash === hash && !reselection.policies.has(name)
      return is?.state === 'in-force' && (guard === 'off' || isShown) ? [[name, is.version] as const] : []
    }),
  )

/**
 * The trial after a judgement. Several edits in a row are compared with the rules before the first of them, for a week from
 * that one, or for as long as the guard looks ahead if that is longer. Each is on trial for half of this time at least.
 */
export const trialAfter = (
  { trial, standings }: { readonly trial: Trial | undefined; readonly standings: Standings },
  isEdited: boolean,
  accepted: Readonly<Record<string, PolicyVersion>>,
  { now, set, setHash, active, limits, reselection }: Guarded,
): Trial | undefined => {
  const { lookAheadMs } = limits
  if (lookAheadMs === 0) return undefined
  const lengthMs = Math.max(lookAheadMs, AT_LEAST_MS)
  const names = new Set(set.policies.map(({ name }) => name))
  // The operator has let a policy act on the endpoints that it selected then, and under its name.
  const isStillAccepted = ([name]: readonly [string, PolicyVersion]) =>
    names.has(name) && !reselection.policies.has(name)
  const goingOn = <Kind extends Rules>(rules: Kind): Kind => ({
    ...rules,
    // After a clock was set back, a trial would last too long.
    until: Math.min(rules.until, now + lengthMs),
    accepted: { ...Object.fromEntries(Object.entries(rules.accepted ?? {}).filter(isStillAccepted)), ...accepted },
    most: Math.max(rules.most, active.length),
  })
  const begun = (): Rules => {
    const inForce = Object.entries(standings).flatMap(([name, standing]) =>
      standing.state === 'in-force' ? [[name, standing.version.set] as const] : [],
    )
    return {
      // All of them were judged together, under one policy set.
      set: inForce[0]?.[1] ?? setHash,
      policies: inForce.map(([name]) => name),
      facts: factsOf(reselection.before),
      until: now + lengthMs,
      accepted,
      most: active.length,
    }
  }
  const current = trialAt(trial, now)
  if (current === undefined) return isEdited ? begun() : undefined
  const same = goingOn(current)
  if (same.next !== undefined) return { ...same, next: goingOn(same.next) }
  return isEdited && now >= same.until - lengthMs / 2 ? { ...same, next: begun() } : same
}

/** The version of a policy that an operator let act in this time. A name such as `constructor` is no key of an empty map. */
const acceptedIn = ({ accepted = {} }: Rules, name: string): PolicyVersion | undefined =>
  Object.hasOwn(accepted, name) ? accepted[name] : undefined

/** The version of a policy that was in force before the trial, or was let act in it. Undefined if there is none, or no trial. */
export const versionBeforeTrial = (
  trial: Trial | undefined,
  name: string,
  guarded: Guarded,
): PolicyVersion | undefined => {
  const current = trialAt(trial, guarded.now)
  if (current === undefined) return undefined
  const accepted = acceptedIn(current, name)
  if (accepted !== undefined || !current.policies.includes(name)) return accepted
  const policy = setFinder(guarded)(current.set)?.policies.find((one) => one.name === name)
  return policy && { hash: policy.hash, set: current.set }
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
      return isSame || acceptedIn(trial, name)?.hash === hash ? [] : [name]
    }),
  )
}

/**
 * When the rules before the trial would have ended an arrival that one of the policies ends; NEVER if more than a minute after
 * the horizon. Undefined if the trial has no objection: no edit changed the policy, the person has been counted, the trial is
 * over, or its rules can no longer be read.
 */
export const createEndBeforeTrial = (
  { counted, trial: remembered }: { readonly counted: readonly Counted[]; readonly trial: Trial | undefined },
  guarded: Guarded,
  policies: readonly Policy[],
  horizon: Instant,
): ((due: Due) => Instant | undefined) => {
  const { history, now, location } = guarded
  const trial = trialAt(remembered, now)
  const setOf = setFinder(guarded)
  const earlier = trial && setOf(trial.set)
  if (trial === undefined || earlier === undefined) return () => undefined
  const edited = editedIn(trial, earlier, policies, guarded)
  const known = keysOf(counted)
  const people = new Set(counted.map(personKey))
  const endBefore = createEndBefore(
    [
      ...trial.policies.map((policy): Version => ({ policy, set: earlier, isInForce: true })),
      ...Object.entries(trial.accepted ?? {}).flatMap(([policy, version]): readonly Version[] => {
        const set = setOf(version.set)
        return set === undefined ? [] : [{ policy, set, isInForce: true }]
      }),
    ],
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
