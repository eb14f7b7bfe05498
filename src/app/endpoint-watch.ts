import { isActive } from '../domain/connection.ts'
import { createGuard, type GuardLimits } from '../domain/guard/guard.ts'
import { groundOf } from '../domain/judge/case.ts'
import { createDecider, type Decisions } from '../domain/judge/decide.ts'
import { createMemory, type Observation } from '../domain/judge/memory.ts'
import { createRememberedCases } from '../domain/judge/remembered-cases.ts'
import { acts } from '../domain/policies/policy.ts'
import type { PolicySet } from '../domain/policies/policy-set.ts'
import { byUrgency, type Plan, planOf } from '../domain/terminate/plan.ts'
import { usersToEndAtOnce } from '../domain/terminate/username-calls.ts'
import { type Instant, NEVER, SECOND } from '../domain/time/instant.ts'
import type { AuditRecord, AuditTrail } from './audit.ts'
import type { Clock } from './clock.ts'
import type { CurfewEvent, Emit, Endpoint } from './events.ts'
import { createExecutor } from './executor.ts'
import { pursuitsUnderWay } from './interrupted.ts'
import { createNews } from './news.ts'
import { createPollPace } from './poll-pace.ts'
import { createReconnects } from './reconnects.ts'
import type { ChangedAt, CycleSettings } from './settings.ts'
import { inSlices, SLICE_ROWS } from './slices.ts'
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

/** A snapshot that lies further ahead of now was taken by a clock that has been set back since. */
const AHEAD_MS = 60 * SECOND

/** On the largest endpoints a deadline passes every second: deciding takes at most a fifth of the time, and merges those in between. */
const REST_FACTOR = 4
const LONGEST_REST_MS = 10 * SECOND

/** When the first of the verdicts in whose name something ends may be over. */
const endOf = ({ terminate }: Plan): Instant =>
  terminate.reduce((end, { violated }) => violated.reduce((sooner, { nextAt }) => Math.min(sooner, nextAt), end), NEVER)

/** One endpoint: snapshot -> decide -> plan -> execute -> verify. Never two polls of it at once. */
export const createEndpointWatch = (options: {
  readonly endpoint: Endpoint
  readonly vpn: Pick<VpnSite, 'snapshot' | 'terminate' | 'missingPermissions'>
  readonly queue: TerminationQueue
  readonly clock: Clock
  readonly random: () => number
  readonly emit: Emit
  readonly audit: AuditTrail
  readonly policies: PolicySet
  readonly settings: CycleSettings
  readonly changedAt: ChangedAt
  /** The policies that changed since the state was kept. */
  readonly changed: readonly string[]
  /** Told before a fresh snapshot is judged: AWS has been heard, and the clock is right. */
  readonly clockConfirmed: (now: Instant) => void
  readonly kept: EndpointState | undefined
  /** Intents of the trail that no outcome followed. */
  readonly interrupted: readonly AuditRecord[]
}) => {
  const { vpn, queue, clock, audit } = options
  const endpoint = { ...options.endpoint }
  const place = { endpointId: endpoint.id, region: endpoint.region }
  const policyNamed = (name: string) => policies.policies.find((policy) => policy.name === name)
  const memory = createMemory(
    options.kept?.memory,
    options.kept?.guard.map(({ connectionId }) => connectionId),
  )
  const guard = createGuard(options.kept?.guard)
  const reconnects = createReconnects()
  const pace = createPollPace(options.random)

  /** Never, until the clock is known to be right. */
  let watchedSince = options.kept?.watchedSince ?? NEVER
  /** An endpoint that comes under watch is an edit as well: what was overdue on it then, nobody foresaw. */
  const since =
    (ages: ChangedAt): ChangedAt =>
    (policy) =>
      Math.max(ages(policy), watchedSince)
  const limitsDiffer = (one: GuardLimits, other: GuardLimits) =>
    one.maxPercent !== other.maxPercent || one.minConnections !== other.minConnections

  let { policies, settings } = options
  let changedAt = since(options.changedAt)
  // An edit while nobody watched lets go of holds as one under watch does.
  if (options.kept !== undefined && limitsDiffer(options.kept.guardLimits, settings.guard)) guard.reset()
  for (const policy of options.changed) guard.reset(policy)
  let cases = createRememberedCases(policies, place)
  let decider = createDecider(policies, place, cases)
  let snapshot: Snapshot | undefined
  let decisions: Decisions | undefined
  let plan: Plan | undefined
  let error: string | undefined
  let polling: Promise<void> | undefined
  let wakeAt: Instant = NEVER
  let restUntil: Instant = -NEVER
  let wasBlind = false
  let retired = false
  /** From when on a new snapshot has to confirm what rests on counters or on the whole snapshot; kept until there is one. */
  let askAt: Instant = NEVER

  const isFresh = (now: Instant) =>
    clock.trusted() &&
    snapshot !== undefined &&
    snapshot.begunAt - now <= AHEAD_MS &&
    now - snapshot.begunAt <= settings.staleAfterMs

  /** Counts who comes back before anybody else hears of a cut. */
  const emit: Emit = (event: CurfewEvent) => {
    if (event.event === 'accepted') reconnects.cut(event.violation, event.at)
    options.emit(event)
  }

  const news = createNews(endpoint, emit, reconnects.countOf)

  const executor = createExecutor({
    endpoint,
    vpn,
    emit,
    audit,
    memory,
    isFresh,
    repeatsOf: reconnects.countOf,
    policyNamed,
    settings: () => settings,
    now: clock.now,
    kept: pursuitsUnderWay(options.kept?.pursuits ?? [], options.interrupted),
  })

  const followNothing = (now: Instant) => {
    if (!retired && !wasBlind && (snapshot !== undefined || error !== undefined)) {
      wasBlind = true
      emit({
        event: 'blind',
        endpoint,
        because: error ?? 'the last snapshot is too old, or the clocks are too far apart',
        at: now,
      })
    }
    decisions = undefined
    plan = undefined
    wakeAt = NEVER
    executor.follow(undefined, now, now)
    queue.replace(executor.requester, [])
  }

  const historyAt = (now: Instant) =>
    memory.history(now, error === undefined && now < askAt, (policy) => acts(policy, settings.mode), changedAt)

  /** What began to be watched by a clock that was ahead, or that nobody knew to be right, is watched from now on. */
  const confirmClock = (now: Instant) => {
    watchedSince = Math.min(watchedSince, now)
    options.clockConfirmed(now)
  }

  /** Decides anew on the last complete snapshot. One that is too old condemns nobody. */
  const evaluate = () => {
    const now = clock.now()
    if (snapshot === undefined || !isFresh(now)) return followNothing(now)
    confirmClock(now)
    const { mode, guard: limits } = settings
    const history = historyAt(now)
    const decided = decider.decide(snapshot.connections, history, now, mode)
    const review = guard.review(decided, mode, limits, changedAt, memory.isMissing)
    decisions = review.decisions
    wasBlind = false
    const staleAt = snapshot.begunAt + settings.staleAfterMs + 1
    const bench = { set: policies, place, history, now, mode }
    plan = planOf(decisions, usersToEndAtOnce(bench, snapshot.connections, decisions, executor))
    news.violations([...decisions.violating].sort(byUrgency), mode, now)
    news.review(review, now)
    news.nearMisses(decisions.nearMisses)
    for (const one of decisions.foreseen) memory.warn(one)
    news.warnings(decisions.foreseen, mode, now)
    emit({ event: 'decided', endpoint, decisions })
    askAt = Math.min(askAt, decisions.askAt)
    executor.follow(plan, now, Math.min(endOf(plan), staleAt))
    queue.replace(executor.requester, plan.calls)
    wakeAt = Math.min(decisions.wakeAt, staleAt)
    const tookMs = Math.max(0, clock.now() - now)
    restUntil = now + tookMs + Math.min(LONGEST_REST_MS, REST_FACTOR * tookMs)
  }

  const takeIn = (seen: Snapshot, observation: Observation) => {
    snapshot = seen
    error = undefined
    pace.succeeded()
    if (seen.begunAt >= askAt) askAt = NEVER
    const at = seen.completedAt
    emit({ event: 'polled', endpoint, snapshot: seen, at })
    news.statuses(seen)
    // Marks of a clock that nobody believes would be believed with the next one.
    if (clock.trusted()) observation.end(at)
    for (const reconnect of reconnects.observe(seen.connections, at)) {
      emit({ event: 'reconnected', endpoint, ...reconnect, at })
    }
    executor.see(seen)
  }

  const failed = ({ code, message }: VpnError, startedAt: Instant) => {
    const now = clock.now()
    error = message
    const { failures, retryAt } = pace.failed(now)
    const blind = !isFresh(now)
    const durationMs = now - startedAt
    emit({ event: 'poll-failed', endpoint, code, message, failures, durationMs, blind, retryAt, at: now })
  }

  /** The cases of a large endpoint are made ahead of the decision. */
  const decideAhead = async ({ connections }: Snapshot, signal: AbortSignal) => {
    const active = connections.filter(isActive)
    if (active.length <= SLICE_ROWS) return
    const prepare = (from: number, to: number) => {
      const now = clock.now()
      cases.prepare(active, from, to, groundOf(historyAt(now), now, settings.mode))
    }
    await inSlices(clock, active.length, prepare, signal)
  }

  /** What a large snapshot adds to the memory, and who its people are to the policies, is found out a few at a time as well. */
  const observeAhead = async (seen: Snapshot, signal: AbortSignal): Promise<Observation> => {
    const set = policies
    const observation = memory.begin(seen, set, place)
    await inSlices(clock, seen.connections.length, observation.read, signal)
    // Policies that came meanwhile keep other things of it.
    return set === policies ? observation : observeAhead(seen, signal)
  }

  const poll = async (signal: AbortSignal) => {
    const startedAt = clock.now()
    pace.begun(startedAt)
    try {
      const seen = await vpn.snapshot(endpoint.id, signal)
      const observation = await observeAhead(seen, signal)
      // What was read in part would be taken for what there is.
      if (retired || signal.aborted) return
      takeIn(seen, observation)
      const now = clock.now()
      // To judge is to remember since when: not by a clock that AWS has just shown to be wrong.
      if (isFresh(now)) {
        confirmClock(now)
        await decideAhead(seen, signal)
      }
      if (retired) return
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
      const reason =
        polling !== undefined ? 'still-polling' : pace.isBackingOff(clock.now()) ? 'backing-off' : undefined
      if (reason === undefined) return pollOnce(signal)
      emit({ event: 'poll-skipped', endpoint, reason })
      return undefined
    },

    /** Acts on what time alone has changed since the last decision. */
    turn(now: Instant): void {
      if (now >= Math.max(restUntil, Math.min(wakeAt, executor.retryAt()))) evaluate()
      else if (decisions !== undefined && !isFresh(now)) evaluate()
    },

    /** When `turn` has something to do. */
    wakeAt: (): Instant => Math.max(restUntil, Math.min(wakeAt, executor.retryAt())),

    /** When a poll is wanted beside the schedule's. */
    wantsPollAt(): Instant {
      if (polling !== undefined) return NEVER
      const wantedAt = Math.min(executor.wantsSnapshotAt(), askAt)
      return pace.besideSchedule(wantedAt, clock.now(), settings.minGapMs)
    },

    /** New policies and settings: decided on at once, with what the last snapshot showed. */
    reconfigure(
      set: PolicySet,
      next: CycleSettings,
      edit: { readonly changedAt: ChangedAt; readonly changed: readonly string[]; readonly name: string | undefined },
    ): void {
      const limitsChanged = limitsDiffer(settings.guard, next.guard)
      settings = next
      policies = set
      changedAt = since(edit.changedAt)
      Object.assign(endpoint, edit.name === undefined ? {} : { name: edit.name })
      cases = createRememberedCases(policies, place)
      decider = createDecider(policies, place, cases)
      news.policiesChanged()
      if (limitsChanged) guard.reset()
      for (const policy of edit.changed) guard.reset(policy)
      evaluate()
    },

    /** It is watched no longer: what it waited to send is not sent. */
    retire(): void {
      retired = true
      followNothing(clock.now())
    },

    /** Policies are younger than they were: what was found before may rest on that. */
    agesChanged(): void {
      cases = createRememberedCases(policies, place)
      decider = createDecider(policies, place, cases)
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

    /** Undefined as long as nothing was judged. */
    kept: (): EndpointState | undefined =>
      watchedSince === NEVER
        ? undefined
        : {
            memory: memory.kept(),
            guard: guard.kept(),
            guardLimits: settings.guard,
            watchedSince,
            pursuits: executor.kept(),
          },
  }
}

export type EndpointWatch = ReturnType<typeof createEndpointWatch>
