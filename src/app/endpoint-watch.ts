import { isActive } from '../domain/connection.ts'
import { holdsIn } from '../domain/guard/standing.ts'
import { type Agenda, type Appointment, agendaOf, NO_OUTLOOK, nextOn } from '../domain/judge/agenda.ts'
import type { Decider, Decisions } from '../domain/judge/decide.ts'
import { tallyOf } from '../domain/judge/elsewhere.ts'
import {
  type ExtensionOffer,
  type ExtensionRequest,
  type OpenOffer,
  offerExtension,
} from '../domain/judge/extension-offer.ts'
import {
  createRules,
  type EndpointRules,
  type Judgement,
  judgeEndpoint,
  prepareJudgement,
} from '../domain/judge/judge-endpoint.ts'
import { createMemory, ELSEWHERE_NOT_KNOWN, type KeptMemory, type Observation } from '../domain/judge/memory.ts'
import { countEnds, type PolicyEnds } from '../domain/judge/policy-ends.ts'
import { takeIn } from '../domain/judge/take-in.ts'
import { CLOCK_NOT_CONFIRMED, type EndpointView, nextView, type Sighting } from '../domain/judge/view.ts'
import { isSameLocation, type Location } from '../domain/names/location.ts'
import { countsOverAll, type Elsewhere, type Tally } from '../domain/policies/policy.ts'
import type { PolicySet } from '../domain/policies/policy-set.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import { EMPTY_PLAN, type Plan } from '../domain/terminate/plan.ts'
import { retryRule } from '../domain/terminate/termination.ts'
import { type Instant, NEVER } from '../domain/time/instant.ts'
import type { AuditTrail } from './audit.ts'
import type { Clock } from './clock.ts'
import { confirmedSnapshot } from './confirmed-snapshot.ts'
import { type DatedNews, eventOf, isToldOnce } from './dated-news.ts'
import type { Endpoint } from './endpoint.ts'
import type { CurfewEvent, Emit } from './events.ts'
import { createExecutor } from './executor.ts'
import { createLookups } from './lookups.ts'
import { createOddValues } from './odd-values.ts'
import { createPace } from './pace.ts'
import { createReconnects } from './reconnects.ts'
import type { CycleSettings } from './settings.ts'
import { inSlices } from './slices.ts'
import { createTelling } from './telling.ts'
import type { TerminationQueue } from './termination-queue.ts'
import { VpnError, type VpnSite } from './vpn.ts'

/** The state of an endpoint for `/status`. */
export interface EndpointStatus {
  readonly endpoint: Endpoint
  /** Undefined while AWS has not listed them. */
  readonly tags: Location['tags']
  readonly view: EndpointView
  /** Undefined where the view shows nothing to decide on. */
  readonly decisions: Decisions | undefined
  readonly plan: Plan
  /** The begin of each hold, by the name of the policy. */
  readonly holds: ReadonlyMap<string, Instant>
  readonly openTerminations: number
  /** The next judgement or read, and its reason. */
  readonly next: Appointment
}

/**
 * How far a plan is carried out. `open`: calls, proofs or a new plan are still to come. `left-up`: connections that it ends
 * were given up and are not proven gone.
 */
type Progress = 'open' | 'left-up' | 'done'

/** The rules of a configuration for one endpoint. */
export const rulesOf = (
  set: PolicySet,
  settings: CycleSettings,
  location: Location,
  { changedAt, earlierSet }: Pick<EndpointRules, 'changedAt' | 'earlierSet'>,
): EndpointRules => {
  const { mode, guard, staleAfterMs, termination, policySetHash: setHash } = settings
  return createRules({
    set,
    setHash,
    earlierSet,
    location,
    mode,
    guard,
    staleAfterMs,
    retry: retryRule(termination),
    changedAt,
  })
}

/** One endpoint: snapshot -> judge -> execute -> verify. Only one read and one lookup run at a time. */
export const createEndpointWatch = (options: {
  readonly endpoint: Endpoint
  /** The facts by which policies select the endpoint. */
  readonly location: Location
  readonly vpn: Pick<VpnSite, 'snapshot' | 'lookUp' | 'terminate' | 'missingPermissions'>
  readonly queue: TerminationQueue
  readonly clock: Clock
  readonly random: () => number
  readonly emit: Emit
  readonly audit: AuditTrail
  readonly policies: PolicySet
  readonly settings: CycleSettings
  readonly earlierSet: EndpointRules['earlierSet']
  readonly changedAt: EndpointRules['changedAt']
  /** The other watched endpoints, as judgements by these policies see them at `now`. */
  readonly elsewhere: (set: PolicySet, now: Instant) => Elsewhere
  /** Called when the other endpoints may have to be judged anew, because this one has been read or cannot be read. */
  readonly tallyChanged: () => void
  /** Called before a view is judged: an answer of AWS has confirmed that the clock is right at `now`. */
  readonly clockConfirmed: (now: Instant) => void
  /** The memory of the endpoint from the state file and the trail. */
  readonly kept: KeptMemory | undefined
  /** Aborted when the daemon stops. News is not told from then on. */
  readonly stop: AbortSignal
}) => {
  const { vpn, queue, clock, audit } = options
  const endpoint = { ...options.endpoint }
  const memory = createMemory(options.kept)
  const reconnects = createReconnects()
  const pace = createPace(clock, options.random)

  let { settings, location } = options
  /** Facts that were found out in advance for the next policies. */
  let met: { readonly set: PolicySet; readonly location: Location; readonly decider: Decider } | undefined
  /** The rules of the last try. */
  let tried: EndpointRules | undefined
  let rules = rulesOf(options.policies, settings, location, options)
  let view: EndpointView = { state: 'unseen' }
  let decisions: Judgement['decisions']
  let plan = EMPTY_PLAN
  let outlook = NO_OUTLOOK
  let reading: Promise<void> | undefined
  /** The last news for the other endpoints: the snapshot if it is fresh, and the policies by which it was judged. */
  let shared: { readonly set: PolicySet; readonly snapshot: Snapshot | undefined } | undefined

  const emit: Emit = (event: CurfewEvent) => {
    // The termination is counted before listeners receive the event, because they read the count.
    if (event.event === 'accepted') reconnects.terminated(event.violation, event.at)
    options.emit(event)
  }

  const oddValues = createOddValues(endpoint, emit)

  const viewAt = (sighting: Sighting, now: Instant): EndpointView =>
    nextView(view, sighting, now, {
      staleAfterMs: settings.staleAfterMs,
      isClockTrusted: clock.trust() === 'confirmed',
    })

  const isSeen = (now: Instant): boolean => {
    const { state } = viewAt({ what: 'time' }, now)
    return state === 'fresh' || state === 'stale'
  }

  const elsewhere = (now: Instant): Elsewhere =>
    rules.decider.countsOverAll ? options.elsewhere(rules.set, now) : ELSEWHERE_NOT_KNOWN

  const look = (next: EndpointView, now: Instant) => {
    const wasBlind = view.state === 'blind'
    view = next
    if (view.state === 'blind' && !wasBlind) {
      const { because, nameless = because } = view
      emit({ event: 'blind', endpoint, because, nameless, at: now })
    }
  }

  const executor = createExecutor({
    endpoint,
    vpn,
    emit,
    audit,
    memory,
    clock,
    rules: () => rules,
    isSeen: ({ decisions: planned }, now) => {
      const isEachSeen = () => elsewhere(now).state === 'known'
      return isSeen(now) && (!planned.some(({ lead }) => countsOverAll(lead.policy)) || isEachSeen())
    },
    policySetHash: () => settings.policySetHash,
    repeatsOf: reconnects.countOf,
    onWithdrawn: (now) => {
      outlook = { ...outlook, withdrawnAt: Math.min(outlook.withdrawnAt, now) }
    },
  })

  const lookups = createLookups({
    endpoint,
    vpn,
    clock,
    random: options.random,
    emit,
    memory,
    rules: () => rules,
    snapshot: () => ('snapshot' in view ? view.snapshot : undefined),
    limitMs: () => settings.staleAfterMs,
    isOver: () => isRetired(),
    report(reports, at) {
      executor.report(reports, at)
      // Where the answer to the call was lost, only now its cooldown begins, in which others may have connected.
      if (reports.some(({ requestId }) => requestId === undefined)) judge()
    },
  })

  const agenda = (): Agenda => agendaOf(outlook, memory.terminations, rules.retry, lookups.confirmedBy())

  const tell = (one: DatedNews) => emit(eventOf(one, endpoint, reconnects.countOf))
  const telling = createTelling(clock, options.stop, tell, isToldOnce)

  const confirmClock = (now: Instant) => {
    memory.confirmClock(now)
    options.clockConfirmed(now)
  }

  const tally = (set: PolicySet, now: Instant): Tally | undefined =>
    tallyOf(viewAt({ what: 'time' }, now), rules, memory, { set, now })

  /** Tells the other endpoints if what policies over all endpoints may count here has changed. */
  const share = () => {
    const { set, decider } = rules
    if (!decider.countsOverAll) return
    const snapshot = 'snapshot' in view && tally(set, clock.now()) !== undefined ? view.snapshot : undefined
    if (shared?.set === set && shared.snapshot === snapshot) return
    shared = { set, snapshot }
    options.tallyChanged()
  }

  const judge = () => {
    judgeView()
    share()
  }

  /** Judges the endpoint again, on the view as it is now. */
  const judgeView = () => {
    const [now, begunAt] = [clock.now(), clock.elapsed()]
    look(viewAt({ what: 'time' }, now), now)
    if (isSeen(now)) confirmClock(now)
    const judgement = judgeEndpoint(view, rules, memory, now, elsewhere(now))
    ;({ view, decisions, plan, outlook } = judgement)
    if (judgement.decisions === undefined || judgement.learned === undefined) {
      executor.followNothing()
      queue.replace(executor.requester, [])
      return
    }
    memory.learn(judgement.learned)
    if (judgement.reselected.size > 0) {
      emit({ event: 'selection-changed', endpoint, policies: [...judgement.reselected], at: now })
    }
    telling.add(judgement.news.map((news) => ({ news, at: now })))
    const { decisions: decided, acting } = judgement
    emit({ event: 'decided', endpoint, decisions: decided, held: acting.held, next: nextOn(agenda()) })
    executor.follow(plan, outlook.planUntil, now)
    queue.replace(executor.requester, plan.calls)
    pace.judged(begunAt)
  }

  const succeeded = (snapshot: Snapshot, observation: Observation) => {
    const at = snapshot.completedAt
    pace.readSucceeded()
    emit({ event: 'polled', endpoint, snapshot, at })
    look(viewAt({ what: 'snapshot', snapshot }, clock.now()), clock.now())
    oddValues.report(snapshot)
    lookups.listed(snapshot)
    const reports = takeIn(memory, snapshot, clock.trust() === 'confirmed' ? observation : undefined, rules)
    for (const reconnect of reconnects.observe(snapshot.connections, at)) {
      emit({ event: 'reconnected', endpoint, ...reconnect, at })
    }
    executor.report(reports, at)
  }

  const failed = ({ code, message, nameless }: VpnError, startedAt: Instant) => {
    const now = clock.now()
    const next = viewAt({ what: 'failure', because: message, nameless }, now)
    const { failures, pauseMs } = pace.readFailed(code)
    const blind = next.state === 'blind'
    const [durationMs, retryAt] = [now - startedAt, now + pauseMs]
    emit({ event: 'poll-failed', endpoint, code, message, nameless, failures, durationMs, blind, retryAt, at: now })
    look(next, now)
  }

  /**
   * Computes the verdicts on a large endpoint before the judgement, in slices, so that the event loop is not blocked.
   */
  const judgeAhead = async (signal: AbortSignal) => {
    if (view.state !== 'fresh' && view.state !== 'stale') return
    await indexAhead(rules.set, signal)
    const { length } = view.snapshot.connections.filter(isActive)
    await inSlices(clock, length, prepareJudgement(view, rules, memory, clock.now()), signal)
  }

  const indexAhead = ({ indexing }: PolicySet, signal: AbortSignal) =>
    inSlices(clock, indexing.left(), (from, to) => indexing.advance(to - from), signal)

  /** Reads a snapshot into an observation, also in slices. */
  const observeAhead = async (snapshot: Snapshot, signal: AbortSignal): Promise<Observation> => {
    const { set } = rules
    const seenFrom = location
    const observation = memory.begin(snapshot, set, seenFrom)
    await inSlices(clock, snapshot.connections.length, observation.read, signal)
    // A reload during the slices, or other tags, bring other policies, which may keep other notes of the connections.
    return set === rules.set && seenFrom === location ? observation : observeAhead(snapshot, signal)
  }

  /**
   * The clock jumped, and only an answer of AWS tells the time. A lookup or a call may have had such an answer since, and
   * then only the snapshot is missing.
   */
  const isBlindByClock = () => {
    if (view.state !== 'blind') return false
    const trust = clock.trust()
    return trust === 'unconfirmed' || (trust === 'confirmed' && view.because === CLOCK_NOT_CONFIRMED)
  }

  const isRetired = () => view.state === 'retired'

  const read = async (signal: AbortSignal) => {
    const startedAt = clock.now()
    pace.readBegins()
    try {
      const snapshot = await confirmedSnapshot(
        vpn,
        clock,
        { endpointId: endpoint.id, staleAfterMs: settings.staleAfterMs, shown: memory.shown() },
        signal,
      )
      const observation = await observeAhead(snapshot, signal)
      // An aborted observation is incomplete and must not be used.
      if (isRetired() || signal.aborted) return
      succeeded(snapshot, observation)
      const now = clock.now()
      // Verdicts are dated. They must not be dated by a clock that AWS has just shown to be wrong.
      if (isSeen(now)) {
        confirmClock(now)
        await judgeAhead(signal)
      }
    } catch (failure) {
      if (!(failure instanceof VpnError)) throw failure
      if (isRetired() || failure.code === 'aborted') return
      failed(failure, startedAt)
    }
    if (!isRetired()) judge()
  }

  /** Reads the endpoint and judges it. If a read is running already, its promise is returned. */
  const readOnce = (signal: AbortSignal): Promise<void> => {
    reading ??= read(signal).finally(() => {
      reading = undefined
    })
    return reading
  }

  return {
    endpoint,
    read: readOnce,

    /** A read on schedule. It is skipped while another read runs, and during the pause after a failed read. */
    readOnSchedule(signal: AbortSignal): Promise<void> | undefined {
      const reason = reading !== undefined ? 'still-polling' : pace.isBackingOff() ? 'backing-off' : undefined
      if (reason === undefined) return readOnce(signal)
      emit({ event: 'poll-skipped', endpoint, reason })
      return undefined
    },

    /** Judges the endpoint if the passing of time alone may have changed a verdict since the last judgement. */
    judgeIfDue(now: Instant): void {
      const isDue = now >= agenda().judge.at && pace.msUntilJudgement() === 0
      if (isDue || (decisions !== undefined && !isSeen(now))) judge()
    },

    /** The tally for the other endpoints; undefined without a fresh snapshot, or while other policies are in force here. */
    tally,

    /** Another endpoint has been read, or can no longer be read. */
    elsewhereChanged(): void {
      if (decisions === undefined || !rules.decider.countsOverAll) return
      outlook = { ...outlook, elsewhereAt: Math.min(outlook.elsewhereAt, clock.now()) }
    },

    /** How far the newest plan is carried out. */
    progress(): Progress {
      const { terminations } = memory
      const needsPlan = outlook.elsewhereAt !== NEVER || outlook.withdrawnAt !== NEVER
      if (needsPlan || terminations.open() > 0) return 'open'
      const states = plan.terminate.map(({ connection: { id } }) => terminations.of(id)?.state)
      // A connection without a termination waits for its call, or lost it to a newer plan that has none yet.
      if (states.includes(undefined)) return 'open'
      return states.every((state) => state === 'confirmed') ? 'done' : 'left-up'
    },

    /** How long until `judgeIfDue` has something to do, in ms. */
    msUntilJudgement: (now: Instant): number => Math.max(agenda().judge.at - now, pace.msUntilJudgement()),

    /** How long until a read is needed in addition to the schedule, in ms. 0 or less: now. */
    msUntilRead(now: Instant): number {
      if (reading !== undefined) return NEVER
      const wanted = isBlindByClock() ? now : agenda().read.at
      return Math.max(wanted - now, pace.msUntilRead(settings.minGapMs))
    },

    /**
     * Finds out in slices what the connections of the last snapshot are to policies that are not in force yet. Then to judge
     * by these takes one turn of the event loop that is no longer than others.
     */
    async meet(set: PolicySet, signal: AbortSignal): Promise<void> {
      const snapshot = 'snapshot' in view ? view.snapshot : undefined
      if (snapshot === undefined) return
      const active = snapshot.connections.filter(isActive)
      const { decider } = createRules({ ...rules, set, location })
      met = { set, location, decider }
      await indexAhead(set, signal)
      await inSlices(clock, active.length, (from, to) => decider.assessments.meet(active, from, to), signal)
    },

    /** How long until connections are to be looked up, in ms. 0 or less: now. */
    msUntilLookUp: (now: Instant): number => lookups.msUntil(agenda(), now, settings.minGapMs),

    /** Looks up the connections whose terminations wait for their proof. */
    lookUp: lookups.lookUp,

    /** Judges the last snapshot by these rules and discards the result. Throws what the judgement throws. */
    tryOut(set: PolicySet, next: CycleSettings, changedAt: EndpointRules['changedAt']): void {
      const snapshot = 'snapshot' in view ? view.snapshot : undefined
      if (snapshot === undefined) return
      const seen: EndpointView = { state: 'fresh', snapshot, confirmAt: NEVER }
      tried = rulesOf(set, next, location, { ...options, changedAt })
      if (met?.set === set && met.location === location) tried = { ...tried, decider: met.decider }
      met = undefined
      judgeEndpoint(seen, tried, memory, clock.now())
      tried.decider.assessments.forgetMet()
    },

    /** Puts new policies and settings in force, and judges the last snapshot at once. */
    reconfigure(set: PolicySet, next: CycleSettings, at: Location): void {
      settings = next
      const isMoved = !isSameLocation(location, at)
      if (isMoved) location = at
      // The verdicts of a try are used again: on the largest endpoints they take a second.
      rules =
        tried?.set === set && tried.mode === settings.mode && !isMoved
          ? { ...tried, changedAt: options.changedAt }
          : rulesOf(set, settings, location, options)
      tried = undefined
      memory.policiesChanged()
      judge()
    },

    /** The endpoint may have another name for people. Returns whether it has. */
    rename(name: string): boolean {
      const isSame = endpoint.name === name
      Object.assign(endpoint, { name })
      return !isSame
    },

    /** Policies may select the endpoint by another name or other tags. If so, it is judged at once. */
    relocate(at: Location): void {
      if (isSameLocation(location, at)) return
      location = at
      rules = createRules({ ...rules, location })
      judge()
    },

    /** The endpoint is no longer watched. Waiting calls are not sent. */
    retire(): void {
      look(viewAt({ what: 'retirement' }, clock.now()), clock.now())
      judge()
    },

    /**
     * The instants at which policies changed were corrected. Cached verdicts may depend on them, so the cache is
     * discarded.
     */
    agesChanged(): void {
      rules = createRules(rules)
    },

    /** The account became known. */
    identified(account: string | undefined): void {
      Object.assign(endpoint, { account })
    },

    /** The answer to a request of a user, which changes nothing. */
    offerExtension: (request: ExtensionRequest, now: Instant): ExtensionOffer =>
      offerExtension({ view: viewAt({ what: 'time' }, now), rules, memory, decisions }, request, now),

    /** Grants what was offered. The endpoint is judged soon, together with what others are granted. */
    extend({ violation, extension, warnedLead }: Pick<OpenOffer, 'violation' | 'extension' | 'warnedLead'>): void {
      memory.extend(violation.connectionId, violation.policy, extension, warnedLead)
      outlook = { ...outlook, extendedAt: Math.min(outlook.extendedAt, clock.now()) }
    },

    missingPermissions: (signal: AbortSignal) => vpn.missingPermissions(endpoint.id, signal),

    /** Resolves once all news is told, or the daemon stops. */
    told: telling.told,

    status(): EndpointStatus {
      const openTerminations = memory.terminations.open()
      const holds = holdsIn(memory.guard().standings)
      return { endpoint, tags: location.tags, view, decisions, plan, holds, openTerminations, next: nextOn(agenda()) }
    },

    /** Counts what policies end now and within `withinMs`, in slices. Undefined where nothing is decided. */
    async ends(withinMs: number, signal: AbortSignal): Promise<readonly PolicyEnds[] | undefined> {
      const now = clock.now()
      if (decisions === undefined || !isSeen(now)) return undefined
      const count = countEnds({ view, decisions, rules, memory, now }, withinMs)
      await inSlices(clock, count.length, count.read, signal)
      return signal.aborted ? undefined : count.ends()
    },

    /** The memory for the state file; undefined before the first judgement. */
    kept: (): KeptMemory | undefined => (memory.watchedSince() === NEVER ? undefined : memory.kept()),
  }
}

export type EndpointWatch = ReturnType<typeof createEndpointWatch>
