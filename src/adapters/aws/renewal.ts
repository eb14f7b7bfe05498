import type { Clock } from '../../app/clock.ts'
import { VpnError } from '../../app/vpn.ts'
import { within } from '../../app/within.ts'
import { type Elapsed, msBetween } from '../../domain/time/elapsed.ts'
import { MINUTE } from '../../domain/time/instant.ts'
import { RoleNotAssumed } from './assumed-role.ts'

/** If new credentials help at all, the first ones do: asking again within a minute only adds calls. */
const PAUSE_MS = MINUTE

type Credentials = (options: { readonly forceRefresh: boolean }) => Promise<unknown>

/**
 * Renews the credentials after AWS has rejected them as expired. All calls that were rejected share one renewal, and
 * there is at most one a minute. Resolves to whether the renewal succeeded within `limitMs`, and at once when the signal
 * is aborted.
 */
export const createRenewal = (credentials: Credentials, limitMs: number, clock: Clock) => {
  let latest: { readonly at: Elapsed; readonly done: Promise<boolean> } | undefined
  return async (signal: AbortSignal): Promise<boolean> => {
    const now = clock.elapsed()
    if (latest === undefined || msBetween(latest.at, now) >= PAUSE_MS) {
      const done = credentials({ forceRefresh: true }).then(
        () => true,
        () => false,
      )
      latest = { at: now, done }
    }
    return (await within(clock, limitMs, latest.done, signal)) === true
  }
}

/** Whether AWS rejected the credentials as expired: then new ones may help. */
export const isExpired = (error: unknown): boolean =>
  error instanceof VpnError && error.code === 'expired-credentials' && !(error.cause instanceof RoleNotAssumed)

/** Runs calls that only read. If AWS rejects the credentials as expired, renews them and runs the call once more. */
export const createReading =
  (renew: (signal: AbortSignal) => Promise<boolean>) =>
  async <Output>(signal: AbortSignal, work: () => Promise<Output>): Promise<Output> => {
    try {
      return await work()
    } catch (error) {
      if (!isExpired(error) || !(await renew(signal))) throw error
      return work()
    }
  }
