import { type Connection, isActive } from '../connection.ts'
import type { Extension } from '../policies/extension.ts'
import { type Acting, mayEnd } from '../policies/policy.ts'
import type { Applicability } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import type { Decisions } from './decide.ts'
import { endsAt, firstEnd } from './ends-at.ts'
import { actingOf, type EndpointRules, historyOf } from './judge-endpoint.ts'
import type { EndpointMemory } from './memory.ts'
import { judge } from './verdict.ts'
import type { EndpointView } from './view.ts'
import { type Violation, violationOf } from './violation.ts'

/** The right that a link gives: to move the end of one connection under one policy. */
export interface ExtensionRequest {
  readonly connectionId: string
  readonly policy: string
  /** Which extension of the connection it is, counted from 1. */
  readonly ordinal: number
  /** The end that the warning told. From then on the request is too late. */
  readonly endsAt: Instant
}

/** The extension that is granted if its user asks now. */
export interface OpenOffer {
  readonly state: 'open'
  /** The violation that ends the connection without an extension. */
  readonly violation: Violation
  readonly endsAt: Instant
  readonly extension: Extension
  readonly byMs: number
  /** How many more extensions the connection may have after this one. */
  readonly left: number
  /** When another policy ends the connection; NEVER if none does before the extension ends. */
  readonly endsOtherwiseAt: Instant
  /** The shortest lead of the policy's warnings that the new end is already nearer than. */
  readonly warnedLead: number | undefined
}

/** The answer to a request at one instant. */
export type ExtensionOffer =
  | OpenOffer
  /** This extension was granted before. `endsAt`: when the first policy ends the connection. */
  | { readonly state: 'extended'; readonly endsAt: Instant }
  | { readonly state: 'too-late' }
  /** The endpoint cannot be judged now. */
  | { readonly state: 'not-seen' }
  /** The connection is not up. */
  | { readonly state: 'gone' }
  /** No policy that acts ends the connection. */
  | { readonly state: 'nothing-ends' }
  /** The policy is not there, or allows no such extension any more. */
  | { readonly state: 'not-offered' }
  /** The policy does not act, or does not end the connection within the time of its first warning. */
  | { readonly state: 'not-ending' }
  /** Another policy ends the connection no later. An extension of one policy does not exempt from another. */
  | { readonly state: 'ends-regardless' }

/** An endpoint as it was judged last. */
interface JudgedEndpoint {
  readonly view: EndpointView
  readonly rules: EndpointRules
  readonly memory: EndpointMemory
  readonly decisions: Decisions | undefined
}

/** Answers a request at `now`. It changes nothing: `memory.extend` grants what an open offer holds. */
export const offerExtension = (
  { view, rules, memory, decisions }: JudgedEndpoint,
  request: ExtensionRequest,
  now: Instant,
): ExtensionOffer => {
  const { connectionId, ordinal } = request
  const acting = actingOf(rules, memory)
  const history = historyOf(view, rules, memory, now, acting)
  const granted = history.extensions(connectionId)?.get(request.policy)?.granted ?? 0
  const isUsed = ordinal <= granted
  if (!isUsed && now >= request.endsAt) return { state: 'too-late' }
  if (view.state !== 'fresh' && view.state !== 'stale') return { state: 'not-seen' }
  const connection = connectionIn(view, connectionId)
  if (connection === undefined) return { state: 'gone' }

  const applicabilities = rules.set.applicabilities(rules.location)(connection)
  const countedAt = countedEnd(decisions, connectionId, now, acting)
  const endAmong = (some: readonly Applicability[], horizon?: Instant) =>
    Math.min(countedAt, firstEnd(some, connection, history, now, acting, horizon))
  const first = endAmong(applicabilities)
  if (first === NEVER) return { state: 'nothing-ends' }
  if (isUsed) return { state: 'extended', endsAt: first }

  const asked = applicabilities.find(({ policy }) => policy.name === request.policy)
  const extend = asked?.policy.extend
  if (asked === undefined || extend === undefined) return { state: 'not-offered' }
  if (ordinal !== granted + 1 || ordinal > extend.times) return { state: 'not-offered' }
  if (!mayEnd(asked.policy, acting)) return { state: 'not-ending' }
  const end = endsAt(asked, connection, history, now)
  if (end <= now) return { state: 'too-late' }
  if (end > now + Math.max(...asked.policy.warn)) return { state: 'not-ending' }

  const until = end + extend.byMs
  const others = applicabilities.filter((one) => one !== asked)
  const otherwiseAt = endAmong(others, until)
  if (otherwiseAt <= end) return { state: 'ends-regardless' }
  const verdict = judge(asked, connection, history, end)
  if (verdict.word !== 'violated') return { state: 'not-ending' }
  const begun = asked.policy.warn.filter((lead) => until - now <= lead)
  return {
    state: 'open',
    violation: violationOf({ connection, violated: [verdict] }, end, verdict),
    endsAt: end,
    extension: { granted: ordinal, until },
    byMs: extend.byMs,
    left: extend.times - ordinal,
    endsOtherwiseAt: otherwiseAt < until ? otherwiseAt : NEVER,
    warnedLead: begun.length === 0 ? undefined : Math.min(...begun),
  }
}

const connectionIn = (view: EndpointView, id: string): Connection | undefined =>
  view.state === 'fresh' || view.state === 'stale'
    ? view.snapshot.connections.find((one) => one.id === id && isActive(one))
    : undefined

/** When the connection ends by policies that count connections together, as was found when it was judged last. */
const countedEnd = (decisions: Decisions | undefined, id: string, now: Instant, acting: Acting): Instant => {
  const decision = decisions?.violating.find(({ connection }) => connection.id === id)
  if (decision?.act === 'terminate') return now
  const counted = (decision?.violated ?? []).filter(
    ({ policy }) => policy.kind.counting !== undefined && mayEnd(policy, acting),
  )
  return counted.reduce((first, { deadline }) => Math.min(first, Math.max(now, deadline)), NEVER)
}
