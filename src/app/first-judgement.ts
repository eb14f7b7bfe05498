import { elsewhereOf, tallyOf } from '../domain/judge/elsewhere.ts'
import type { Judged } from '../domain/judge/explain.ts'
import { type EndpointRules, judgeEndpoint } from '../domain/judge/judge-endpoint.ts'
import { createMemory, ELSEWHERE_NOT_KNOWN, type Memory } from '../domain/judge/memory.ts'
import { takeIn } from '../domain/judge/take-in.ts'
import { type EndpointView, nextView } from '../domain/judge/view.ts'
import { watchedAgain } from '../domain/judge/watched-again.ts'
import type { Location } from '../domain/names/location.ts'
import type { Elsewhere, Policy } from '../domain/policies/policy.ts'
import { changedAtOf, type DatedPolicies, datedAnew, datedPolicies, settled } from '../domain/policies/policy-ages.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { Assignment } from './daemon.ts'
import type { Endpoint } from './endpoint.ts'
import { rulesOf } from './endpoint-watch.ts'
import { createPolicySets, type ReadPolicySet } from './policy-sets.ts'
import type { State } from './state.ts'

/** The part of an assignment that decides. */
type Decisive = Pick<Assignment, 'policies' | 'written' | 'settings'>

/** An endpoint that has been read. */
interface ReadEndpoint {
  /** The endpoint's key in the state. */
  readonly key: string
  readonly endpoint: Pick<Endpoint, 'id' | 'name'>
  /** The facts by which policies select it, before and after the edit. */
  readonly location: Location
  readonly locationAfter: Location
  readonly snapshot: Snapshot
}

/**
 * The first judgements of the watched endpoints that a daemon would make if it started now with the same files and
 * state, once it has read all of them. `plan`, `connections` and `explain` show them. With `edit` they are the
 * judgements after that edit, made as soon as the daemon has started. Nothing is written.
 */
export const firstJudgements = (options: {
  readonly assignment: Decisive
  readonly edit?: Decisive | undefined
  readonly state: State
  readonly readPolicySet: ReadPolicySet
  readonly endpoints: readonly ReadEndpoint[]
  /** The fact that a policy over all endpoints lacks, because one endpoint could not be read. */
  readonly lacks?: string | undefined
  readonly now: Instant
}): readonly Judged[] => {
  const { assignment, edit, state, endpoints, lacks, now } = options
  const sets = createPolicySets(state.policySets, options.readPolicySet)
  let dated: DatedPolicies = datedPolicies(state.policies)
  const rulesUnder = ({ policies, written, settings }: Decisive) => {
    sets.add(settings.policySetHash, policies, written)
    const since = settled(datedAnew(dated, policies.policies, settings.mode, now), now)
    dated = since
    const changedAt = ({ name }: Pick<Policy, 'name'>) => changedAtOf(since, name) ?? now
    return (location: Location) => rulesOf(policies, settings, location, { changedAt, earlierSet: sets.find })
  }

  const rulesOfStart = rulesUnder(assignment)
  const limits = { staleAfterMs: assignment.settings.staleAfterMs, isClockTrusted: true }
  const started = endpoints.map(({ key, endpoint, location, snapshot }): Seen => {
    const rules = rulesOfStart(location)
    const kept = state.endpoints[key]
    const memory = createMemory(kept && watchedAgain(kept, now))
    const observation = memory.begin(snapshot, assignment.policies, rules.location)
    observation.read(0, snapshot.connections.length)
    takeIn(memory, snapshot, observation, rules)
    memory.confirmClock(now)
    return { endpoint, rules, memory, view: nextView({ state: 'unseen' }, { what: 'snapshot', snapshot }, now, limits) }
  })
  const judgements = judgeTogether(started, lacks, now)
  if (edit === undefined) return judgements

  const rulesOfEdit = rulesUnder(edit)
  const edited = started.map((one, index): Seen => {
    const { learned, view = one.view } = judgements[index]?.judgement ?? {}
    if (learned !== undefined) one.memory.learn(learned)
    const location = endpoints[index]?.locationAfter ?? one.rules.location
    return { ...one, rules: rulesOfEdit(location), view }
  })
  return judgeTogether(edited, lacks, now)
}

/** An endpoint before its judgement. */
interface Seen {
  readonly endpoint: ReadEndpoint['endpoint']
  readonly rules: EndpointRules
  readonly memory: Memory
  readonly view: EndpointView
}

/** Judges each endpoint with the connections on the others. */
const judgeTogether = (all: readonly Seen[], lacks: string | undefined, now: Instant): readonly Judged[] => {
  const judge = ({ view, rules, memory }: Seen, elsewhere: Elsewhere): Judged => ({
    judgement: judgeEndpoint(view, rules, memory, now, elsewhere),
    rules,
    memory,
  })
  if (lacks !== undefined) return all.map((one) => judge(one, { state: 'not-known', lacks }))
  if (!all.some(({ rules }) => rules.decider.countsOverAll)) return all.map((one) => judge(one, ELSEWHERE_NOT_KNOWN))
  // What the guard holds on an endpoint does not end connections there, so that they count. A judgement tells what it is.
  const tallies = all.map((one) => {
    const { view, rules, memory, endpoint } = one
    const { acting } = judge(one, ELSEWHERE_NOT_KNOWN).judgement
    return { endpoint, tally: tallyOf(view, rules, memory, { set: rules.set, now, acting }) }
  })
  return all.map((one, index) => judge(one, elsewhereOf(tallies.filter((_, other) => other !== index))))
}
