import { type Connection, isActive } from '../connection.ts'
import type { Extension } from '../policies/extension.ts'
import { mayEnd } from '../policies/policy.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import type { Decisions } from './decide.ts'
import { endsAt } from './ends-at.ts'
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
  /** This extension was granted before. */
  | { readonly state: 'extended'; readonly endsAt: Instant }
  | { readonly state: 'too-late' }
  /** The endpoint cannot be judged now. */
  | { readonly state: 'not-seen' }
  /** The connection is not up. */
  | { readonly state: 'gone' }
  /** The policy is not there, does not act, or allows no such extension any more. */
  | { readonly state: 'not-offered' }
  /** The policy does not end the connection within the time of its first warning. */
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
  const known = history.extensions(connectionId)?.get(request.policy)
  const granted = known?.granted ?? 0
  const connection = connectionIn(view, connectionId)
  const applicabilities = connection === undefined ? [] : rules.set.applicabilities(rules.location)(connection)
  const asked = applicabilities.find(({ policy }) => policy.name === request.policy)
  if (known !== undefined && ordinal <= granted) {
    const end = connection && asked ? endsAt(asked, connection, history, now) : known.until
    return { state: 'extended', endsAt: end === NEVER ? known.until : end }
  }
  if (now >= request.endsAt) return { state: 'too-late' }
  if (view.state !== 'fresh' && view.state !== 'stale') return { state: 'not-seen' }
  if (connection === undefined) return { state: 'gone' }

  const extend = asked?.policy.extend
  if (asked === undefined || extend === undefined || !mayEnd(asked.policy, acting)) return { state: 'not-offered' }
  if (ordinal !== granted + 1 || ordinal > extend.times) return { state: 'not-offered' }
  const end = endsAt(asked, connection, history, now)
  if (end <= now) return { state: 'too-late' }
  if (end > now + Math.max(...asked.policy.warn)) return { state: 'not-ending' }

  const until = end + extend.byMs
  const others = applicabilities.filter((one) => one !== asked && mayEnd(one.policy, acting))
  const otherwiseAt = others.reduce(
    (first, other) => Math.min(first, endsAt(other, connection, history, now, until)),
    isTerminated(decisions, connectionId) ? now : NEVER,
  )
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

/** Whether the connection ends now, also by policies that count connections together. */
const isTerminated = (decisions: Decisions | undefined, connectionId: string): boolean =>
  decisions?.violating.some(({ connection, act }) => connection.id === connectionId && act === 'terminate') === true
