import { type Instant, MINUTE } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'
import { createDiscovery, type Discovery, type FoundEndpoint, type Wanted } from './discovery.ts'
import type { Emit } from './events.ts'
import { type Site, siteKey } from './site.ts'
import type { VpnSite } from './vpn.ts'

/** One entry of `watch`. */
export type WatchEntry = { readonly site: Site } & Wanted

/** How often AWS is asked which endpoints there are. */
const DISCOVER_EVERY_MS = MINUTE

interface Place {
  readonly key: string
  readonly site: Site
  readonly discovery: Discovery
  readonly discovers: boolean
}

/** The endpoints that the entries of `watch` stand for at present. */
export const createWatchList = (clock: Clock, emit: Emit) => {
  let places: readonly Place[] = []
  let askedAt: Instant = -Infinity

  return {
    /** New entries; one that an edit did not touch keeps what was found of it. */
    take(entries: readonly WatchEntry[], vpnOf: (site: Site) => VpnSite): void {
      const known = new Map(places.map((place) => [place.key, place]))
      places = entries.map((entry) => {
        const { site, endpoints, discover } = entry
        const tags = typeof discover === 'object' ? [...discover.tags] : []
        const key = JSON.stringify([siteKey(site), endpoints, discover === 'all', tags])
        const discovery = () => createDiscovery({ vpn: vpnOf(site), wanted: entry })
        return known.get(key) ?? { key, site, discovery: discovery(), discovers: discover !== undefined }
      })
    },

    /** Asks AWS which endpoints there are. Says whether any were added or removed. */
    async discover(signal: AbortSignal): Promise<boolean> {
      askedAt = clock.now()
      const changes = await Promise.all(
        places.map(async ({ site, discovery }) => {
          const { added, removed, failure } = await discovery.refresh(signal)
          if (failure !== undefined && failure.code !== 'aborted') {
            emit({ event: 'discovery-failed', region: site.region, message: failure.message })
          }
          return added.length + removed.length > 0
        }),
      )
      return changes.includes(true)
    },

    isDue: (now: Instant): boolean =>
      places.some(({ discovers }) => discovers) && Math.abs(now - askedAt) >= DISCOVER_EVERY_MS,

    all: (): ReadonlyArray<{ readonly site: Site; readonly endpoint: FoundEndpoint }> =>
      places.flatMap(({ site, discovery }) => discovery.endpoints().map((endpoint) => ({ site, endpoint }))),
  }
}
