import { isActive } from '../connection.ts'
import type { Instant } from '../time/instant.ts'
import type { Judged } from './explain.ts'
import { type Hold, holdOf } from './hold.ts'
import { historyOf } from './judge-endpoint.ts'

/** The policies that the guard holds after a judgement, and since when. */
export const holdsOf = ({ judgement, rules, memory }: Judged): readonly (Hold & { readonly since: Instant })[] => {
  const { now, view, acting, decisions, learned } = judgement
  if (decisions === undefined || learned === undefined || view.state === 'blind' || !('snapshot' in view)) return []
  const active = view.snapshot.connections.filter(isActive)
  const history = historyOf(view, rules, memory, now, acting)
  return Object.entries(learned.guard.standings).flatMap(([policy, standing]) =>
    standing.state === 'held'
      ? [{ ...holdOf(policy, rules.set, rules.location, decisions, active, history), since: standing.since }]
      : [],
  )
}
