import { printable } from '../domain/printable.ts'
import type { EndpointSelection, FoundEndpoint } from './discovery.ts'
import { endpointKey, type Site } from './site.ts'

/** An entry of `watch` with its endpoints: those that it lists, and those that were discovered for it. */
interface FoundEntry {
  readonly site: Site
  readonly selection: EndpointSelection
  readonly endpoints: readonly FoundEndpoint[]
}

/** An endpoint and the way to it. */
export interface WatchedEndpoint {
  readonly site: Site
  readonly endpoint: FoundEndpoint
}

/** An endpoint that several entries of `watch` reach. The entries count from 1. */
export interface Overlap {
  readonly region: string
  readonly endpoint: Pick<FoundEndpoint, 'id' | 'name'>
  /** The entry through which the endpoint is watched. */
  readonly entry: number
  readonly others: readonly number[]
}

/** Each endpoint once: through the first entry that lists it, else through the first that discovers it. */
export const eachEndpointOnce = (
  entries: readonly FoundEntry[],
): { readonly watched: readonly WatchedEndpoint[]; readonly overlaps: readonly Overlap[] } => {
  const reached = entries.flatMap(({ site, selection, endpoints }, index) => {
    const listed = new Set(selection.endpoints.map(({ id }) => id))
    return endpoints.map((endpoint) => ({ site, endpoint, entry: index + 1, isListed: listed.has(endpoint.id) }))
  })
  const once = new Map<string, WatchedEndpoint & { readonly entry: number; readonly others: number[] }>()
  for (const one of [...reached.filter(({ isListed }) => isListed), ...reached.filter(({ isListed }) => !isListed)]) {
    const { site, endpoint, entry } = one
    const key = endpointKey(site.region, endpoint.id)
    const known = once.get(key)
    if (known === undefined) once.set(key, { site, endpoint, entry, others: [] })
    else known.others.push(entry)
  }
  const all = [...once.values()]
  return {
    watched: all.map(({ site, endpoint }) => ({ site, endpoint })),
    overlaps: all
      .filter(({ others }) => others.length > 0)
      .map(({ site: { region }, endpoint: { id, name }, entry, others }) => ({
        region,
        endpoint: { id, name },
        entry,
        others,
      })),
  }
}

/** One line for an operator. Anybody who may tag an endpoint chooses its name. */
export const overlapText = ({ region, endpoint: { id, name }, entry, others }: Overlap): string =>
  `several entries of "watch" reach ${name === id ? id : `${printable(name)} (${id})`} in ${region}: the entries ${[entry, ...others].join(' and ')}. It is watched once, through entry ${entry}. Write its id and "discover" into one entry, or narrow "discover"`
