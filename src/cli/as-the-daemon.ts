import type { State } from '../app/state.ts'
import type { Snapshot } from '../app/vpn.ts'
import type { Configuration } from '../config/configuration.ts'
import { createGuard } from '../domain/guard/guard.ts'
import { createDecider } from '../domain/judge/decide.ts'
import { createMemory } from '../domain/judge/memory.ts'
import { acts, type Mode, type Policy } from '../domain/policies/policy.ts'
import { changedPolicies, nextPolicyAges, settledAges } from '../domain/policies/policy-ages.ts'
import type { PolicySet } from '../domain/policies/policy-set.ts'
import type { Instant } from '../domain/time/instant.ts'

/** What the daemon would decide now about one endpoint, with what its state file remembers. Nothing is written. */
export const decideAsTheDaemon = (options: {
  readonly configuration: Configuration
  readonly policies: PolicySet
  readonly state: State
  /** The endpoint's in the state file. */
  readonly key: string
  readonly snapshot: Snapshot
  readonly region: string
  readonly mode: Mode
  readonly now: Instant
}) => {
  const { configuration, policies, state, key, snapshot, region, mode, now } = options
  const ages = settledAges(nextPolicyAges(state.policies, policies.policies, mode, now), new Set(), now)
  const kept = state.endpoints[key]
  const changedAt = ({ name }: Policy) => Math.max(ages[name]?.changedAt ?? now, kept?.watchedSince ?? now)
  const held = kept?.guard.map(({ connectionId }) => connectionId)
  const memory = createMemory(kept?.memory, held)
  const place = { endpointId: snapshot.endpointId, region }
  memory.observe(snapshot, policies, place)
  const history = memory.history(now, true, (policy) => acts(policy, mode), changedAt)
  const decider = createDecider(policies, place)
  const decided = decider.decide(snapshot.connections, history, now, mode)
  const guard = createGuard(kept?.guard)
  // An edit that the daemon has not seen yet would let go of its holds, and be judged anew.
  for (const name of changedPolicies(state.policies, ages)) guard.reset(name)
  const { decisions } = guard.review(decided, mode, configuration.guard, changedAt, memory.isMissing)
  return { decider, history, decisions, bench: { set: policies, place, history, now, mode } }
}
