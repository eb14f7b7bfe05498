import { type Elapsed, LONG_AGO, msBetween } from '../domain/time/elapsed.ts'
import { MINUTE } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'
import { createDiscovery, type Discovery, type EndpointSelection, type Known } from './discovery.ts'
import { eachEndpointOnce, type WatchedEndpoint } from './each-endpoint-once.ts'
import type { Emit } from './events.ts'
import { type Site, siteKey } from './site.ts'
import type { VpnSite } from './vpn.ts'

/** One entry of `watch`. */
export type WatchEntry = { readonly site: Site } & EndpointSelection

/** How often AWS is asked which endpoints there are. */
const DISCOVER_EVERY_MS = MINUTE

interface WatchedSite {
  readonly key: string
  readonly site: Site
  readonly selection: EndpointSelection
  readonly discovery: Discovery
}

const discoverKey = (discover: EndpointSelection['discover']): string =>
  JSON.stringify(typeof discover === 'object' ? [...discover.tags] : (discover ?? null))

/** The endpoints of the entries of `watch`. AWS is asked for those that are discovered. */
export const createWatchList = (clock: Clock, emit: Emit) => {
  let sites: readonly WatchedSite[] = []
  let askedAt: Elapsed = LONG_AGO
  let reported: ReadonlySet<string> = new Set()
  /** The keys of the sites whose tags could not be read, which is reported once. */
  let withoutTags: ReadonlySet<string> = new Set()

  const found = () =>
    eachEndpointOnce(
      sites.map(({ site, selection, discovery }) => ({ site, selection, endpoints: discovery.endpoints() })),
    )

  return {
    /**
     * Takes the entries of a configuration. Discovered endpoints that an edited entry still selects stay, until AWS
     * lists others. So do those of an entry whose role or URL was edited in its place: a new way is no new endpoint.
     */
    take(entries: readonly WatchEntry[], vpnOf: (site: Site) => Pick<VpnSite, 'endpoints'>): void {
      const known = new Map(sites.map((one) => [one.key, one]))
      const ways = new Set(entries.map(({ site }) => siteKey(site)))
      const ofOtherWay = (index: number, { site, discover }: WatchEntry): readonly Known[] => {
        const earlier = sites[index]
        if (earlier === undefined || ways.has(siteKey(earlier.site))) return []
        const isSame =
          earlier.site.region === site.region && discoverKey(earlier.selection.discover) === discoverKey(discover)
        // The new way may lead to another account, so that the answer through the earlier one says nothing about it.
        return isSame ? [{ endpoints: earlier.discovery.endpoints, answer: () => undefined }] : []
      }
      sites = entries.map((entry, index) => {
        const { site, endpoints, discover, readsTags = false } = entry
        const key = JSON.stringify([siteKey(site), endpoints, discoverKey(discover), readsTags])
        const ofSameWay = sites.flatMap((one) => (siteKey(one.site) === siteKey(site) ? [one.discovery] : []))
        const before = ofSameWay.length > 0 ? ofSameWay : ofOtherWay(index, entry)
        const discovery = () => createDiscovery({ vpn: vpnOf(site), clock, selection: entry, before })
        return known.get(key) ?? { key, site, selection: entry, discovery: discovery() }
      })
    },

    /** Lists the endpoints at AWS. Resolves to whether any were added or removed, or have another name or other tags. */
    async discover(signal: AbortSignal): Promise<boolean> {
      askedAt = clock.elapsed()
      const unread = new Set<string>()
      const changes = await Promise.all(
        sites.map(async ({ key, site: { region }, selection, discovery }) => {
          const { added, removed, changed, failure } = await discovery.refresh(signal)
          if (failure !== undefined && failure.code !== 'aborted') {
            const { message, nameless } = failure
            if (selection.discover !== undefined) emit({ event: 'discovery-failed', region, message, nameless })
            else if (!withoutTags.has(key)) emit({ event: 'tags-unread', region, message, nameless })
            unread.add(key)
          }
          return added.length + removed.length + changed.length > 0
        }),
      )
      if (!signal.aborted) withoutTags = unread
      return changes.includes(true)
    },

    isDue: (): boolean =>
      sites.some(({ selection: { discover, readsTags } }) => discover !== undefined || readsTags === true) &&
      msBetween(askedAt, clock.elapsed()) >= DISCOVER_EVERY_MS,

    /** Whether all endpoints are known: AWS has answered wherever endpoints are discovered. */
    isKnown: (): boolean =>
      sites.every(({ selection, discovery }) => selection.discover === undefined || discovery.answer() !== undefined),

    /** The fact that is lacking while not all endpoints of an entry are known; undefined if all are. */
    unlisted(): string | undefined {
      const one = sites.find(({ discovery }) => !discovery.isListed())
      return one && `a list of the endpoints in ${one.site.region}, which AWS has not answered`
    },

    /** Each endpoint once, with the way to it. */
    all: (): readonly WatchedEndpoint[] => found().watched,

    /** Reports the endpoints that several entries reach, once while they do. */
    reportOverlaps(): void {
      const { overlaps } = found()
      for (const overlap of overlaps) {
        if (!reported.has(JSON.stringify(overlap))) emit({ event: 'endpoint-overlap', overlap })
      }
      reported = new Set(overlaps.map((overlap) => JSON.stringify(overlap)))
    },
  }
}
