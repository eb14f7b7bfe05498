import type { Connection } from '../../src/domain/connection.ts'
import type { Judged } from '../../src/domain/judge/explain.ts'
import { imaginedMemory, imaginedView } from '../../src/domain/judge/imagined.ts'
import { createRules, judgeEndpoint } from '../../src/domain/judge/judge-endpoint.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import type { UserEntry } from '../../src/domain/names/user-list.ts'
import type { History, Mode, Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { type Instant, NEVER } from '../../src/domain/time/instant.ts'
import { NOON, PLACE, RETRY } from './build.ts'

/**
 * The one judge on a complete snapshot that has no past: the policies were always as they are, grace counts from the
 * violation itself, and the guard holds nothing. `createEndpoint` judges with a memory.
 */
export const imagine = (
  policies: readonly Policy[],
  connections: readonly Connection[],
  options: {
    readonly mode?: Mode
    readonly now?: Instant
    readonly protect?: readonly UserEntry[]
    readonly history?: History
  } = {},
): Judged => {
  const { mode = 'enforce', now = NOON, protect = [], history = NO_HISTORY } = options
  const rules = createRules({
    set: createPolicySet(policies, protect),
    setHash: '',
    earlierSet: () => undefined,
    location: PLACE,
    mode,
    guard: { maxPercent: 100, minConnections: NEVER, lookAheadMs: 0 },
    staleAfterMs: NEVER,
    retry: RETRY,
    changedAt: () => -NEVER,
  })
  const memory = imaginedMemory(history)
  return {
    judgement: judgeEndpoint(imaginedView(PLACE.endpointId, connections, now), rules, memory, now),
    rules,
    memory,
  }
}
