import { type Judgement, judgeEndpoint } from '../domain/judge/judge-endpoint.ts'
import { createMemory } from '../domain/judge/memory.ts'
import { takeIn } from '../domain/judge/take-in.ts'
import { nextView } from '../domain/judge/view.ts'
import type { Location } from '../domain/names/location.ts'
import type { Policy } from '../domain/policies/policy.ts'
import { changedAtOf, type DatedPolicies, datedAnew, datedPolicies, settled } from '../domain/policies/policy-ages.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { Assignment } from './daemon.ts'
import { rulesOf } from './endpoint-watch.ts'
import { createPolicySets, type ReadPolicySet } from './policy-sets.ts'
import type { State } from './state.ts'

/** The part of an assignment that decides about an endpoint, and what policies select the endpoint by. */
type Decisive = Pick<Assignment, 'policies' | 'written' | 'settings'> & { readonly location: Location }

/**
 * The first judgement of one endpoint that a daemon would make if it started now with the same files and state. `plan`,
 * `connections` and `explain` show it. With `edit` it is the judgement after that edit, made as soon as the daemon has
 * started. Nothing is written.
 */
export const firstJudgement = (options: {
  readonly assignment: Decisive
  readonly edit?: Decisive | undefined
  readonly state: State
  readonly readPolicySet: ReadPolicySet
  /** The endpoint's key in the state. */
  readonly key: string
  readonly snapshot: Snapshot
  readonly now: Instant
}) => {
  const { assignment, edit, state, key, snapshot, now } = options
  const sets = createPolicySets(state.policySets, options.readPolicySet)
  const memory = createMemory(state.endpoints[key])
  let dated: DatedPolicies = datedPolicies(state.policies)
  const rulesUnder = ({ policies, written, settings, location }: Decisive) => {
    sets.add(settings.policySetHash, policies, written)
    const since = settled(datedAnew(dated, policies.policies, settings.mode, now), now)
    dated = since
    const changedAt = ({ name }: Pick<Policy, 'name'>) => changedAtOf(since, name) ?? now
    return rulesOf(policies, settings, location, { changedAt, earlierSet: sets.find })
  }

  let rules = rulesUnder(assignment)
  const observation = memory.begin(snapshot, assignment.policies, rules.location)
  observation.read(0, snapshot.connections.length)
  takeIn(memory, snapshot, observation, rules)
  memory.confirmClock(now)
  const limits = { staleAfterMs: assignment.settings.staleAfterMs, isClockTrusted: true }
  const view = nextView({ state: 'unseen' }, { what: 'snapshot', snapshot }, now, limits)
  let judgement: Judgement = judgeEndpoint(view, rules, memory, now)
  if (edit !== undefined) {
    if (judgement.learned !== undefined) memory.learn(judgement.learned)
    rules = rulesUnder(edit)
    judgement = judgeEndpoint(judgement.view, rules, memory, now)
  }
  return { judgement, rules, memory }
}
