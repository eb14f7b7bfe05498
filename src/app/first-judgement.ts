import { type Judgement, judgeEndpoint } from '../domain/judge/judge-endpoint.ts'
import { createMemory } from '../domain/judge/memory.ts'
import { takeIn } from '../domain/judge/take-in.ts'
import { nextView } from '../domain/judge/view.ts'
import { changedAtOf, datedAnew, datedPolicies, settled } from '../domain/policies/policy-ages.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { Assignment } from './daemon.ts'
import { rulesOf } from './endpoint-watch.ts'
import type { State } from './state.ts'

/**
 * The first judgement of one endpoint that a daemon would make if it started now with the same files and state. `plan`,
 * `connections` and `explain` show it. Nothing is written.
 */
export const firstJudgement = (options: {
  readonly assignment: Pick<Assignment, 'policies' | 'settings'>
  readonly state: State
  /** The endpoint's key in the state. */
  readonly key: string
  readonly snapshot: Snapshot
  readonly region: string
  readonly now: Instant
}) => {
  const { assignment, state, key, snapshot, region, now } = options
  const { policies, settings } = assignment
  const dated = settled(datedAnew(datedPolicies(state.policies), policies.policies, settings.mode, now), now)
  const endpoint = { id: snapshot.endpointId, region }
  const rules = rulesOf(policies, settings, endpoint, ({ name }) => changedAtOf(dated, name) ?? now)
  const memory = createMemory(state.endpoints[key])
  const observation = memory.begin(snapshot, policies, rules.location)
  observation.read(0, snapshot.connections.length)
  takeIn(memory, snapshot, observation, rules)
  memory.confirmClock(now)
  const limits = { staleAfterMs: settings.staleAfterMs, isClockTrusted: true }
  const view = nextView({ state: 'unseen' }, { what: 'snapshot', snapshot }, now, limits)
  const judgement: Judgement = judgeEndpoint(view, rules, memory, now)
  return { judgement, rules, memory }
}
