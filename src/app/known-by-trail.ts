import { principalKeyOf } from '../domain/connection.ts'
import { cooldownKey, createMemory, type KeptMemory } from '../domain/judge/memory.ts'
import type { Violation } from '../domain/judge/violation.ts'
import { principalNamesOf } from '../domain/names/user-list.ts'
import type { Extension } from '../domain/policies/extension.ts'
import type { Policy } from '../domain/policies/policy.ts'
import { AGAIN_AFTER_MS, isOpen, type KeptTermination } from '../domain/terminate/termination.ts'
import { DAY, HOUR, type Instant, MINUTE, NEVER } from '../domain/time/instant.ts'
import type { ExtendedRecord, IntentRecord, OutcomeRecord, ReplayedRecord } from './audit.ts'
import { endpointKey } from './site.ts'
import type { State } from './state.ts'

/** AWS lists a terminated connection for an hour, so a snapshot cannot show the outcome of older intents. */
const INTENTS_SINCE_MS = HOUR

/** AWS ends a connection after a day. An extension is granted while it is up, so that none that is older counts. */
const EXTENSIONS_SINCE_MS = DAY

/** A call leaves soon after its intent. */
const LEAVES_WITHIN_MS = MINUTE

/** What the state file says of a call that has no intent in the trail. */
export interface WithoutIntent {
  readonly what: 'cooldown' | 'termination'
  readonly policy: string
  /** The key of the principal: `user:NAME` or `cn:NAME`. */
  readonly principal: string | undefined
}

type Read = (record: ReplayedRecord) => void

/**
 * The state of the last process as far as the trail bears it out. The trail is written before each call and after each
 * answer, the state file later: the trail may know of calls and outcomes that the state does not. And a call has its
 * intent in the trail: a cooldown or a termination that an edit of the state file added has none, and does not count.
 *
 * Extensions of either count: they keep connections up, and never longer than the policy allows.
 *
 * `now` may come from a clock that nothing has confirmed yet: it forgets nothing. A cooldown that is over ends with the
 * first snapshot. `read` takes the records since `since`, in their order.
 */
export const createKnownByTrail = (
  state: State,
  policies: readonly Policy[],
  now: Instant,
): {
  /** Given the time of the newest record, because the clock may be ahead. Undefined for a trail without records. */
  readonly since: (newestAt: Instant | undefined) => Instant
  readonly read: Read
  /** Call it after the last record. */
  readonly known: () => { readonly state: State; readonly unproven: readonly WithoutIntent[] }
} => {
  const endpoints = new Map(Object.entries(state.endpoints))
  const terminations = createTerminations(endpoints, now)
  const cooldowns = createCooldowns(endpoints, policies)
  const extensions = createExtensionsByTrail(endpoints)
  const extendsAny = policies.some(({ extend }) => extend !== undefined)
  return {
    since: (newestAt = now) =>
      [...cooldowns.leftAt, ...terminations.leftAt].reduce(
        (since, leftAt) => Math.min(since, leftAt - LEAVES_WITHIN_MS),
        Math.min(now, newestAt) - (extendsAny ? EXTENSIONS_SINCE_MS : INTENTS_SINCE_MS),
      ),
    read(record) {
      if (record.event === 'extended') {
        extensions.read(record)
        return
      }
      terminations.read(record)
      cooldowns.read(record)
    },
    known() {
      for (const key of [...terminations.endpoints(), ...cooldowns.endpoints(), ...extensions.endpoints()])
        if (!endpoints.has(key)) endpoints.set(key, createMemory().kept())
      const all = [...endpoints].map(([key, memory]): [string, KeptMemory] => [
        key,
        {
          ...memory,
          terminated: cooldowns.of(key),
          extended: extensions.of(key),
          terminations: terminations.of(key),
        },
      ])
      return {
        state: { ...state, endpoints: Object.fromEntries(all) },
        unproven: [...cooldowns.unproven(), ...terminations.unproven()],
      }
    },
  }
}

/** What the state tells of a call. */
interface Claim extends Pick<WithoutIntent, 'policy' | 'principal'> {
  readonly leftAt: Instant
}

const isIntentOf = (intent: IntentRecord, { policy, principal, leftAt }: Claim): boolean =>
  intent.policy === policy &&
  principalKeyOf(principalNamesOf(intent)) === principal &&
  Math.abs(leftAt - intent.time) <= LEAVES_WITHIN_MS

const violationIn = (record: Violation): Violation => {
  const { connectionId, username, commonName, policy, reason, since, deadline, because, alsoBy } = record
  return { connectionId, username, commonName, policy, reason, since, deadline, because, alsoBy }
}

/**
 * The termination after an outcome in the trail that is later than the state: over, given up, or as it was. `leftAt` is that of
 * the call with the outcome, by which the next start finds its intent again.
 */
const after = (record: OutcomeRecord, kept: KeptTermination, leftAt: Instant): KeptTermination | undefined => {
  const { outcome, call, time, requestId } = record
  if (outcome === 'confirmed' || outcome === 'already-gone') return undefined
  if (outcome !== 'gave-up' || !isOpen(kept)) return kept
  return {
    state: 'given-up',
    violation: violationIn(record),
    attempts: kept.attempts,
    callId: call.id,
    selector: call.selector,
    leftAt,
    answeredAt: time,
    requestId,
    heard: 'read',
    absences: 0,
    tryAgainAt: time + AGAIN_AFTER_MS,
  }
}

/** A call that the last process recorded and whose end it did not see. AWS may have carried it out. */
const interrupted = (intent: IntentRecord, attemptsBefore: number): KeptTermination => {
  const { time, call } = intent
  return {
    state: 'waiting',
    violation: violationIn(intent),
    attempts: attemptsBefore + 1,
    callId: call.id,
    selector: call.selector,
    leftAt: time,
    answeredAt: time,
    requestId: undefined,
    heard: 'unread',
    absences: 0,
    tryAgainAt: time,
  }
}

/** The terminations under way, by endpoint. Those of the state need their intents. */
const createTerminations = (endpoints: ReadonlyMap<string, KeptMemory>, now: Instant) => {
  const kept = new Map(
    [...endpoints].map(([key, memory]) => [
      key,
      new Map(memory.terminations.map((one) => [one.violation.connectionId, one])),
    ]),
  )
  const proven = new Set<KeptTermination>()
  /**
   * Calls whose intent follows that of the state's call for the connection. A process may have called again and been killed
   * before it saved its state: the outcome is then that of a call that the state does not know.
   */
  const laterCalls = new Set<string>()
  const intents = new Map<string, Map<string, IntentRecord>>()
  let newestAt = -NEVER
  /** The intents without an end that are recent, by the clock or by the newest record. */
  const openOf = (key: string) =>
    [...(intents.get(key) ?? [])].filter(([, { time }]) => time >= Math.min(now, newestAt) - INTENTS_SINCE_MS)
  const all = () => [...kept.values()].flatMap((ofEndpoint) => [...ofEndpoint.values()])
  return {
    leftAt: all().map(({ leftAt }) => leftAt),
    read(record: IntentRecord | OutcomeRecord): void {
      const key = endpointKey(record.region, record.endpointId)
      const { connectionId, call } = record
      newestAt = Math.max(newestAt, record.time)
      const ofEndpoint = kept.get(key)
      const claimed = ofEndpoint?.get(connectionId)
      const open = intents.get(key) ?? new Map<string, IntentRecord>()
      intents.set(key, open)
      if (record.event === 'intent') {
        if (claimed !== undefined && proven.has(claimed)) laterCalls.add(call.id)
        if (claimed?.callId === call.id && isIntentOf(record, callOf(claimed))) proven.add(claimed)
        open.set(connectionId, record)
        return
      }
      const intent = open.get(connectionId)
      // A record that waited for the disk may follow an intent that is newer than it.
      if (intent !== undefined && (intent.call.id === call.id || intent.time <= record.time)) open.delete(connectionId)
      if (claimed === undefined || (claimed.callId !== call.id && !laterCalls.has(call.id))) return
      const leftAt = claimed.callId === call.id ? claimed.leftAt : (intent?.time ?? record.time)
      const next = after(record, claimed, leftAt)
      if (next === undefined) ofEndpoint?.delete(connectionId)
      else ofEndpoint?.set(connectionId, next)
      if (next !== undefined && proven.has(claimed)) proven.add(next)
    },
    endpoints: () => [...intents.keys()].filter((key) => openOf(key).length > 0),
    of(key: string): readonly KeptTermination[] {
      const ofEndpoint = new Map([...(kept.get(key) ?? [])].filter(([, one]) => proven.has(one)))
      for (const [connectionId, intent] of openOf(key)) {
        const known = ofEndpoint.get(connectionId)
        if (known?.callId !== intent.call.id) ofEndpoint.set(connectionId, interrupted(intent, known?.attempts ?? 0))
      }
      return [...ofEndpoint.values()]
    },
    unproven: (): readonly WithoutIntent[] =>
      all()
        .filter((one) => !proven.has(one))
        .map((one) => {
          const { policy, principal } = callOf(one)
          return { what: 'termination', policy, principal }
        }),
  }
}

const callOf = ({ violation, leftAt }: KeptTermination): Claim => ({
  policy: violation.policy,
  principal: principalKeyOf(principalNamesOf(violation)),
  leftAt,
})

interface Cooldown extends Claim {
  readonly endpoint: string
  readonly principal: string
}

/** The cooldowns, by endpoint. Those of the state need their intents; others begin with an intent that was confirmed. */
const createCooldowns = (endpoints: ReadonlyMap<string, KeptMemory>, policies: readonly Policy[]) => {
  const cooling = new Map(policies.flatMap((policy) => (policy.cooldownMs > 0 ? [[policy.name, policy]] : [])))
  const claimed = [...endpoints].flatMap(([endpoint, { terminated }]) =>
    Object.entries(terminated).flatMap(([policy, ofPolicy]): readonly Cooldown[] =>
      cooling.has(policy)
        ? Object.entries(ofPolicy).map(([principal, leftAt]) => ({ endpoint, policy, principal, leftAt }))
        : [],
    ),
  )
  const keyOf = (endpoint: string, policy: string, principal: string | undefined) =>
    JSON.stringify([endpoint, policy, principal])
  const waiting = new Map(claimed.map((one) => [keyOf(one.endpoint, one.policy, one.principal), one]))
  const known = new Map<string, Cooldown>()
  const intents = new Map<string, IntentRecord>()

  const prove = (endpoint: string, intent: IntentRecord) => {
    const key = keyOf(endpoint, intent.policy, principalKeyOf(principalNamesOf(intent)))
    const one = waiting.get(key)
    if (one === undefined || !isIntentOf(intent, one)) return
    waiting.delete(key)
    known.set(key, one)
  }

  /** Within a cooldown only the first termination counts. */
  const begin = (endpoint: string, policy: Policy, intent: IntentRecord) => {
    const principal = cooldownKey(policy, principalNamesOf(intent))
    if (principal === undefined || intent.reason === 'cooldown') return
    const key = keyOf(endpoint, policy.name, principal)
    const before = known.get(key)
    if (before !== undefined && intent.time < before.leftAt + policy.cooldownMs) return
    known.set(key, { endpoint, policy: policy.name, principal, leftAt: intent.time })
  }

  return {
    leftAt: claimed.map(({ leftAt }) => leftAt),
    read(record: IntentRecord | OutcomeRecord): void {
      const policy = cooling.get(record.policy)
      if (policy === undefined) return
      const endpoint = endpointKey(record.region, record.endpointId)
      const id = JSON.stringify([endpoint, record.connectionId, record.call.id])
      if (record.event === 'intent') {
        prove(endpoint, record)
        intents.set(id, record)
        return
      }
      const intent = intents.get(id)
      if (record.outcome === 'confirmed' && intent !== undefined) begin(endpoint, policy, intent)
    },
    endpoints: () => [...known.values()].map(({ endpoint }) => endpoint),
    of(endpoint: string): KeptMemory['terminated'] {
      const byPolicy = new Map<string, [principal: string, at: Instant][]>()
      for (const one of known.values()) {
        if (one.endpoint !== endpoint) continue
        const entries = byPolicy.get(one.policy) ?? []
        entries.push([one.principal, one.leftAt])
        byPolicy.set(one.policy, entries)
      }
      return Object.fromEntries([...byPolicy].map(([policy, entries]) => [policy, Object.fromEntries(entries)]))
    },
    unproven: (): readonly WithoutIntent[] =>
      [...waiting.values()].map(({ policy, principal }) => ({ what: 'cooldown', policy, principal })),
  }
}

/** The extensions, by endpoint. Of one connection and policy the record with the most granted counts. */
const createExtensionsByTrail = (endpoints: ReadonlyMap<string, KeptMemory>) => {
  const known = new Map<string, Map<string, Map<string, Extension>>>()
  const add = (endpoint: string, connectionId: string, policy: string, extension: Extension) => {
    const ofEndpoint = known.get(endpoint) ?? new Map<string, Map<string, Extension>>()
    const ofConnection = ofEndpoint.get(connectionId) ?? new Map<string, Extension>()
    known.set(endpoint, ofEndpoint.set(connectionId, ofConnection))
    if (extension.granted > (ofConnection.get(policy)?.granted ?? 0)) ofConnection.set(policy, extension)
  }
  for (const [endpoint, { extended }] of endpoints) {
    for (const [connectionId, ofConnection] of Object.entries(extended)) {
      for (const [policy, extension] of Object.entries(ofConnection)) add(endpoint, connectionId, policy, extension)
    }
  }
  return {
    read({ region, endpointId, connectionId, policy, extension: granted, endsAt: until }: ExtendedRecord): void {
      add(endpointKey(region, endpointId), connectionId, policy, { granted, until })
    },
    endpoints: () => known.keys(),
    of: (endpoint: string): KeptMemory['extended'] =>
      Object.fromEntries(
        [...(known.get(endpoint) ?? [])].map(([connectionId, ofConnection]) => [
          connectionId,
          Object.fromEntries(ofConnection),
        ]),
      ),
  }
}
