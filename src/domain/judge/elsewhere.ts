import type { Acting, Elsewhere, Tally } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import type { Instant } from '../time/instant.ts'
import { actingOf, type EndpointRules, historyOf } from './judge-endpoint.ts'
import type { EndpointMemory } from './memory.ts'
import type { EndpointView } from './view.ts'

/**
 * The tally of an endpoint for judgements of others by the same policies at `now`. Undefined if it has no fresh snapshot.
 * A snapshot whose counters have to be confirmed still shows who is connected. The view must be that of `now`.
 */
export const tallyOf = (
  view: EndpointView,
  rules: EndpointRules,
  memory: EndpointMemory,
  {
    set,
    now,
    acting = actingOf(rules, memory),
  }: {
    readonly set: PolicySet
    readonly now: Instant
    readonly acting?: Acting
  },
): Tally | undefined => {
  const isFresh = view.state === 'fresh' || (view.state === 'stale' && view.why === 'to-be-confirmed')
  if (!isFresh || rules.set !== set) return undefined
  return rules.decider.tally(view.snapshot.connections, historyOf(view, rules, memory, now, acting), acting)
}

/** The other watched endpoints as a judgement sees them. */
export const elsewhereOf = (
  others: ReadonlyArray<{
    readonly endpoint: { readonly id: string; readonly name: string }
    readonly tally: Tally | undefined
  }>,
): Elsewhere => {
  const lacking = others.find(({ tally }) => tally === undefined)?.endpoint
  if (lacking !== undefined) return { state: 'not-known', lacks: lackOf(lacking) }
  return { state: 'known', tallies: others.flatMap(({ tally }) => tally ?? []) }
}

/** The fact that is lacking while an endpoint has no fresh snapshot, in words. */
export const lackOf = ({ id, name }: { readonly id: string; readonly name: string }): string =>
  `a fresh snapshot of the endpoint ${name === id ? id : `${name} (${id})`}`
