import { isKnownStatus, principalOf } from '../domain/connection.ts'
import { acts, createDecider, type Decision, type Decisions, type NearMiss } from '../domain/decide.ts'
import { createGuard, type Review } from '../domain/guard.ts'
import { type Instant, NEVER, SECOND } from '../domain/instant.ts'
import { createMemory } from '../domain/memory.ts'
import { byUrgency, type Plan, planOf } from '../domain/plan.ts'
import type { PolicySet } from '../domain/policy-set.ts'
import { usersToEndAtOnce } from '../domain/username-calls.ts'
import { isDue } from '../domain/verdict.ts'
import type { AuditTrail } from './audit.ts'
import type { Clock } from './clock.ts'
import { condemnationOf } from './condemnation.ts'
import type { CurfewEvent, Emit, Endpoint } from './events.ts'
import { createExecutor } from './executor.ts'
import { createReconnects } from './reconnects.ts'
import type { ChangedAt, CycleSettings } from './settings.ts'
import type { EndpointState } from './state.ts'
import type { TerminationQueue } from './termination-queue.ts'
import { type Snapshot, VpnError, type VpnSite } from './vpn.ts'

/** What `/status` shows of an endpoint. */
export interface EndpointStatus {
  readonly endpoint: Endpoint
  readonly snapshotAt: Instant | undefined
  readonly error: string | undefined
  /** Undefined while blind. */
  readonly decisions: Decisions | undefined
  readonly plan: Plan | undefined
  readonly openTerminations: number
}

/** The pause after a failed poll; it doubles up to the longest. The schedule is heeded again after it. */
const BACK_OFF_MS = 5 * SECOND
const LONGEST_BACK_OFF_MS = 60 * SECOND

/** One endpoint: snapshot -> decide -> plan -> execute -> verify. Never two polls of it at once. */
export const createEndpointWatch = (options: {
  readonly endpoint: Endpoint
  readonly vpn: Pick<VpnSite, 'snapshot' | 'missingPermissions'>
  readonly queue: TerminationQueue
  readonly clock: Clock
  readonly random: () => number
  readonly emit: Emit
  readonly audit: AuditTrail
  readonly policies: PolicySet
  readonly settings: CycleSettings
  readonly changedAt: ChangedAt
  readonly kept: EndpointState | undefined
}) => {
  const { vpn, queue, clock, random, audit } = options
  const endpoint = { ...options.endpoint }
  const place = { endpointId: endpoint.id, region: endpoint.region }
  const policyNamed = (name: string) => policies.policies.find((policy) => policy.name === name)
  const memory = createMemory(options.kept?.memory)
  const guard = createGuard(options.kept?.guard)
  const reconnects = createReconnects()
  /** Which violations were told, by connection: once each, not once a cycle. */
  const told = new Map<string, Set<string>>()
  const toldStatuses = new Set<string>()
  const toldNearMisses = new Set<string>()

  let { policies, settings, changedAt } = options
  let decider = createDecider(policies, place)
  let snapshot: Snapshot | undefined
  let decisions: Decisions | undefined
  let plan: Plan | undefined
  let error: string | undefined
  let failures = 0
  let polling: Promise<void> | undefined
  let polledAt: Instant = -NEVER
  let heedScheduleAt: Instant = -NEVER
  let wakeAt: Instant = NEVER
  let wasBlind = false
  let retired = false
  /** From when on a new snapshot has to confirm what rests on counters or on the whole snapshot; kept until there is one. */
  let askAt: Instant = NEVER

  const isFresh = (now: Instant) =>
    clock.trusted() && snapshot !== undefined && now - snapshot.begunAt <= settings.staleAfterMs

  /** Counts who comes back before anybody else hears of a cut. */
  const emit: Emit = (event: CurfewEvent) => {
    if (event.event === 'accepted') reconnects.cut(event.condemned, event.at)
    options.emit(event)
  }

  const executor = createExecutor({
    endpoint,
    emit,
    audit,
    memory,
    isFresh,
    repeatsOf: reconnects.countOf,
    policyNamed,
    settings: () => settings,
    now: clock.now,
    kept: options.kept?.pursuits ?? [],
  })

  const tellViolations = (violating: readonly Decision[], now: Instant) => {
    for (const decision of violating) {
      for (const verdict of decision.violated) {
        if (!isDue(verdict, now)) continue
        const known = told.get(decision.connection.id) ?? new Set<string>()
        if (known.has(verdict.policy.name)) continue
        told.set(decision.connection.id, known.add(verdict.policy.name))
        const condemned = condemnationOf(decision, now, verdict)
        if (condemned === undefined) continue
        const mode = acts(verdict.policy, settings.mode) ? 'enforce' : 'audit'
        emit({ event: 'violation', endpoint, condemned, mode, repeats: reconnects.countOf(condemned), at: now })
      }
    }
  }

  const tellReview = ({ held, released, decisions: { active } }: Review, now: Instant) => {
    const byPolicy = new Map<string, ReturnType<typeof condemnationOf>[]>()
    for (const { decision, verdict } of held) {
      const condemned = condemnationOf(decision, now, verdict)
      const { name } = verdict.policy
      if (byPolicy.get(name)?.push(condemned) === undefined) byPolicy.set(name, [condemned])
    }
    for (const [policy, found] of byPolicy) {
      const condemned = found.filter((one) => one !== undefined)
      emit({ event: 'held', endpoint, policy, condemned, active, at: now })
    }
    if (released.length > 0) emit({ event: 'released', endpoint, verdicts: released, at: now })
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

  const followNothing = (now: Instant) => {
    decisions = undefined
    plan = undefined
    wakeAt = NEVER
    executor.follow(undefined, now, now)
    queue.replace(executor.requester, [])
  }

  /** Decides anew on the last complete snapshot. One that is too old condemns nobody. */
  const evaluate = () => {
    const now = clock.now()
    if (snapshot === undefined || !isFresh(now)) return followNothing(now)
    const { mode, guard: limits } = settings
    const fresh = error === undefined && now < askAt
    const history = memory.history(now, fresh, (policy) => acts(policy, mode), changedAt)
    const review = guard.review(decider.decide(snapshot.connections, history, now, mode), mode, limits, changedAt)
    decisions = review.decisions
    const staleAt = snapshot.begunAt + settings.staleAfterMs + 1
    const bench = { set: policies, place, history, now, mode }
    plan = planOf(decisions, usersToEndAtOnce(bench, snapshot.connections, decisions, executor.singly))
    tellViolations([...decisions.violating].sort(byUrgency), now)
    tellReview(review, now)
    tellNearMisses(decisions.nearMisses)
    emit({ event: 'decided', endpoint, decisions })
    askAt = Math.min(askAt, decisions.askAt)
    executor.follow(plan, now, Math.min(decisions.wakeAt, staleAt))
    queue.replace(executor.requester, plan.calls)
    wakeAt = Math.min(decisions.wakeAt, staleAt)
  }

  const takeIn = (seen: Snapshot) => {
    snapshot = seen
    error = undefined
    failures = 0
    wasBlind = false
    heedScheduleAt = -NEVER
    if (seen.begunAt >= askAt) askAt = NEVER
    const at = seen.completedAt
    emit({ event: 'polled', endpoint, snapshot: seen, at })
    tellStatuses(seen)
    memory.observe(seen, policies)
    const ids = new Set(seen.connections.map(({ id }) => id))
    for (const id of told.keys()) if (!ids.has(id)) told.delete(id)
    for (const reconnect of reconnects.observe(seen.connections, at)) {
      emit({ event: 'reconnected', endpoint, ...reconnect, at })
    }
    executor.see(seen)
  }

  const failed = ({ code, message }: VpnError, startedAt: Instant) => {
    const now = clock.now()
    error = message
    const pause = Math.min(LONGEST_BACK_OFF_MS, BACK_OFF_MS * 2 ** failures++)
    // Half of the pause is chance, so that many endpoints that failed together do not come back together.
    heedScheduleAt = now + pause / 2 + (pause / 2) * random()
    const blind = !isFresh(now)
    const nowBlind = blind && !wasBlind
    wasBlind = blind
    const durationMs = now - startedAt
    emit({
      event: 'poll-failed',
      endpoint,
      code,
      message,
      failures,
      durationMs,
      blind,
      nowBlind,
      retryAt: heedScheduleAt,
      at: now,
    })
  }

  const poll = async (signal: AbortSignal) => {
    const startedAt = clock.now()
    polledAt = startedAt
    try {
      const seen = await vpn.snapshot(endpoint.id, signal)
      if (retired) return
      takeIn(seen)
    } catch (failure) {
      if (!(failure instanceof VpnError)) throw failure
      if (retired || failure.code === 'aborted') return
      failed(failure, startedAt)
    }
    evaluate()
  }

  /** Reads the endpoint and acts on what it shows. A poll that still runs is not doubled. */
  const pollOnce = (signal: AbortSignal): Promise<void> => {
    polling ??= poll(signal).finally(() => {
      polling = undefined
    })
    return polling
  }

  return {
    endpoint,
    poll: pollOnce,

    /** A poll that the schedule asks for: left out while one runs, and for a while after a failed one. */
    pollOnSchedule(signal: AbortSignal): Promise<void> | undefined {
      const reason = polling !== undefined ? 'still-polling' : clock.now() < heedScheduleAt ? 'backing-off' : undefined
      if (reason === undefined) return pollOnce(signal)
      emit({ event: 'poll-skipped', endpoint, reason })
      return undefined
    },

    /** Acts on what time alone has changed since the last decision. */
    turn(now: Instant): void {
      if (now >= wakeAt || now >= executor.retryAt()) evaluate()
      else if (error !== undefined && !wasBlind && !isFresh(now)) evaluate()
    },

    /** When `turn` has something to do. */
    wakeAt: (): Instant => Math.min(wakeAt, executor.retryAt()),

    /** When a poll is wanted beside the schedule's. */
    wantsPollAt(): Instant {
      if (polling !== undefined) return NEVER
      const wanted = Math.min(executor.wantsSnapshotAt(), askAt)
      return Math.max(wanted, polledAt + settings.minGapMs, heedScheduleAt)
    },

    /** New policies and settings: decided on at once, with what the last snapshot showed. */
    reconfigure(
      set: PolicySet,
      next: CycleSettings,
      edit: { readonly changedAt: ChangedAt; readonly changed: readonly string[]; readonly name: string | undefined },
    ): void {
      const { maxPercent, minConnections } = settings.guard
      const limitsChanged = maxPercent !== next.guard.maxPercent || minConnections !== next.guard.minConnections
      settings = next
      policies = set
      changedAt = edit.changedAt
      Object.assign(endpoint, edit.name === undefined ? {} : { name: edit.name })
      decider = createDecider(policies, place)
      toldNearMisses.clear()
      if (limitsChanged) guard.reset()
      for (const policy of edit.changed) guard.reset(policy)
      evaluate()
    },

    /** It is watched no longer: what it waited to send is not sent. */
    retire(): void {
      retired = true
      followNothing(clock.now())
    },

    missingPermissions: (signal: AbortSignal) => vpn.missingPermissions(endpoint.id, signal),

    status: (): EndpointStatus => ({
      endpoint,
      snapshotAt: snapshot?.completedAt,
      error,
      decisions,
      plan,
      openTerminations: executor.open(),
    }),

    kept: (): EndpointState => ({ memory: memory.kept(), guard: guard.kept(), pursuits: executor.kept() }),
  }
}

export type EndpointWatch = ReturnType<typeof createEndpointWatch>
