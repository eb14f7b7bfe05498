import type { Location } from '../domain/names/location.ts'
import { hitsPlace } from '../domain/names/selector.ts'
import type { BareField, UserEntry } from '../domain/names/user-list.ts'
import type { Policy, Selector, Warning } from '../domain/policies/policy.ts'
import { ALL_TIME } from '../domain/time/period.ts'
import { createPlacesCover } from './selector-cover.ts'
import { createUserCover, EVERYTHING, type UserCover } from './user-cover.ts'

/** The parts of the configuration outside of the policies. */
export interface Surroundings {
  /** Whether `protect` covers all of the given users. */
  readonly protects: UserCover
  /** The watched endpoints; undefined if they are unknown. */
  readonly places: readonly Location[] | undefined
}

/**
 * A warning about a policy that can end no connection, or almost none, because it matches no watched endpoint or
 * because everything that it matches is exempt forever; undefined for any other policy.
 */
export const inertness = (policy: Policy, { protects, places }: Surroundings): Warning | undefined => {
  const { match, exempt } = policy
  const matchedPlaces = places?.filter((place) => hitsPlace(match, place) !== 'no')
  if (matchedPlaces?.length === 0) {
    return {
      path: ['match'],
      message: 'no endpoint under "watch" matches this, so the policy can never act: correct it, or watch the endpoint',
    }
  }

  const exemptEverywhere =
    exempt !== undefined &&
    exempt.door === undefined &&
    (matchedPlaces === undefined
      ? createPlacesCover(exempt)(match)
      : matchedPlaces.every((place) => alwaysHits(exempt, place)))
  if (exemptEverywhere && exempt.users === undefined) return ALL_EXEMPT

  const exempts = createUserCover((exemptEverywhere ? exempt.users : undefined) ?? [], 'principal')
  const userLists = userListsOf(policy)
  if (userLists.some(({ users, bare }) => exempts(users, bare))) return ALL_EXEMPT
  const exemptsOrProtects: UserCover = (users, bare) =>
    users.every((user) => exempts([user], bare) || protects([user], bare))
  if (userLists.some(({ users, bare }) => exemptsOrProtects(users, bare))) {
    return {
      path: ['name'],
      message:
        'all users that this policy matches are exempt or under "protect", so it can never act: remove the policy, or exempt fewer users',
    }
  }
  if (userLists.some(({ users }) => exemptsOrProtects(users, 'principal'))) {
    const rest = 'it can only end connections of other users with a certificate of one of these users'
    return {
      path: [exempt === undefined ? 'name' : 'exempt'],
      message: `all users that this policy names are exempt or protected, so ${rest}: name other users, or exempt fewer`,
    }
  }
  return undefined
}

const ALL_EXEMPT: Warning = {
  path: ['exempt'],
  message: 'this exempts everything that the policy matches, so it can never act: exempt less, or remove the policy',
}

/** The lists of users that the policy is limited to, without empty lists, which the kind itself reports. */
const userListsOf = ({
  kind,
  rule,
  match,
}: Policy): ReadonlyArray<{ readonly users: readonly UserEntry[]; readonly bare: BareField }> => {
  const lists = [match?.users, kind.names?.(rule)].filter((users) => users !== undefined && users.length > 0)
  // If an exemption names users, a connection without a name has an unknown verdict and stays. So EVERYTHING need not
  // cover it.
  if (lists.length === 0) return [{ users: EVERYTHING, bare: 'principal' }]
  return lists.flatMap((users) => (users === undefined ? [] : [{ users, bare: 'either' as const }]))
}

const alwaysHits = (selector: Selector, place: Location): boolean => {
  const hit = hitsPlace(selector, place)
  return typeof hit === 'object' && hit.periods === ALL_TIME
}
