import { type EndpointEntry, isAnyEndpoint, isOfIds } from '../domain/names/endpoint-pattern.ts'
import type { Pattern } from '../domain/names/pattern.ts'
import type { BareField, UserEntry } from '../domain/names/user-list.ts'
import type { Selector } from '../domain/policies/policy.ts'
import { createUserCover, EVERYTHING } from './user-cover.ts'

type LocationKey = 'endpoints' | 'regions'

/** Whether a list of Regions matches everything that another one matches. A missing list matches everything. */
const createRegionCover = (wide: readonly UserEntry[] | undefined) => {
  if (wide === undefined) return () => true
  const cover = createUserCover(wide, 'either')
  return (narrow: readonly UserEntry[] | undefined) => cover(narrow ?? EVERYTHING, 'either')
}

/** The fact of an endpoint that a pattern is compared with. */
const subjectOf = ({ pattern }: EndpointEntry): string => {
  if (pattern.field === 'tag') return `tag:${pattern.key}`
  return isOfIds(pattern) ? 'id' : 'name'
}

/** The entry as one of users, which compares its text with any name. */
const asUserEntry = ({ pattern, ...period }: EndpointEntry): UserEntry => ({ ...period, pattern: textPattern(pattern) })

/** The text with which an endpoint's name, id or tag is compared. */
export const endpointText = ({ pattern }: EndpointEntry): string => textPattern(pattern).text

const textPattern = (pattern: EndpointEntry['pattern']): Pattern => {
  if (pattern.field !== 'tag') return pattern
  const { source, value = { text: '*', exact: false } } = pattern
  return { source, field: 'either', ...value }
}

/** The same for a list of endpoints. Entries that read different facts of an endpoint do not cover each other. */
const createEndpointCover = (wide: readonly EndpointEntry[] | undefined) => {
  if (wide === undefined) return () => true
  const any = wide.filter(({ pattern }) => isAnyEndpoint(pattern))
  const bySubject = new Map(
    [...new Set(wide.map(subjectOf))].map((subject) => [
      subject,
      coverOf([...any, ...wide.filter((entry) => subjectOf(entry) === subject)]),
    ]),
  )
  const byAny = coverOf(any)
  return (narrow: readonly EndpointEntry[] | undefined) =>
    (narrow ?? EVERYTHING).every((entry) => {
      const cover = isAnyEndpoint(entry.pattern) ? byAny : (bySubject.get(subjectOf(entry)) ?? byAny)
      return cover([asUserEntry(entry)], 'either')
    })
}

const coverOf = (entries: readonly EndpointEntry[]) => createUserCover(entries.map(asUserEntry), 'either')

/** Whether a selector's endpoints and Regions match all of those that another selector matches. */
export const createPlacesCover = (wide: Selector | undefined) => {
  const endpoints = createEndpointCover(wide?.endpoints)
  const regions = createRegionCover(wide?.regions)
  return (narrow: Pick<Selector, LocationKey> | undefined): boolean =>
    endpoints(narrow?.endpoints) && regions(narrow?.regions)
}

/**
 * Whether a selector matches everything that another selector matches, for at least as long, without unknown results
 * for any other connection. `bare` says how both read patterns without a prefix.
 */
export const createSelectorCover = (wide: Selector, bare: BareField) => {
  // The facts of the door are unknown to the daemon, whatever the other selector asks for.
  if (wide.door !== undefined) return () => false
  const places = createPlacesCover(wide)
  const users = wide.users === undefined ? undefined : createUserCover(wide.users, bare)
  return (narrow: Selector | undefined): boolean => {
    if (!places(narrow)) return false
    // A connection without a name matches no list of users, but it matches a selector without a list.
    return users === undefined || (narrow?.users !== undefined && users(narrow.users, bare))
  }
}
