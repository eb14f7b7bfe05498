import { isKnownStatus, principalOf } from '../domain/connection.ts'
import { acts, alsoBy, createDecider, type Decision, type Decisions, type NearMiss } from '../domain/decide.ts'
import { type Instant, NEVER } from '../domain/instant.ts'
import { createMemory } from '../domain/memory.ts'
import { byUrgency, planOf } from '../domain/plan.ts'
import type { PolicySet } from '../domain/policy-set.ts'
import { because, isDue } from '../domain/verdict.ts'
import type { Clock } from './clock.ts'
import type { Emit, Endpoint } from './events.ts'
import type { CycleSettings } from './settings.ts'
import type { Requester, TerminationQueue } from './termination-queue.ts'
import { createVerification, type Proof } from './verification.ts'
import { type Snapshot, type Vpn, VpnError } from './vpn.ts'

/** What `/status` and `plan` show of an endpoint. */
export interface EndpointStatus {
  readonly endpoint: Endpoint
  readonly snapshotAt: Instant | undefined
  readonly error: string | undefined
  readonly decisions: Decisions | undefined
  readonly openTerminations: number
}

/** One endpoint: snapshot -> decide -> plan -> queue -> verify. Never two polls of it at once. */
export const createEndpointWatch = (options: {
  readonly endpoint: Endpoint
  readonly vpn: Vpn
  readonly queue: TerminationQueue
  readonly clock: Clock
  readonly emit: Emit
  readonly policies: PolicySet
  readonly settings: CycleSettings
}) => {
  const { endpoint, vpn, queue, clock, emit } = options
  const place = { endpointId: endpoint.id, region: endpoint.region }
  const verification = createVerification()
  const memory = createMemory()
  /** Which violations were told, by connection: once each, not once a cycle. */
  const told = new Map<string, Set<string>>()

  const toldStatuses = new Set<string>()
  const toldNearMisses = new Set<string>()

  let settings = options.settings
  let { policies } = options
  let decider = createDecider(policies, place)
  let snapshot: Snapshot | undefined
  let decisions: Decisions | undefined
  let wanted = new Set<Decision>()
  let error: string | undefined
  let failures = 0
  let polling: Promise<void> | undefined
  let polledAt: Instant = -NEVER
  let wakeAt: Instant = NEVER

  const isFresh = (now: Instant) => snapshot !== undefined && now - snapshot.begunAt <= settings.staleAfterMs

  const tellProofs = (proofs: readonly Proof[], at: Instant) => {
    for (const { decision, outcome, attempts } of proofs) {
      const { lead, connection } = decision
      if (lead === undefined) continue
      emit({ event: 'termination', endpoint, decision, outcome, attempts, at, because: because(lead, connection, at) })
    }
  }

  const requester: Requester = {
    mayLeave: (decision, now) =>
      settings.mode === 'enforce' &&
      wanted.has(decision) &&
      isFresh(now) &&
      verification.maySend(decision.connection.id, now),
    leaving: (decision, now) => verification.sending(decision, now),
    answered(decision, { requestId }, at) {
      verification.sent(decision.connection.id, at)
      if (decision.lead !== undefined) memory.cut(decision.lead.policy, decision.connection, at)
      emit({
        event: 'call-answered',
        endpoint,
        decision,
        selector: 'connection-id',
        outcome: 'accepted',
        message: undefined,
        requestId,
        at,
      })
    },
    failed(decision, failure, at) {
      const { id } = decision.connection
      emit({
        event: 'call-answered',
        endpoint,
        decision,
        selector: 'connection-id',
        outcome: failure.code,
        message: failure.message,
        requestId: failure.requestId,
        at,
      })
      if (failure.code === 'connection-not-found') tellProofs(verification.alreadyGone(id), at)
      else if (failure.code === 'throttled') verification.unsent(id)
      // The answer was lost, not necessarily the call: a later snapshot tells.
      else if (failure.code === 'timeout' || failure.code === 'unreachable' || failure.code === 'aborted')
        verification.sent(id, at)
      else tellProofs(verification.refused(id, settings.termination, at), at)
      wakeAt = Math.min(wakeAt, verification.againAfter(at))
    },
  }

  const tellViolations = (violating: readonly Decision[], now: Instant) => {
    for (const decision of violating) {
      const { connection } = decision
      for (const verdict of decision.violated) {
        if (!isDue(verdict, now)) continue
        const known = told.get(connection.id) ?? new Set<string>()
        if (known.has(verdict.policy.name)) continue
        told.set(connection.id, known.add(verdict.policy.name))
        const mode = settings.mode === 'enforce' ? verdict.policy.mode : 'audit'
        const why = because(verdict, connection, now)
        emit({
          event: 'violation',
          endpoint,
          decision,
          policy: verdict.policy.name,
          reason: verdict.reason,
          mode,
          because: why,
          at: now,
        })
      }
    }
  }

  /** Decides anew on the last complete snapshot. One that is too old condemns nobody. */
  const evaluate = () => {
    const now = clock.now()
    if (snapshot === undefined || !isFresh(now)) {
      decisions = undefined
      wanted = new Set()
      wakeAt = NEVER
      queue.replace(requester, [])
      return
    }
    const history = memory.history(now, error === undefined, (policy) => acts(policy, settings.mode))
    decisions = decider.decide(snapshot.connections, history, now, settings.mode)
    tellViolations([...decisions.violating].sort(byUrgency), now)
    tellNearMisses(decisions.nearMisses)
    const { terminate } = planOf(decisions)
    wanted = new Set(terminate)
    emit({ event: 'decided', endpoint, decisions })
    queue.replace(requester, terminate)
    const staleAt = snapshot.begunAt + settings.staleAfterMs + 1
    wakeAt = Math.min(decisions.wakeAt, verification.againAfter(now), staleAt)
  }

  const tellNearMisses = (nearMisses: readonly NearMiss[]) => {
    for (const nearMiss of nearMisses) {
      const { connection, policy, entry } = nearMiss
      const key = [policy.name, entry, principalOf(connection)].join('\n')
      if (toldNearMisses.has(key)) continue
      toldNearMisses.add(key)
      emit({ event: 'near-miss', endpoint, nearMiss })
    }
  }

  const tellStatuses = ({ connections }: Snapshot) => {
    for (const { status } of connections) {
      if (isKnownStatus(status) || toldStatuses.has(status)) continue
      toldStatuses.add(status)
      emit({ event: 'unknown-status', endpoint, status })
    }
  }

  const remember = (seen: Snapshot) => {
    memory.observe(seen, policies)
    const ids = new Set(seen.connections.map(({ id }) => id))
    for (const id of told.keys()) if (!ids.has(id)) told.delete(id)
  }

  const poll = async (signal: AbortSignal) => {
    const startedAt = clock.now()
    polledAt = startedAt
    try {
      const seen = await vpn.snapshot(endpoint.id, signal)
      snapshot = seen
      error = undefined
      failures = 0
      emit({ event: 'polled', endpoint, snapshot: seen })
      tellStatuses(seen)
      remember(seen)
      tellProofs(verification.see(seen, settings.termination), seen.completedAt)
    } catch (failure) {
      if (!(failure instanceof VpnError)) throw failure
      if (failure.code === 'aborted') return
      error = failure.message
      failures++
      const now = clock.now()
      const { code, message } = failure
      emit({
        event: 'poll-failed',
        endpoint,
        code,
        message,
        failures,
        durationMs: now - startedAt,
        blind: !isFresh(now),
      })
    }
    evaluate()
  }

  return {
    endpoint,

    /** Reads the endpoint and acts on what it shows. A poll that still runs is not doubled. */
    async poll(signal: AbortSignal): Promise<void> {
      if (polling !== undefined) {
        emit({ event: 'poll-skipped', endpoint, reason: 'still-polling' })
        return polling
      }
      polling = poll(signal).finally(() => {
        polling = undefined
      })
      return polling
    },

    /** Acts on what time alone has changed since the last decision. */
    turn(now: Instant): void {
      if (now >= wakeAt) evaluate()
    },

    /** When `turn` has something to do. */
    wakeAt: (): Instant => wakeAt,

    /** When a poll is wanted beside the schedule's. */
    wantsPollAt: (): Instant =>
      polling === undefined
        ? Math.max(Math.min(verification.wantsSnapshotAt(), decisions?.askAt ?? NEVER), polledAt + settings.minGapMs)
        : NEVER,

    /** New policies and settings: decided on at once, with what the last snapshot showed. */
    reconfigure(set: PolicySet, next: CycleSettings): void {
      toldNearMisses.clear()
      settings = next
      policies = set
      decider = createDecider(policies, place)
      evaluate()
    },

    /** Whether it is watched no longer; what it waited to send is not sent. */
    retire(): void {
      wanted = new Set()
      queue.replace(requester, [])
    },

    status: (): EndpointStatus => ({
      endpoint,
      snapshotAt: snapshot?.completedAt,
      error,
      decisions,
      openTerminations: verification.open(),
    }),
  }
}

export type EndpointWatch = ReturnType<typeof createEndpointWatch>

/** A decision in the words of logs and JSON, the same everywhere. */
export const describe = (decision: Decision, now: Instant) => {
  const { connection, lead } = decision
  return {
    connectionId: connection.id,
    username: connection.username ?? null,
    commonName: connection.commonName ?? null,
    policy: lead?.policy.name ?? null,
    reason: lead?.reason ?? null,
    since: lead?.since ?? null,
    deadline: lead?.deadline ?? null,
    because: lead === undefined ? null : because(lead, connection, now),
    alsoBy: alsoBy(decision),
  }
}
