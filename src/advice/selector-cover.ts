import type { BareField, UserEntry } from '../domain/names/user-list.ts'
import type { Selector } from '../domain/policies/policy.ts'
import { createUserCover, EVERYTHING } from './user-cover.ts'

type LocationKey = 'endpoints' | 'regions'

/** Whether a list of endpoints or Regions hits all that another one does; a missing list hits everything. */
const createPlaceCover = (wide: readonly UserEntry[] | undefined) => {
  if (wide === undefined) return () => true
  const cover = createUserCover(wide, 'either')
  return (narrow: readonly UserEntry[] | undefined) => cover(narrow ?? EVERYTHING, 'either')
}

/** Whether a selector's endpoints and Regions hold all of another one's. */
export const createPlacesCover = (wide: Selector | undefined) => {
  const endpoints = createPlaceCover(wide?.endpoints)
  const regions = createPlaceCover(wide?.regions)
  return (narrow: Pick<Selector, LocationKey> | undefined): boolean =>
    endpoints(narrow?.endpoints) && regions(narrow?.regions)
}

/** Whether a selector, bare patterns read in one way, hits all that another one hits, as long as it does, and is in doubt about nobody else. */
export const createSelectorCover = (wide: Selector, bare: BareField) => {
  const places = createPlacesCover(wide)
  const users = wide.users === undefined ? undefined : createUserCover(wide.users, bare)
  return (narrow: Selector | undefined): boolean => {
    if (!places(narrow)) return false
    // Who has no name is missed by every list of users, but not by its absence.
    return users === undefined || (narrow?.users !== undefined && users(narrow.users, bare))
  }
}
