import { type Connection, isActive } from '../connection.ts'
import { acts, mayEnd, type Policy } from '../policies/policy.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import type { AssessmentPart } from './assessment.ts'
import type { Decisions } from './decide.ts'
import { endsAt } from './ends-at.ts'
import { actingOf, type EndpointRules, historyOf } from './judge-endpoint.ts'
import type { EndpointMemory } from './memory.ts'
import type { Effect } from './news.ts'
import { isDue } from './verdict.ts'
import type { EndpointView } from './view.ts'

/** How many connections of one endpoint a policy ends, or would end if it acted and the guard did not hold it. */
export interface PolicyEnds {
  readonly policy: string
  readonly effect: Effect
  readonly now: number
  /** How many more will end within the time that was asked for, if nothing but time passes. */
  readonly later: number
  /** The first of the later ends; NEVER if there is none. */
  readonly firstAt: Instant
}

/**
 * Counts what the policies end, in parts: `read` is called for all of `length`, then `ends` has the counts. A connection
 * that ends counts under the policy that ends it first; one that is not due also under each policy that would end it if
 * it acted.
 */
export const countEnds = (
  asked: {
    readonly view: EndpointView
    /** The last decisions about the view. */
    readonly decisions: Decisions
    readonly rules: EndpointRules
    readonly memory: EndpointMemory
    readonly now: Instant
  },
  withinMs: number,
) => {
  const { view, decisions, rules, memory, now } = asked
  const { set, location, decider } = rules
  const acting = actingOf(rules, memory)
  const history = historyOf(view, rules, memory, now, acting)
  const applicabilitiesOf = set.applicabilities(location)
  const active = 'snapshot' in view ? (view.snapshot?.connections.filter(isActive) ?? []) : []
  const horizon = now + withinMs
  const { violating } = decisions
  const dueIds = new Set<string>()
  const counts = new Map<Policy, { now: number; later: number; firstAt: Instant }>()

  const add = (policy: Policy, at: Instant) => {
    const count = counts.get(policy) ?? { now: 0, later: 0, firstAt: NEVER }
    counts.set(policy, count)
    if (at <= now) count.now++
    else {
      count.later++
      count.firstAt = Math.min(count.firstAt, at)
    }
  }

  const addDue = ({ act, lead, violated, connection }: (typeof violating)[number]) => {
    if (act === 'terminate') {
      dueIds.add(connection.id)
      add(lead.policy, now)
      return
    }
    for (const verdict of violated) if (isDue(verdict, decisions.now)) add(verdict.policy, now)
  }

  /** Whether the judge has found that no verdict about the connection changes so soon. */
  const isSettled = (connection: Connection, place: number): boolean => {
    const known = decider.assessments.at(connection, place)
    if (known === undefined) return false
    const isQuiet = ({ violated, wakeAt }: AssessmentPart) => violated.length === 0 && wakeAt > horizon
    return isQuiet(known.countersAside) && (known.onCounters === undefined || isQuiet(known.onCounters))
  }

  const addLater = (connection: Connection, place: number) => {
    if (dueIds.has(connection.id) || isSettled(connection, place)) return
    let first: { readonly policy: Policy; readonly at: Instant } | undefined
    for (const applicability of applicabilitiesOf(connection)) {
      const { policy } = applicability
      const at = endsAt(applicability, connection, history, now, horizon)
      if (at === NEVER || at <= now) continue
      if (!mayEnd(policy, acting)) add(policy, at)
      else if (first === undefined || at < first.at) first = { policy, at }
    }
    if (first !== undefined) add(first.policy, first.at)
  }

  return {
    length: violating.length + active.length,

    read(from: number, to: number): void {
      for (let index = from; index < to; index++) {
        const place = index - violating.length
        const [decision, connection] = [violating[index], active[place]]
        if (decision !== undefined) addDue(decision)
        else if (connection !== undefined) addLater(connection, place)
      }
    },

    /** In the order of the policies. */
    ends: (): readonly PolicyEnds[] =>
      set.policies.flatMap((policy) => {
        const count = counts.get(policy)
        const effect = mayEnd(policy, acting) ? 'enforce' : acts(policy, acting.mode) ? 'held' : 'audit'
        return count === undefined ? [] : [{ policy: policy.name, effect, ...count }]
      }),
  }
}
