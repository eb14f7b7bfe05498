import { isActive } from '../connection.ts'
import { type GuardLimits, review } from '../guard/guard.ts'
import type { Location } from '../names/selector.ts'
import { acts, type Mode, type Policy } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import { EMPTY_PLAN, type Plan, planOf } from '../terminate/plan.ts'
import type { RetryRule } from '../terminate/termination.ts'
import { usersToEndAtOnce } from '../terminate/username-calls.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { NO_OUTLOOK, type Outlook } from './agenda.ts'
import { groundOf } from './assessment.ts'
import { createDecider, type Decider, type Decisions } from './decide.ts'
import type { EndpointMemory, Learned } from './memory.ts'
import { type News, newsOf } from './news.ts'
import { type EndpointView, tooOldAt } from './view.ts'

/** The rules for judging an endpoint. They cache verdicts, so that a new policy set needs new rules. */
export interface EndpointRules {
  readonly set: PolicySet
  readonly location: Location
  readonly decider: Decider
  readonly mode: Mode
  readonly guard: GuardLimits
  readonly staleAfterMs: number
  readonly retry: RetryRule
  /** When each policy last changed. */
  readonly changedAt: (policy: Policy) => Instant
}

export const createRules = (of: Omit<EndpointRules, 'decider'>): EndpointRules => ({
  ...of,
  decider: createDecider(of.set, of.location),
})

/** The result of judging one endpoint. */
export interface Judgement {
  readonly now: Instant
  /** The judged view. Its `confirmAt` may be earlier than before. */
  readonly view: EndpointView
  /** Undefined if the view is neither fresh nor stale. */
  readonly decisions: Decisions | undefined
  readonly plan: Plan
  readonly news: readonly News[]
  /** What the memory must learn; undefined if nothing was decided. */
  readonly learned: Learned | undefined
  readonly outlook: Outlook
}

/** The history as a judgement at `now` sees it. */
export const historyOf = (
  view: EndpointView,
  { mode, changedAt }: Pick<EndpointRules, 'mode' | 'changedAt'>,
  memory: EndpointMemory,
  now: Instant,
) => {
  // The start of watching counts as an edit, so that the guard checks verdicts that were due before it.
  const watchedSince = Math.min(memory.watchedSince(), now)
  return memory.history({
    now,
    fresh: view.state === 'fresh',
    acts: (policy) => acts(policy, mode),
    changedAt: (policy) => Math.max(changedAt(policy), watchedSince),
  })
}

/**
 * Judges one endpoint at `now`. `run`, `plan`, `connections`, `explain` and the policy tests all use this function. It
 * only reads the memory, and returns what the memory must learn. The view must be that of `now` (`nextView` with the
 * sighting `time`).
 */
export const judgeEndpoint = (
  view: EndpointView,
  rules: EndpointRules,
  memory: EndpointMemory,
  now: Instant,
): Judgement => {
  if (view.state !== 'fresh' && view.state !== 'stale') {
    return { now, view, decisions: undefined, plan: EMPTY_PLAN, news: [], learned: undefined, outlook: NO_OUTLOOK }
  }
  const { set, location, decider, mode, guard, staleAfterMs } = rules
  const { snapshot } = view
  const history = historyOf(view, rules, memory, now)
  const decided = decider.decide(snapshot.connections, history, now, mode)
  const { isMissing } = memory
  const guarded = { mode, limits: guard, policies: set.policies, changedAt: history.changedAt, isMissing }
  const reviewed = review(decided, memory.holds(), guarded)
  const { decisions, holds } = reviewed
  const judgedBy = { set, location, history, now, mode }
  const { terminations } = memory
  const together = usersToEndAtOnce(judgedBy, snapshot.connections, decisions, terminations)
  const plan = planOf(decisions, together, (id) => terminations.mayPlan(id, now))
  const news = newsOf(reviewed, memory, mode)
  const confirmAt = Math.min(view.confirmAt, decisions.confirmAt)
  const blindAt = tooOldAt(snapshot, { staleAfterMs })
  return {
    now,
    view: { ...view, confirmAt },
    decisions,
    plan,
    news,
    learned: { holds, graceStarted: graceStartedIn(decisions, memory), warned: decisions.foreseen, news },
    outlook: {
      judgedAt: now,
      verdictsChangeAt: decisions.wakeAt,
      tooOldAt: blindAt,
      confirmAt,
      planUntil: Math.min(endOf(plan), blindAt),
      withdrawnAt: NEVER,
    },
  }
}

/** Makes verdicts on a large snapshot in advance, part by part, so that the judgement does not block the event loop. */
export const prepareJudgement = (
  view: EndpointView,
  rules: EndpointRules,
  memory: EndpointMemory,
  now: Instant,
): ((from: number, to: number) => void) => {
  if (view.state !== 'fresh' && view.state !== 'stale') return () => {}
  const ground = groundOf(historyOf(view, rules, memory, now), now, rules.mode)
  const active = view.snapshot.connections.filter(isActive)
  return (from, to) => rules.decider.assessments.prepare(active, from, to, ground)
}

/** The first instant at which a verdict behind a planned termination may end. */
const endOf = ({ terminate }: Plan): Instant =>
  terminate.reduce((end, { violated }) => violated.reduce((sooner, { nextAt }) => Math.min(sooner, nextAt), end), NEVER)

/** The starts of grace that the memory does not have yet. */
const graceStartedIn = ({ violating }: Decisions, memory: EndpointMemory): Learned['graceStarted'] => {
  const started: Learned['graceStarted'][number][] = []
  for (const { connection, violated } of violating) {
    for (const { policy, graceStartedAt } of violated) {
      if (graceStartedAt === undefined || memory.graceStartedAt(policy.name, connection.id) === graceStartedAt) continue
      started.push({ policy: policy.name, connectionId: connection.id, at: graceStartedAt })
    }
  }
  return started
}
