import type { Connection } from '../connection.ts'
import type { Termination } from '../terminate/termination.ts'
import type { Instant } from '../time/instant.ts'
import { type Decision, decisionOf } from './decide.ts'
import { type EndpointRules, historyOf, type Judgement } from './judge-endpoint.ts'
import type { EndpointMemory } from './memory.ts'
import { type MovedEnd, movedEndOf } from './moved-end.ts'
import { nextAtOfDecision, nextAtOfVerdict, type Scene } from './next-change.ts'
import { because, type Verdict } from './verdict.ts'

/** The verdict of one policy on a connection, its reason, and when it changes. */
interface ExplainedVerdict {
  readonly verdict: Verdict
  readonly because: string
  readonly nextAt: Instant
  /** The end that extensions have moved; undefined if none has. */
  readonly moved: MovedEnd | undefined
}

/** All verdicts on one connection, and the decision. */
export interface Explanation {
  readonly now: Instant
  readonly decision: Decision
  /** When the connection is next terminated instead of kept, or kept instead of terminated. */
  readonly nextAt: Instant
  /** In the order of the policies. */
  readonly verdicts: readonly ExplainedVerdict[]
  /** Its termination; undefined if none has begun. */
  readonly termination: Termination | undefined
}

/** A judged endpoint. */
export interface Judged {
  readonly judgement: Judgement
  readonly rules: EndpointRules
  readonly memory: EndpointMemory
}

/**
 * Explains one connection of a judged endpoint. `others` are the connections that are judged with it to find the next
 * change. Those of the same principal are enough, because other principals do not change its verdicts.
 */
export const explain = (
  { judgement, rules, memory }: Judged,
  connection: Connection,
  others: readonly Connection[],
): Explanation => {
  const { now, view, acting, decisions, elsewhere } = judgement
  const { set, decider } = rules
  const history = historyOf(view, rules, memory, now, acting, elsewhere)
  const scene: Scene = { policies: set.policies, decider, connections: others, history, now, acting }
  const verdicts = decider.verdictsOf(connection.id, others, history, now, acting)
  const found = decisions?.violating.find((decision) => decision.connection.id === connection.id)
  return {
    now,
    decision: found ?? decisionOf(connection, [], now, acting),
    nextAt: nextAtOfDecision(scene, connection),
    verdicts: verdicts.map((verdict) => ({
      verdict,
      because: because(verdict, connection, now),
      nextAt: nextAtOfVerdict(scene, connection.id, verdict),
      moved: movedEndOf(verdict, connection, history, now),
    })),
    termination: memory.terminations.of(connection.id),
  }
}
