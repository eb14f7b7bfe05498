import type { Connection } from '../connection.ts'
import type { Instant } from '../time/instant.ts'
import { type Decision, decisionOf } from './decide.ts'
import { nextAtOfDecision, nextAtOfVerdict, type Scene } from './next-change.ts'
import { because, type Verdict } from './verdict.ts'

/** What one policy says of a connection, why, and when that changes. */
export interface ExplainedVerdict {
  readonly verdict: Verdict
  readonly because: string
  readonly nextAt: Instant
}

/** All that is to be said of one connection. */
export interface Explanation {
  readonly decision: Decision
  /** When the connection is next terminated instead of kept, or kept instead of terminated. */
  readonly nextAt: Instant
  /** In the order of the policies. */
  readonly verdicts: readonly ExplainedVerdict[]
}

/** Every policy's verdict on one connection of the scene, of which the guard may hold some. */
export const explain = (scene: Scene, connection: Connection, isHeld: (policy: string) => boolean): Explanation => {
  const { decider, connections, history, now, mode } = scene
  const verdicts = decider.verdictsOf(connection.id, connections, history, now, mode)
  return {
    decision: decisionOf(
      connection,
      verdicts,
      now,
      mode,
      verdicts.filter(({ word, policy }) => word === 'violated' && isHeld(policy.name)),
    ),
    nextAt: nextAtOfDecision(scene, connection),
    verdicts: verdicts.map((verdict) => ({
      verdict,
      because: because(verdict, connection, now),
      nextAt: nextAtOfVerdict(scene, connection.id, verdict),
    })),
  }
}
