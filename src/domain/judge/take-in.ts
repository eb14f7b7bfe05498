import type { Policy } from '../policies/policy.ts'
import type { Snapshot } from '../snapshot.ts'
import type { TerminationReport } from '../terminate/termination.ts'
import type { Instant } from '../time/instant.ts'
import type { EndpointRules } from './judge-endpoint.ts'
import type { Memory, Observation } from './memory.ts'
import type { Violation } from './violation.ts'

/**
 * Takes a complete snapshot into the memory, and updates the open terminations by it. `observation` is undefined while
 * the clock is not trusted, because dates of a wrong clock must not be kept.
 */
export const takeIn = (
  memory: Memory,
  snapshot: Snapshot,
  observation: Observation | undefined,
  { set, retry }: Pick<EndpointRules, 'set' | 'retry'>,
): readonly TerminationReport[] => {
  observation?.end(snapshot.completedAt)
  const reports = memory.terminations.see(snapshot, retry)
  // A termination whose answer was lost starts a cooldown too.
  for (const { outcome, violation, leftAt } of reports) {
    if (outcome === 'confirmed') rememberTermination(memory, set.policies, violation, leftAt)
  }
  return reports
}

/** Remembers for the policy's cooldown when a call left. The cooldown starts then, because the answer may be slow. */
export const rememberTermination = (
  memory: Memory,
  policies: readonly Policy[],
  violation: Violation,
  leftAt: Instant,
): void => {
  const policy = policies.find(({ name }) => name === violation.policy)
  if (policy !== undefined) memory.terminate(policy, violation, leftAt)
}
