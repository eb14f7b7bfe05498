import type { Configuration } from '../config/configuration.ts'
import type { Connection } from '../domain/connection.ts'
import { fold } from '../domain/names/fold.ts'
import type { Location } from '../domain/names/location.ts'
import { UsageError } from './command.ts'

/** An endpoint under `watch`. Its tags are not known without calling AWS. */
export type WatchedPlace = Location & Pick<Connection, 'region'>

/** Stands for the id of an endpoint that `discover` finds. Such ids are not known without calling AWS. */
export const DISCOVERED = '(discovered)'

const placesIn = ({ watch }: Configuration): readonly WatchedPlace[] =>
  watch.flatMap(({ region, endpoints }) => endpoints.map(({ id, name }) => ({ endpointId: id, region, name })))

/** The endpoint with the id or name that an option gives; without one, the first of all. */
export const watchedPlaceOf = (asked: string | undefined, configuration: Configuration): WatchedPlace => {
  const places = placesIn(configuration)
  const discovered = configuration.watch.find(({ discover }) => discover !== undefined)
  // So any id is accepted where `discover` is used.
  const elsewhere = discovered && { endpointId: asked ?? DISCOVERED, region: discovered.region }
  const isAsked = ({ endpointId, name }: Location) =>
    endpointId === asked || (asked !== undefined && name !== undefined && fold(name) === fold(asked))
  const listed = asked === undefined ? places[0] : places.find(isAsked)
  const place = listed ?? elsewhere
  if (place === undefined) {
    const watched = places
      .map(({ endpointId, name }) => (name === undefined ? endpointId : `${name}, ${endpointId}`))
      .join('; ')
    throw new UsageError(`--endpoint: expected a watched endpoint (${watched}), found "${asked}"`)
  }
  return place
}

/**
 * The Region of an endpoint: where `watch` lists it, else the only Region of `watch`. Undefined: nothing tells it.
 */
export const watchedRegionOf = (endpointId: string | undefined, configuration: Configuration): string | undefined => {
  const listed = placesIn(configuration).find((place) => place.endpointId === endpointId)
  if (listed !== undefined) return listed.region
  const regions = new Set(configuration.watch.map(({ region }) => region))
  return regions.size === 1 ? [...regions][0] : undefined
}
