import { type Location, resolveSelector } from '../domain/names/selector.ts'
import { type BareField, personOf, type UserEntry } from '../domain/names/user-list.ts'
import type { Policy, Selector, Warning } from '../domain/policies/policy.ts'
import { NEVER } from '../domain/time/instant.ts'
import { createPlacesCover } from './selector-cover.ts'
import { createUserCover, EVERYTHING, type UserCover } from './user-cover.ts'

/** What stands around the policies. */
export interface Surroundings {
  /** Whether `protect` holds all of some users. */
  readonly protects: UserCover
  /** The endpoints that are watched; undefined if that is not known. */
  readonly places: readonly Location[] | undefined
}

/** Why a policy can end no connection, or hardly one: nothing that it matches is watched, or all of it is exempt for good. */
export const inertness = (policy: Policy, { protects, places }: Surroundings): Warning | undefined => {
  const { match, exempt } = policy
  const here = places?.filter((place) => hitsForGood(match, place))
  if (here?.length === 0) {
    return {
      path: ['match'],
      message: 'no endpoint under "watch" satisfies this: the policy can never act; correct it, or watch the endpoint',
    }
  }

  const exemptHere =
    exempt !== undefined &&
    (here === undefined ? createPlacesCover(exempt)(match) : here.every((place) => hitsForGood(exempt, place)))
  if (exemptHere && exempt.users === undefined) return ALL_EXEMPT

  const exempts = createUserCover((exemptHere ? exempt.users : undefined) ?? [], 'principal')
  const whom = namedBy(policy)
  if (whom.some(({ users, bare }) => exempts(users, bare))) return ALL_EXEMPT
  const spares: UserCover = (users, bare) => users.every((user) => exempts([user], bare) || protects([user], bare))
  if (whom.some(({ users, bare }) => spares(users, bare))) {
    return {
      path: ['name'],
      message:
        'everybody whom this policy matches is exempt or under "protect": it can never act; remove it, or spare fewer',
    }
  }
  if (whom.some(({ users }) => spares(users, 'principal'))) {
    const rest = 'it can end no more than connections of others who use a certificate of theirs'
    return {
      path: [exempt === undefined ? 'name' : 'exempt'],
      message: `everybody whom this policy names is exempt or protected: ${rest}; name others, or exempt fewer`,
    }
  }
  return undefined
}

const ALL_EXEMPT: Warning = {
  path: ['exempt'],
  message: 'this exempts everything that the policy matches: it can never act; exempt less, or remove the policy',
}

/** Lists of users to whom the policy is confined; one that is empty says so itself. */
const namedBy = ({
  kind,
  rule,
  match,
}: Policy): ReadonlyArray<{ readonly users: readonly UserEntry[]; readonly bare: BareField }> => {
  const lists = [match?.users, kind.names?.(rule)].filter((users) => users !== undefined && users.length > 0)
  // Who has no name is in doubt wherever an exemption names users, and doubt keeps the connection.
  if (lists.length === 0) return [{ users: EVERYTHING, bare: 'principal' }]
  return lists.flatMap((users) => (users === undefined ? [] : [{ users, bare: 'either' as const }]))
}

const NOBODY = personOf({ username: undefined, commonName: undefined })

const hitsForGood = (selector: Selector | undefined, place: Location): boolean => {
  if (selector === undefined) return true
  const hit = resolveSelector({ ...selector, users: undefined }, 'either')(place)(NOBODY)
  return typeof hit === 'object' && hit.until === NEVER
}
