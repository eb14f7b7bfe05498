import type { Clock } from '../../app/clock.ts'
import { type Instant, MINUTE } from '../../domain/time/instant.ts'

/** If new credentials help at all, the first ones do: asking again within a minute only adds calls. */
const PAUSE_MS = MINUTE

type Credentials = (options: { readonly forceRefresh: boolean }) => Promise<unknown>

/**
 * Renews the credentials after AWS has rejected them as expired. All calls that were rejected share one renewal, and
 * there is at most one a minute. Resolves to whether the renewal succeeded.
 */
export const createRenewal = (credentials: Credentials, clock: Clock) => {
  let latest: { readonly at: Instant; readonly done: Promise<boolean> } | undefined
  return (): Promise<boolean> => {
    const now = clock.now()
    if (latest === undefined || Math.abs(now - latest.at) >= PAUSE_MS) {
      const done = credentials({ forceRefresh: true }).then(
        () => true,
        () => false,
      )
      latest = { at: now, done }
    }
    return latest.done
  }
}
