import type { Connection } from '../connection.ts'
import { NO_GUARD_MEMORY } from '../guard/guard.ts'
import { NO_LIMITS } from '../guard/limits.ts'
import type { Location } from '../names/location.ts'
import type { History } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import { retryRule } from '../terminate/termination.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { createRules, type EndpointRules } from './judge-endpoint.ts'
import type { EndpointMemory } from './memory.ts'
import type { EndpointView } from './view.ts'

/**
 * A complete snapshot that was never read from AWS: for policy tests, and to explain a connection that does not exist.
 */
export const imaginedView = (endpointId: string, connections: readonly Connection[], now: Instant): EndpointView => ({
  state: 'fresh',
  snapshot: { endpointId, begunAt: now, completedAt: now, connections },
  confirmAt: NEVER,
})

/** A memory with the given history and nothing else. */
export const imaginedMemory = (history: History): EndpointMemory => ({
  watchedSince: () => -NEVER,
  history: () => history,
  guard: () => NO_GUARD_MEMORY,
  facts: () => undefined,
  terminations: { singly: new Set(), mayPlan: () => true, of: () => undefined },
  isReported: () => false,
  nearMissesReported: () => new Set(),
  graceStartedAt: () => undefined,
  isMissing: () => false,
})

/** Rules as if they had always been in force. The guard holds none of them. */
export const imaginedRules = (set: PolicySet, location: Location): EndpointRules =>
  createRules({
    set,
    location,
    mode: 'enforce',
    setHash: '',
    earlierSet: () => undefined,
    guard: NO_LIMITS,
    staleAfterMs: NEVER,
    retry: retryRule({ attempts: 1, verifyWithinMs: NEVER }),
    changedAt: () => -NEVER,
  })
