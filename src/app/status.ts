import type { EndpointView } from '../domain/judge/view.ts'
import { type Instant, toIso } from '../domain/time/instant.ts'
import type { EndpointStatus } from './endpoint-watch.ts'

const iso = (at: Instant | undefined) => (at === undefined ? null : toIso(at))

const becauseOf = (view: EndpointView, names: boolean): string | null => {
  if (view.state === 'unseen') return 'no read of the endpoint has ended since the start'
  if (!('because' in view)) return null
  return names ? view.because : (view.nameless ?? view.because)
}

/** An endpoint in `/status`. Values that are unknown while the view is unseen or blind are null, never zero. Without `names`, no text of AWS. */
export const endpointStatusOf = (status: EndpointStatus, names: boolean) => {
  const { endpoint, tags, view, decisions, plan, holds, openTerminations, next } = status
  const isDecided = decisions !== undefined
  const count = (of: readonly unknown[]) => (isDecided ? of.length : null)
  return {
    endpointId: endpoint.id,
    name: endpoint.name,
    account: endpoint.account ?? null,
    region: endpoint.region,
    tags: tags === undefined ? null : Object.fromEntries(tags),
    view: view.state,
    because: becauseOf(view, names),
    snapshotAt: iso('snapshot' in view ? view.snapshot?.completedAt : undefined),
    active: decisions?.active ?? null,
    terminate: count(plan.terminate),
    held: count(plan.held),
    holds: [...holds].map(([policy, since]) => ({ policy, since: iso(since) })),
    audit: count(plan.audit),
    openTerminations,
    next: { at: iso(next.at), because: iso(next.at) === null ? null : next.because },
  }
}
