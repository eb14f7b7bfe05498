import { type Elapsed, msBetween } from '../domain/time/elapsed.ts'
import { MINUTE } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'
import { type Connect, type LiveSite, openSite, type Site, siteKey } from './site.ts'

/** How often AWS is asked for accounts that it has not returned yet. */
const IDENTIFY_EVERY_MS = MINUTE

/** The sites of a daemon. Each is connected once, and stays connected. */
export const createSites = (options: {
  readonly connect: Connect
  readonly clock: Clock
  readonly stop: AbortSignal
}) => {
  const { clock } = options
  const opening = new Map<string, Promise<LiveSite>>()
  const live = new Map<string, LiveSite>()
  let identifiedAt: Elapsed = clock.elapsed()

  const connectOnce = async (site: Site): Promise<LiveSite> => {
    const opened = await openSite(site, options)
    live.set(siteKey(site), opened)
    return opened
  }

  return {
    /** Connects to a site, unless it is connected already. */
    open(site: Site): Promise<LiveSite> {
      const key = siteKey(site)
      const opened = opening.get(key) ?? connectOnce(site)
      opening.set(key, opened)
      return opened
    },

    /** Undefined while the site is not connected. */
    get: (site: Site): LiveSite | undefined => live.get(siteKey(site)),

    isIdentifyDue: (): boolean => msBetween(identifiedAt, clock.elapsed()) >= IDENTIFY_EVERY_MS,

    /** Asks again for the accounts that are not known. `found` gets the key of each site whose account is known now. */
    async identify(found: (key: string, account: string | undefined) => void): Promise<void> {
      identifiedAt = clock.elapsed()
      await Promise.all(
        [...live].map(async ([key, site]) => {
          if (await site.identify()) found(key, site.account())
        }),
      )
    },

    /** Connects to all sites again, because the settings of requests have changed. */
    reconnect(): void {
      for (const site of live.values()) site.reconnect()
    },
  }
}
