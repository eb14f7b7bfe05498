import type { Connection } from './connection.ts'
import { type Decider, decisionOf } from './decide.ts'
import { DAY, type Instant, NEVER } from './instant.ts'
import type { History, Mode } from './policy.ts'
import { isDue, type Verdict } from './verdict.ts'

/** How far a change is looked for: ten years. */
const HORIZON_MS = 3653 * DAY

/** What a question is asked of: some connections of one endpoint, at one instant. */
export interface Scene {
  readonly decider: Decider
  readonly connections: readonly Connection[]
  readonly history: History
  readonly now: Instant
  readonly mode: Mode
}

/** The first later instant at which something about one connection differs if nothing but time moves; NEVER if there is none within ten years. */
const nextChange = (
  { decider, connections, history, now, mode }: Scene,
  id: string,
  state: (verdicts: readonly Verdict[], at: Instant) => unknown,
): Instant => {
  const stateAt = (at: Instant) => state(decider.verdictsOf(id, connections, history, at, mode), at)
  const first = stateAt(now)
  let at = now
  for (;;) {
    // Whatever changes, changes when some verdict of some connection does.
    at = decider.decide(connections, history, at, mode).wakeAt
    if (at > now + HORIZON_MS) return NEVER
    if (stateAt(at) !== first) return at
  }
}

/** When the word of one policy, or whether its deadline has passed, changes next. */
export const nextAtOfVerdict = (scene: Scene, id: string, verdict: Verdict): Instant => {
  // A policy that looks at one connection alone knows by itself; only a crowd is changed by what others do.
  if (verdict.policy.kind.crowd === undefined) return verdict.nextAt > scene.now + HORIZON_MS ? NEVER : verdict.nextAt
  return nextChange(scene, id, (verdicts, at) => {
    const same = verdicts.find(({ policy }) => policy === verdict.policy)
    return same === undefined ? '' : `${same.word} ${isDue(same, at)}`
  })
}

/** When the connection is next kept instead of terminated, or terminated instead of kept. */
export const nextAtOfDecision = (scene: Scene, connection: Connection): Instant => {
  const { decider, connections, history, now, mode } = scene
  const verdicts = decider.verdictsOf(connection.id, connections, history, now, mode)
  // Condemned for good by one policy alone: no need to follow ten years of office hours.
  const forGood = (verdict: Verdict) =>
    isDue(verdict, now) && verdict.nextAt === NEVER && verdict.policy.kind.crowd === undefined
  const { act } = decisionOf(connection, verdicts, now, mode)
  const lasting =
    verdicts.filter(forGood).length > 0 && decisionOf(connection, verdicts.filter(forGood), now, mode).act === act
  if (act === 'terminate' && lasting) return NEVER
  return nextChange(scene, connection.id, (all, at) => decisionOf(connection, all, at, mode).act === 'terminate')
}
