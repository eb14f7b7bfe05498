import type { Connection } from '../connection.ts'
import { type Acting, type History, mayEnd, type Policy } from '../policies/policy.ts'
import { DAY, type Instant, NEVER } from '../time/instant.ts'
import { type Decider, decisionOf } from './decide.ts'
import { isDue, type Verdict } from './verdict.ts'

/** How far ahead a change is searched: ten years. */
const HORIZON_MS = 3653 * DAY

/** Some connections of one endpoint at one instant, whose next change is searched. */
export interface Scene {
  readonly policies: readonly Policy[]
  readonly decider: Decider
  readonly connections: readonly Connection[]
  readonly history: History
  readonly now: Instant
  readonly acting: Acting
}

/**
 * The first later instant at which `state` of one connection differs, if nothing but time passes; NEVER if it stays the
 * same for ten years.
 */
const nextChange = (
  { decider, connections, history, now, acting }: Scene,
  id: string,
  state: (verdicts: readonly Verdict[], at: Instant) => unknown,
  isLasting: (verdicts: readonly Verdict[], at: Instant) => boolean = () => false,
): Instant => {
  const verdictsAt = (at: Instant) => decider.verdictsOf(id, connections, history, at, acting)
  let at = now
  let verdicts = verdictsAt(at)
  const first = state(verdicts, at)
  while (!isLasting(verdicts, at)) {
    // The state changes only when a verdict on one of the connections does.
    at = decider.decide(connections, history, at, acting).wakeAt
    if (at > now + HORIZON_MS) return NEVER
    verdicts = verdictsAt(at)
    if (state(verdicts, at) !== first) return at
  }
  return NEVER
}

/** When the verdict of one policy changes next, or its deadline passes. */
export const nextAtOfVerdict = (scene: Scene, id: string, verdict: Verdict): Instant => {
  // The verdict of a policy on one connection alone has its own `nextAt`. Only counts depend on other connections.
  if (verdict.policy.kind.counting === undefined)
    return verdict.nextAt > scene.now + HORIZON_MS ? NEVER : verdict.nextAt
  return nextChange(scene, id, (verdicts, at) => {
    const same = verdicts.find(({ policy }) => policy === verdict.policy)
    return same === undefined ? 'none' : `${same.word} ${isDue(same, at)}`
  })
}

/** When the connection is next kept instead of terminated, or terminated instead of kept. */
export const nextAtOfDecision = (scene: Scene, connection: Connection): Instant => {
  // If no policy acts, nothing is terminated, and ten years of deadlines need not be searched.
  if (!scene.policies.some((policy) => mayEnd(policy, scene.acting))) return NEVER
  const ends = (verdicts: readonly Verdict[], at: Instant) =>
    decisionOf(connection, verdicts, at, scene.acting).act === 'terminate'
  // If one policy alone keeps the connection due for ever, ten years of office hours need not be searched.
  const endsForGood = (verdicts: readonly Verdict[], at: Instant) =>
    ends(
      verdicts.filter(
        (verdict) => isDue(verdict, at) && verdict.nextAt === NEVER && verdict.policy.kind.counting === undefined,
      ),
      at,
    )
  return nextChange(scene, connection.id, ends, endsForGood)
}
