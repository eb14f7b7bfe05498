import { isActive } from '../connection.ts'
import { forgetCounted, reviewDue, reviewEdits } from '../guard/guard.ts'
import type { GuardLimits, Sum } from '../guard/limits.ts'
import type { NewlyEnded } from '../guard/look-ahead.ts'
import { reselect } from '../guard/reselection.ts'
import { heldIn, NONE_HELD } from '../guard/standing.ts'
import type { Location } from '../names/location.ts'
import { type Acting, type Elsewhere, type History, type Mode, mayEnd, type Policy } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import { EMPTY_PLAN, type Plan, planOf } from '../terminate/plan.ts'
import type { RetryRule } from '../terminate/termination.ts'
import { usersToEndAtOnce } from '../terminate/username-calls.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { NO_OUTLOOK, type Outlook } from './agenda.ts'
import { groundOf } from './assessment.ts'
import { createDecider, type Decider, type Decisions } from './decide.ts'
import { holdsUnder } from './hold.ts'
import { ELSEWHERE_NOT_KNOWN, type EndpointMemory, type Learned } from './memory.ts'
import { type News, newsOf } from './news.ts'
import { type EndpointView, tooOldAt } from './view.ts'

/** The rules for judging an endpoint. They cache verdicts, so that a new policy set needs new rules. */
export interface EndpointRules {
  readonly set: PolicySet
  /** The hash of the policy set. */
  readonly setHash: string
  /** Finds an earlier policy set by its hash. Undefined if it can no longer be read. */
  readonly earlierSet: (hash: string) => PolicySet | undefined
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
  readonly acting: Acting
  readonly elsewhere: Elsewhere
  /** Undefined if the view is neither fresh nor stale. */
  readonly decisions: Decisions | undefined
  readonly plan: Plan
  /** What edits since the last judgement end. */
  readonly newlyEnded: readonly NewlyEnded[]
  /** The names of the policies that other tags, or another name, of the endpoint made select it or no longer. */
  readonly reselected: ReadonlySet<string>
  readonly news: readonly News[]
  /** What the memory must learn; undefined if nothing was decided. */
  readonly learned: Learned | undefined
  readonly outlook: Outlook
}

/** Which policies may end connections, by what the guard holds. */
export const actingOf = ({ mode }: Pick<EndpointRules, 'mode'>, memory: EndpointMemory): Acting => ({
  mode,
  held: heldIn(memory.guard().standings),
})

/** The history as a judgement at `now` sees it. */
export const historyOf = (
  view: EndpointView,
  { changedAt, set, location }: Pick<EndpointRules, 'changedAt' | 'set' | 'location'>,
  memory: EndpointMemory,
  now: Instant,
  acting: Acting,
  elsewhere: Elsewhere = ELSEWHERE_NOT_KNOWN,
): History => {
  // The start of watching counts as an edit, so that the guard checks verdicts that were due before it.
  const watchedSince = Math.min(memory.watchedSince(), now)
  // Other tags count as an edit of the policies that select the endpoint by them.
  const { reselectedAt } = reselect(memory.facts(), set.policies, location, now).facts
  const reselected = ({ name }: Policy) =>
    Object.hasOwn(reselectedAt, name) ? Math.min(reselectedAt[name] ?? -NEVER, now) : -NEVER
  const history = memory.history({
    now,
    fresh: view.state === 'fresh',
    acts: (policy) => mayEnd(policy, acting),
    changedAt: (policy) => Math.max(changedAt(policy), watchedSince, reselected(policy)),
  })
  return { ...history, elsewhere: () => elsewhere }
}

/**
 * Judges one endpoint at `now`. `run`, `plan`, `connections`, `explain` and the policy tests all use this function. It
 * only reads the memory, and returns what the memory must learn. The view must be that of `now` (`nextView` with the
 * sighting `time`). Policies that count over all endpoints keep everybody while `elsewhere` is not known.
 */
export const judgeEndpoint = (
  view: EndpointView,
  rules: EndpointRules,
  memory: EndpointMemory,
  now: Instant,
  elsewhere: Elsewhere = ELSEWHERE_NOT_KNOWN,
): Judgement => {
  if (view.state !== 'fresh' && view.state !== 'stale') {
    return {
      now,
      view,
      acting: actingOf(rules, memory),
      elsewhere,
      decisions: undefined,
      plan: EMPTY_PLAN,
      newlyEnded: [],
      reselected: NONE_HELD,
      news: [],
      learned: undefined,
      outlook: NO_OUTLOOK,
    }
  }
  const { set, setHash, earlierSet, location, decider, mode, guard: limits, staleAfterMs } = rules
  const { snapshot } = view
  const historyUnder = (acting: Acting) => historyOf(view, rules, memory, now, acting, elsewhere)
  const before = memory.guard()
  const active = snapshot.connections.filter(isActive)
  const shownAt = snapshot.begunAt
  const reselection = reselect(memory.facts(), set.policies, location, now)
  const actingBefore = actingOf(rules, memory)
  const groundBefore = groundOf(historyUnder(actingBefore), now, actingBefore)
  const assessed = () => decider.assessments.of(active, groundBefore)
  const known = { active, assessed, shownAt, set, setHash, earlierSet, location, reselection, mode, limits, now }
  const decideUnder = (heldByDue: ReadonlyMap<string, Sum>) => {
    const edits = reviewEdits(before, { ...known, history: historyUnder({ mode, held: NONE_HELD }) }, heldByDue)
    const acting: Acting = { mode, held: heldIn(edits.memory.standings) }
    const history = historyUnder(acting)
    const decisions = decider.decide(snapshot.connections, history, now, acting)
    return { edits, acting, history, decisions, review: reviewDue(decisions, edits.memory, { ...known, history }) }
  }
  // A policy that becomes held no longer ends connections: neither those that others count, nor those that an edit ends.
  let heldByDue: ReadonlyMap<string, Sum> = new Map()
  let decided = decideUnder(heldByDue)
  while (decided.review.held.size > 0) {
    heldByDue = new Map([...heldByDue, ...decided.review.held])
    decided = decideUnder(heldByDue)
  }
  const { edits, acting, history, decisions, review } = decided
  const guard = forgetCounted(review.memory, decisions, { ...known, history }, memory.isMissing)

  const { terminations } = memory
  const judgedBy = { set, location, history, now, acting }
  const together = usersToEndAtOnce(judgedBy, snapshot.connections, decisions, terminations)
  const plan = planOf(decisions, together, (id) => terminations.mayPlan(id, now))
  const wasHeld = heldIn(before.standings)
  const newlyHeld = [...acting.held].filter((name) => !wasHeld.has(name) || edits.held.includes(name))
  const holds = holdsUnder(newlyHeld, set, location, decisions, active, history)
  const news = newsOf(
    decisions,
    { holds, released: edits.released.filter(({ policy }) => !acting.held.has(policy)) },
    memory,
    mode,
  )
  const confirmAt = Math.min(view.confirmAt, decisions.confirmAt)
  const blindAt = tooOldAt(snapshot, { staleAfterMs })
  return {
    now,
    view: { ...view, confirmAt },
    acting,
    elsewhere,
    decisions,
    plan,
    newlyEnded: edits.newlyEnded,
    reselected: reselection.policies,
    news,
    learned: {
      guard,
      facts: reselection.facts,
      mayEnd: new Set(set.policies.flatMap((policy) => (mayEnd(policy, acting) ? [policy.name] : []))),
      graceStarted: graceStartedIn(decisions, memory),
      warned: decisions.foreseen,
      news,
    },
    outlook: {
      judgedAt: now,
      verdictsChangeAt: decisions.wakeAt,
      tooOldAt: blindAt,
      confirmAt,
      planUntil: Math.min(endOf(plan), blindAt),
      withdrawnAt: NEVER,
      extendedAt: NEVER,
      elsewhereAt: NEVER,
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
  const acting = actingOf(rules, memory)
  const ground = groundOf(historyOf(view, rules, memory, now, acting), now, acting)
  const active = view.snapshot.connections.filter(isActive)
  return (from, to) => rules.decider.assessments.prepare(active, from, to, ground)
}

/** The first instant at which a verdict behind a planned termination may end. */
const endOf = ({ terminate }: Plan): Instant =>
  terminate.reduce((end, { violated }) => violated.reduce((sooner, { nextAt }) => Math.min(sooner, nextAt), end), NEVER)

/** The starts of grace that the memory does not have yet. */
export const graceStartedIn = (
  { violating }: Decisions,
  memory: Pick<EndpointMemory, 'graceStartedAt'>,
): Learned['graceStarted'] => {
  const started: Learned['graceStarted'][number][] = []
  for (const { connection, violated } of violating) {
    for (const { policy, graceStartedAt } of violated) {
      if (graceStartedAt === undefined || memory.graceStartedAt(policy.name, connection.id) === graceStartedAt) continue
      started.push({ policy: policy.name, connectionId: connection.id, at: graceStartedAt })
    }
  }
  return started
}
