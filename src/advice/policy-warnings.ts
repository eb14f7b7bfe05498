import { DOOR_KEYS } from '../domain/names/door-selector.ts'
import type { Location } from '../domain/names/location.ts'
import { periodsOf, type UserEntry } from '../domain/names/user-list.ts'
import type { Policy, Selector, Warning } from '../domain/policies/policy.ts'
import { type Instant, NEVER, toText } from '../domain/time/instant.ts'
import { intersection } from '../domain/time/period.ts'
import { doorWarnings } from './door-warnings.ts'
import { idleHoursWarnings } from './idle-hours.ts'
import { inertness, type Surroundings } from './inert-policy.ts'
import { shadowsAmong } from './shadow.ts'
import { createUserCover, EVERYTHING } from './user-cover.ts'
import { windowWarnings } from './window-warnings.ts'

/** A set of valid policies, and the configuration around them. */
export interface Reviewed {
  readonly policies: readonly Policy[]
  readonly protect: readonly UserEntry[]
  /** The watched endpoints; undefined if they are unknown. */
  readonly places: readonly Location[] | undefined
  readonly now: Instant
}

/** A warning and its policy. The path is relative to the policy, or without one to the daemon's file. */
export interface PolicyWarning extends Warning {
  readonly policy: Policy | undefined
}

/**
 * Warnings about valid policies that are probably not what the operator wants: policies that can never act or are
 * superfluous, expired entries, windows that a change of the clocks distorts.
 */
export const policyWarnings = ({ policies, protect, places, now }: Reviewed): readonly PolicyWarning[] => {
  const protectsAll = createUserCover(protect, 'principal')
  const isAllProtected = protectsAll(EVERYTHING, 'principal')
  const surroundings: Surroundings = {
    protects: isAllProtected ? createUserCover([], 'principal') : protectsAll,
    places,
  }

  const current = policies.filter((policy) => overWarning(policy, now) === undefined)
  const inert = new Map(current.map((policy) => [policy, inertness(policy, surroundings)]))
  const shadows = shadowsAmong(current.filter((policy) => inert.get(policy) === undefined))
  const shadowOf = new Map(shadows.map(({ policy, by }) => [policy, by]))

  const ofPolicy = (policy: Policy): readonly Warning[] => {
    const over = overWarning(policy, now)
    if (over !== undefined) return [over]
    const inertWarning = inert.get(policy)
    const by = shadowOf.get(policy)
    return [
      ...(inertWarning === undefined ? [] : [inertWarning]),
      ...(by === undefined ? [] : [shadowWarning(by)]),
      ...expired(policy.match, 'match', now),
      ...expired(policy.exempt, 'exempt', now),
      ...idleEntries(policy, now),
      ...hoursWarnings(policy, now),
      ...doorWarnings(policy),
      ...(policy.kind.warnings?.(policy.rule, { now }) ?? []),
    ]
  }
  return [
    ...(isAllProtected ? [{ policy: undefined, ...ALL_PROTECTED }] : []),
    ...expired({ users: protect, endpoints: undefined, regions: undefined }, 'protect', now).map((warning) => ({
      policy: undefined,
      ...warning,
    })),
    ...idleAmong(protect, ['protect', 'users'], {}, now).map((warning) => ({ policy: undefined, ...warning })),
    ...policies.flatMap((policy) => ofPolicy(policy).map((warning) => ({ policy, ...warning }))),
  ]
}

const ALL_PROTECTED: Warning = {
  path: ['protect', 'users'],
  message: 'this protects every user, so no policy can ever act: name only users whose connections must never end',
}

const overWarning = ({ until = NEVER }: Policy, now: Instant): Warning | undefined =>
  until <= now
    ? { path: ['until'], message: `this policy has been over since ${toText(until)}: remove it, or extend it` }
    : undefined

const hoursWarnings = ({ kind, rule, from = -NEVER, until = NEVER }: Policy, now: Instant): readonly Warning[] => {
  if (kind.hours === undefined) return []
  const hours = kind.hours(rule)
  const idle = from > -NEVER ? idleHoursWarnings(hours, { from, until }) : []
  return [...windowWarnings(hours, Math.max(now, from), until), ...idle]
}

const shadowWarning = ({ name }: Policy): Warning => ({
  path: ['name'],
  message: `the policy "${name}" ends every connection that this one would end, and no later: remove this one, or make it stricter`,
})

/** The lists of a selector, each with its path in the policy. */
const listsOf = (selector: Selector | undefined, key: string) => [
  ...(['users', 'endpoints', 'regions'] as const).map((list) => ({
    path: [key, list],
    entries: selector?.[list] ?? [],
  })),
  ...DOOR_KEYS.map((list) => ({ path: [key, 'door', list], entries: selector?.door?.[list] ?? [] })),
]

const expired = (selector: Selector | undefined, key: string, now: Instant): readonly Warning[] =>
  listsOf(selector, key).flatMap(({ path, entries }) =>
    entries.flatMap(({ until = NEVER }, index) =>
      until <= now
        ? [
            {
              path: [...path, index, 'until'],
              message: `this entry expired at ${toText(until)}: remove it, or extend it`,
            },
          ]
        : [],
    ),
  )

/**
 * Entries that never apply: an entry of a group and the entry that names the group have no time in common, or the policy
 * is not in force in the time of the entry.
 */
const idleEntries = (policy: Policy, now: Instant): readonly Warning[] => [
  ...(['match', 'exempt'] as const).flatMap((key) =>
    listsOf(policy[key], key).flatMap(({ path, entries }) => idleAmong(entries, path, policy, now)),
  ),
  ...idleAmong(policy.kind.names?.(policy.rule) ?? [], ['users'], policy, now),
]

type Timed = Parameters<typeof periodsOf>[0][number]

const idleAmong = (
  entries: readonly Timed[],
  path: Warning['path'],
  { from, until }: Partial<Timed>,
  now: Instant,
): readonly Warning[] => {
  const inForce = periodsOf([{ from, until }])
  return entries.flatMap((entry, index) => {
    const isExpired = (entry.until ?? NEVER) <= now
    if (isExpired || intersection(periodsOf([entry]), inForce).length > 0) return []
    return [{ path: [...path, index], message: NEVER_APPLIES }]
  })
}

const NEVER_APPLIES =
  'this entry never applies, because its time, that of its group and that of the policy have no instant in common: correct "from" and "until", or remove the entry'
