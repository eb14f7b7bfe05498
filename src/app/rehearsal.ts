import { type Elapsed, isBefore, plusMs } from '../domain/time/elapsed.ts'
import { MINUTE } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'
import type { EndpointWatch } from './endpoint-watch.ts'
import type { Emit } from './events.ts'
import { VpnError } from './vpn.ts'

/** How soon to ask again if a permission was missing, so that an operator who fixes the role soon sees the effect. */
const AGAIN_AFTER_MS = 5 * MINUTE

type Rehearsed =
  | { readonly state: 'asking' | 'granted'; readonly missing: ReadonlySet<string> }
  | { readonly state: 'to-be-repeated'; readonly missing: ReadonlySet<string>; readonly at: Elapsed }

/**
 * Checks for each endpoint whether a permission that enforcing needs is missing, before it is needed. Reports changes.
 */
export const createRehearsal = (clock: Clock, emit: Emit) => {
  const rehearsed = new WeakMap<EndpointWatch, Rehearsed>()
  const again = (missing: ReadonlySet<string>): Rehearsed => ({
    state: 'to-be-repeated',
    missing,
    at: plusMs(clock.elapsed(), AGAIN_AFTER_MS),
  })

  return {
    isDue(watch: EndpointWatch): boolean {
      const known = rehearsed.get(watch)
      return known === undefined || (known.state === 'to-be-repeated' && !isBefore(clock.elapsed(), known.at))
    },

    async ask(watch: EndpointWatch, signal: AbortSignal): Promise<void> {
      const { endpoint } = watch
      const before = rehearsed.get(watch)?.missing ?? new Set()
      rehearsed.set(watch, { state: 'asking', missing: before })
      try {
        const missing = new Set(await watch.missingPermissions(signal))
        for (const action of missing) if (!before.has(action)) emit({ event: 'permission-missing', endpoint, action })
        for (const action of before) if (!missing.has(action)) emit({ event: 'permission-granted', endpoint, action })
        rehearsed.set(watch, missing.size > 0 ? again(missing) : { state: 'granted', missing })
      } catch (error) {
        // A read of the endpoint fails in the same way, and reports the error.
        if (!(error instanceof VpnError)) throw error
        rehearsed.set(watch, again(before))
      }
    },
  }
}
