import { WITHIN_MS } from '../guard/counted.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import type { KeptMemory } from './memory.ts'

/**
 * The memory with which watching an endpoint begins again at `now`. After ten minutes without being watched it is new to the
 * guard, like a policy that is restored later than that: nothing was in force there meanwhile, so nothing excuses what is
 * overdue. Holds, graces, cooldowns and terminations stay. An end of watching in the future tells nothing, and counts as long
 * ago.
 */
export const watchedAgain = (kept: KeptMemory, now: Instant): KeptMemory => {
  const { watchedUntil = now, guard } = kept
  if (watchedUntil <= now && now - watchedUntil < WITHIN_MS) return kept
  const holds = Object.entries(guard.standings).filter(([, { state }]) => state === 'held')
  return { ...kept, watchedSince: NEVER, guard: { ...guard, limits: undefined, standings: Object.fromEntries(holds) } }
}
