import type { Clock } from '../../app/clock.ts'
import { type Instant, MINUTE } from '../../domain/time/instant.ts'

/** Where new credentials help, the first ones do. */
const PAUSE_MS = MINUTE

type Credentials = (options: { readonly forceRefresh: boolean }) => Promise<unknown>

/**
 * Fetches new credentials after AWS has said that these have expired: once for all calls that hear it, and not again
 * within a minute. Resolves to whether there are new ones.
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
