import { elsewhereOf } from '../domain/judge/elsewhere.ts'
import type { Elsewhere } from '../domain/policies/policy.ts'
import type { PolicySet } from '../domain/policies/policy-set.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { FoundEndpoint } from './discovery.ts'
import type { EndpointWatch } from './endpoint-watch.ts'
import { endpointKey } from './site.ts'
import type { createWatchList } from './watch-list.ts'

/** Brings the watched endpoints together for policies that count over all of them. */
export const createTallies = (
  watches: ReadonlyMap<string, EndpointWatch>,
  watchList: Pick<ReturnType<typeof createWatchList>, 'all' | 'unlisted'>,
) => ({
  /** The tallies of all endpoints but the one with the key `own`. An endpoint that is not connected yet counts as one. */
  elsewhere(own: string, set: PolicySet, now: Instant): Elsewhere {
    const lacks = watchList.unlisted()
    if (lacks !== undefined) return { state: 'not-known', lacks }
    const others = new Map<string, Pick<FoundEndpoint, 'id' | 'name'>>([
      ...watchList.all().map(({ site, endpoint }) => [endpointKey(site.region, endpoint.id), endpoint] as const),
      ...[...watches].map(([key, { endpoint }]) => [key, endpoint] as const),
    ])
    others.delete(own)
    return elsewhereOf([...others].map(([key, endpoint]) => ({ endpoint, tally: watches.get(key)?.tally(set, now) })))
  },

  /** The endpoint with the key `own` has been read, or can no longer be read. */
  changed(own: string): void {
    for (const [key, watch] of watches) if (key !== own) watch.elsewhereChanged()
  },
})
