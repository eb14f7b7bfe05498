import { type Instant, MINUTE, NEVER } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'
import type { EndpointWatch } from './endpoint-watch.ts'
import type { Emit } from './events.ts'
import { VpnError } from './vpn.ts'

/** How soon to ask again where something was missing: whoever mends the role wants to see it. */
const AGAIN_AFTER_MS = 5 * MINUTE

interface Asked {
  readonly missing: ReadonlySet<string>
  readonly againAt: Instant
}

/** Asks of each endpoint, before it is needed, which permission to enforce is missing, and tells what has changed. */
export const createRehearsal = (clock: Clock, emit: Emit) => {
  const asked = new WeakMap<EndpointWatch, Asked>()

  return {
    isDue: (watch: EndpointWatch, now: Instant): boolean => now >= (asked.get(watch)?.againAt ?? -NEVER),

    async ask(watch: EndpointWatch, signal: AbortSignal): Promise<void> {
      const { endpoint } = watch
      const before = asked.get(watch)?.missing ?? new Set()
      // One question at a time: the next is due when this one is answered.
      asked.set(watch, { missing: before, againAt: NEVER })
      try {
        const missing = new Set(await watch.missingPermissions(signal))
        for (const action of missing) if (!before.has(action)) emit({ event: 'permission-missing', endpoint, action })
        for (const action of before) if (!missing.has(action)) emit({ event: 'permission-granted', endpoint, action })
        asked.set(watch, { missing, againAt: missing.size > 0 ? clock.now() + AGAIN_AFTER_MS : NEVER })
      } catch (error) {
        // A poll meets the same fault, and says so.
        if (!(error instanceof VpnError)) throw error
        asked.set(watch, { missing: before, againAt: clock.now() + AGAIN_AFTER_MS })
      }
    },
  }
}
