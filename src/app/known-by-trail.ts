import { principalKeyOf } from '../domain/connection.ts'
import { createMemory, type KeptMemory } from '../domain/judge/memory.ts'
import { principalNamesOf } from '../domain/names/user-list.ts'
import type { Policy } from '../domain/policies/policy.ts'
import { isOpen, type KeptTermination } from '../domain/terminate/termination.ts'
import { HOUR, type Instant, MINUTE } from '../domain/time/instant.ts'
import type { IntentRecord, OutcomeRecord } from './audit.ts'
import { endpointKey } from './site.ts'
import type { State } from './state.ts'

/** AWS lists a terminated connection for an hour, so a snapshot cannot show the outcome of older intents. */
const INTENTS_SINCE_MS = HOUR

/** A cooldown begins when its call leaves, which is soon after its intent. */
const LEAVES_WITHIN_MS = MINUTE

/** A cooldown of the state file without an intent in the trail. */
export interface UnprovenCooldown {
  readonly policy: string
  /** The key of the principal: `user:NAME` or `cn:NAME`. */
  readonly principal: string
}

type Read = (record: IntentRecord | OutcomeRecord) => void

/**
 * The state of the last process as far as the trail bears it out. The trail is written before each call and after each
 * answer, the state file later: the trail may know of calls and outcomes that the state does not. And what ends a
 * person must be in the trail, so that nobody can be chosen by an edit of the state file.
 *
 * `read` takes the records since `since`, in their order.
 */
export const createKnownByTrail = (
  state: State,
  policies: readonly Policy[],
  now: Instant,
): {
  readonly since: Instant
  readonly read: Read
  /** Call it after the last record. */
  readonly known: () => { readonly state: State; readonly unproven: readonly UnprovenCooldown[] }
} => {
  const endpoints = new Map(Object.entries(state.endpoints))
  const terminations = createTerminations(endpoints, now - INTENTS_SINCE_MS)
  const cooldowns = createCooldowns(endpoints, policies, now)
  return {
    since: Math.min(now - INTENTS_SINCE_MS, ...cooldowns.claimed.map(({ at }) => at - LEAVES_WITHIN_MS)),
    read(record) {
      terminations.read(record)
      cooldowns.read(record)
    },
    known() {
      for (const key of terminations.endpoints()) if (!endpoints.has(key)) endpoints.set(key, createMemory().kept())
      const all = [...endpoints].map(([key, memory]): [string, KeptMemory] => [
        key,
        { ...memory, terminated: cooldowns.of(key), terminations: terminations.of(key) },
      ])
      return { state: { ...state, endpoints: Object.fromEntries(all) }, unproven: cooldowns.unproven() }
    },
  }
}

/** Whether an outcome in the trail is later than the state, and is the end of the termination. */
const isEndOf = ({ outcome }: OutcomeRecord, kept: KeptTermination): boolean => {
  if (outcome === 'confirmed' || outcome === 'already-gone') return true
  return outcome === 'gave-up' && isOpen(kept)
}

/** A call that the last process recorded and whose end it did not see. AWS may have carried it out. */
const interrupted = (
  { time, event: _event, policySetHash: _hash, call, ...record }: IntentRecord,
  attemptsBefore: number,
): KeptTermination => {
  const { endpointId: _endpoint, account: _account, region: _region, ...violation } = record
  return {
    state: 'waiting',
    violation,
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

/** The terminations under way, by endpoint. */
const createTerminations = (endpoints: ReadonlyMap<string, KeptMemory>, since: Instant) => {
  const kept = new Map(
    [...endpoints].map(([key, memory]) => [
      key,
      new Map(memory.terminations.map((one) => [one.violation.connectionId, one])),
    ]),
  )
  const intents = new Map<string, Map<string, IntentRecord>>()
  return {
    read(record: IntentRecord | OutcomeRecord): void {
      const key = endpointKey(record.region, record.endpointId)
      const { connectionId, call } = record
      const open = intents.get(key) ?? new Map<string, IntentRecord>()
      intents.set(key, open)
      if (record.event === 'intent') {
        if (record.time >= since) open.set(connectionId, record)
        return
      }
      const intent = open.get(connectionId)
      // A record that waited for the disk may follow an intent that is newer than it.
      if (intent !== undefined && (intent.call.id === call.id || intent.time <= record.time)) open.delete(connectionId)
      const ofEndpoint = kept.get(key)
      const one = ofEndpoint?.get(connectionId)
      if (one?.callId === call.id && isEndOf(record, one)) ofEndpoint?.delete(connectionId)
    },
    endpoints: () => [...intents].flatMap(([key, open]) => (open.size === 0 ? [] : [key])),
    of(key: string): readonly KeptTermination[] {
      const all = new Map(kept.get(key))
      for (const [connectionId, intent] of intents.get(key) ?? []) {
        const known = all.get(connectionId)
        if (known?.callId !== intent.call.id) all.set(connectionId, interrupted(intent, known?.attempts ?? 0))
      }
      return [...all.values()]
    },
  }
}

/** The cooldowns that are not over, by endpoint. Each needs its intent. */
const createCooldowns = (endpoints: ReadonlyMap<string, KeptMemory>, policies: readonly Policy[], now: Instant) => {
  const cooldownMs = new Map(policies.map((policy) => [policy.name, policy.cooldownMs]))
  const claimed = [...endpoints].flatMap(([endpoint, { terminated }]) =>
    Object.entries(terminated).flatMap(([policy, ofPolicy]) =>
      Object.entries(ofPolicy).flatMap(([principal, at]) =>
        now < at + (cooldownMs.get(policy) ?? 0) ? [{ endpoint, policy, principal, at }] : [],
      ),
    ),
  )
  const keyOf = (endpoint: string, policy: string, principal: string | undefined) =>
    JSON.stringify([endpoint, policy, principal])
  const waiting = new Map(claimed.map((one) => [keyOf(one.endpoint, one.policy, one.principal), one]))
  const proven: typeof claimed = []
  return {
    claimed,
    read(record: IntentRecord | OutcomeRecord): void {
      if (record.event !== 'intent' || waiting.size === 0) return
      const principal = principalKeyOf(principalNamesOf(record))
      const key = keyOf(endpointKey(record.region, record.endpointId), record.policy, principal)
      const one = waiting.get(key)
      if (one === undefined || Math.abs(one.at - record.time) > LEAVES_WITHIN_MS) return
      waiting.delete(key)
      proven.push(one)
    },
    of(endpoint: string): KeptMemory['terminated'] {
      const byPolicy = new Map<string, [principal: string, at: Instant][]>()
      for (const one of proven) {
        if (one.endpoint !== endpoint) continue
        const entries = byPolicy.get(one.policy) ?? []
        entries.push([one.principal, one.at])
        byPolicy.set(one.policy, entries)
      }
      return Object.fromEntries([...byPolicy].map(([policy, entries]) => [policy, Object.fromEntries(entries)]))
    },
    unproven: (): readonly UnprovenCooldown[] =>
      [...waiting.values()].map(({ policy, principal }) => ({ policy, principal })),
  }
}
