import type { BareField, UserEntry } from '../domain/names/user-list.ts'
import type { Selector } from '../domain/policies/policy.ts'
import { createUserCover, EVERYTHING } from './user-cover.ts'

type LocationKey = 'endpoints' | 'regions'

/**
 * Whether a list of endpoints or Regions matches everything that another one matches. A missing list matches
 * everything.
 */
const createPlaceCover = (wide: readonly UserEntry[] | undefined) => {
  if (wide === undefined) return () => true
  const cover = createUserCover(wide, 'either')
  return (narrow: readonly UserEntry[] | undefined) => cover(narrow ?? EVERYTHING, 'either')
}

/** Whether a selector's endpoints and Regions match all of those that another selector matches. */
export const createPlacesCover = (wide: Selector | undefined) => {
  const endpoints = createPlaceCover(wide?.endpoints)
  const regions = createPlaceCover(wide?.regions)
  return (narrow: Pick<Selector, LocationKey> | undefined): boolean =>
    endpoints(narrow?.endpoints) && regions(narrow?.regions)
}

/**
 * Whether a selector matches everything that another selector matches, for at least as long, without unknown results
 * for any other connection. `bare` says how both read patterns without a prefix.
 */
export const createSelectorCover = (wide: Selector, bare: BareField) => {
  const places = createPlacesCover(wide)
  const users = wide.users === undefined ? undefined : createUserCover(wide.users, bare)
  return (narrow: Selector | undefined): boolean => {
    if (!places(narrow)) return false
    // A connection without a name matches no list of users, but it matches a selector without a list.
    return users === undefined || (narrow?.users !== undefined && users(narrow.users, bare))
  }
}
