import type { Connection } from '../connection.ts'
import { acts, type History, type Mode, type Policy } from '../policies/policy.ts'
import { DAY, type Instant, NEVER } from '../time/instant.ts'
import { type Decider, decisionOf } from './decide.ts'
import { isDue, type Verdict } from './verdict.ts'

/** How far a change is looked for: ten years. */
const HORIZON_MS = 3653 * DAY

/** What a question is asked of: some connections of one endpoint, at one instant. */
export interface Scene {
  readonly policies: readonly Policy[]
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
  isLasting: (verdicts: readonly Verdict[], at: Instant) => boolean = () => false,
): Instant => {
  const verdictsAt = (at: Instant) => decider.verdictsOf(id, connections, history, at, mode)
  let at = now
  let verdicts = verdictsAt(at)
  const first = state(verdicts, at)
  while (!isLasting(verdicts, at)) {
    // Whatever changes, changes when some verdict of some connection does.
    at = decider.decide(connections, history, at, mode).wakeAt
    if (at > now + HORIZON_MS) return NEVER
    verdicts = verdictsAt(at)
    if (state(verdicts, at) !== first) return at
  }
  return NEVER
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
  // Where no policy acts, nothing is ever ended: ten years of deadlines would be walked for nothing.
  if (!scene.policies.some((policy) => acts(policy, scene.mode))) return NEVER
  const ends = (verdicts: readonly Verdict[], at: Instant) =>
    decisionOf(connection, verdicts, at, scene.mode).act === 'terminate'
  // Condemned for good by one policy alone, now or later: no need to follow ten years of office hours.
  const endsForGood = (verdicts: readonly Verdict[], at: Instant) =>
    ends(
      verdicts.filter(
        (verdict) => isDue(verdict, at) && verdict.nextAt === NEVER && verdict.policy.kind.crowd === undefined,
      ),
      at,
    )
  return nextChange(scene, connection.id, ends, endsForGood)
}
