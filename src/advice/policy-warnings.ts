import type { Location } from '../domain/names/selector.ts'
import type { UserEntry } from '../domain/names/user-list.ts'
import type { Policy, Selector, Warning } from '../domain/policies/policy.ts'
import { type Instant, NEVER, toText } from '../domain/time/instant.ts'
import { inertness, type Surroundings } from './inert-policy.ts'
import { shadowsAmong } from './shadow.ts'
import { createUserCover, EVERYTHING } from './user-cover.ts'
import { windowWarnings } from './window-warnings.ts'

/** A set of valid policies, and what is around it. */
export interface Reviewed {
  readonly policies: readonly Policy[]
  readonly protect: readonly UserEntry[]
  /** The endpoints that are watched; undefined if that is not known. */
  readonly places: readonly Location[] | undefined
  readonly now: Instant
}

/** A warning, and the policy to which its path is relative; without one the path is that of the daemon's file. */
export interface PolicyWarning extends Warning {
  readonly policy: Policy | undefined
}

/** What is valid and hardly meant: policies that can never act or add nothing, entries that are over, windows that the clocks distort. */
export const policyWarnings = ({ policies, protect, places, now }: Reviewed): readonly PolicyWarning[] => {
  const protectsAll = createUserCover(protect, 'principal')
  const isAllProtected = protectsAll(EVERYTHING, 'principal')
  const surroundings: Surroundings = {
    protects: isAllProtected ? createUserCover([], 'principal') : protectsAll,
    places,
  }

  const inert = new Map(policies.map((policy) => [policy, inertness(policy, surroundings)]))
  const shadows = shadowsAmong(policies.filter((policy) => inert.get(policy) === undefined))
  const shadowOf = new Map(shadows.map(({ policy, by }) => [policy, by]))

  const ofPolicy = (policy: Policy): readonly Warning[] => {
    const why = inert.get(policy)
    const by = shadowOf.get(policy)
    return [
      ...(why === undefined ? [] : [why]),
      ...(by === undefined ? [] : [shadowWarning(by)]),
      ...expired(policy.exempt, 'exempt', now),
      ...(policy.kind.hours === undefined ? [] : windowWarnings(policy.kind.hours(policy.rule), now)),
      ...(policy.kind.warnings?.(policy.rule, { now }) ?? []),
    ]
  }
  return [
    ...(isAllProtected ? [{ policy: undefined, ...ALL_PROTECTED }] : []),
    ...expired({ users: protect, endpoints: undefined, regions: undefined }, 'protect', now).map((warning) => ({
      policy: undefined,
      ...warning,
    })),
    ...policies.flatMap((policy) => ofPolicy(policy).map((warning) => ({ policy, ...warning }))),
  ]
}

const ALL_PROTECTED: Warning = {
  path: ['protect', 'users'],
  message: 'this protects everybody: no policy can ever act; name those who must never be cut off',
}

const shadowWarning = ({ name }: Policy): Warning => ({
  path: ['name'],
  message: `the policy "${name}" ends whatever this one would, and no later: remove this one, or make it stricter`,
})

const LISTS = ['users', 'endpoints', 'regions'] as const

const expired = (selector: Selector | undefined, key: string, now: Instant): readonly Warning[] =>
  LISTS.flatMap((list) =>
    (selector?.[list] ?? []).flatMap(({ until = NEVER }, index) =>
      until <= now
        ? [
            {
              path: [key, list, index, 'until'],
              message: `this is over since ${toText(until)}: remove the entry, or extend it`,
            },
          ]
        : [],
    ),
  )
