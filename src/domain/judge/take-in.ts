import type { Lookup } from '../lookup.ts'
import type { Policy } from '../policies/policy.ts'
import type { Snapshot } from '../snapshot.ts'
import type { Evidence } from '../terminate/evidence.ts'
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
  return remembered(memory, memory.terminations.see(snapshot, retry), set.policies)
}

/** Updates the open terminations by the evidence of a lookup. The memory learns nothing else from it. */
export const takeInLookup = (
  memory: Memory,
  lookup: Lookup,
  evidence: Evidence,
  { set, retry }: Pick<EndpointRules, 'set' | 'retry'>,
): readonly TerminationReport[] =>
  remembered(memory, memory.terminations.seeSome(evidence, lookup, retry), set.policies)

/** A termination whose answer was lost starts a cooldown too. */
const remembered = (
  memory: Memory,
  reports: readonly TerminationReport[],
  policies: readonly Policy[],
): readonly TerminationReport[] => {
  for (const { outcome, violation, leftAt } of reports) {
    if (outcome === 'confirmed') rememberTermination(memory, policies, violation, leftAt)
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
