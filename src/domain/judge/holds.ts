import { isActive } from '../connection.ts'
import { holdsIn } from '../guard/standing.ts'
import type { Instant } from '../time/instant.ts'
import type { Judged } from './explain.ts'
import { type Hold, holdsUnder } from './hold.ts'
import { historyOf } from './judge-endpoint.ts'

/** The policies that the guard holds after a judgement, and since when. */
export const holdsOf = ({ judgement, rules, memory }: Judged): readonly (Hold & { readonly since: Instant })[] => {
  const { now, view, acting, decisions, learned } = judgement
  if (decisions === undefined || learned === undefined || view.state === 'blind' || !('snapshot' in view)) return []
  const active = view.snapshot.connections.filter(isActive)
  const history = historyOf(view, rules, memory, now, acting)
  const since = holdsIn(learned.guard.standings)
  const holds = holdsUnder([...since.keys()], rules.set, rules.location, decisions, active, history)
  return holds.map((hold) => ({ ...hold, since: since.get(hold.policy) ?? now }))
}
