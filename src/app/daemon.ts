import { setMaxListeners } from 'node:events'
import pLimit from 'p-limit'
import { changedPolicies, nextPolicyAges, settledAges } from '../domain/policies/policy-ages.ts'
import type { PolicySet } from '../domain/policies/policy-set.ts'
import type { Rate } from '../domain/terminate/token-bucket.ts'
import { type Instant, SECOND } from '../domain/time/instant.ts'
import type { AuditRecord, AuditTrail } from './audit.ts'
import type { Clock } from './clock.ts'
import { createEndpointWatch, type EndpointStatus, type EndpointWatch } from './endpoint-watch.ts'
import type { Emit } from './events.ts'
import { createRehearsal } from './rehearsal.ts'
import type { Schedule } from './schedule.ts'
import type { ChangedAt, CycleSettings } from './settings.ts'
import { budgetKey, type LiveSite, openSite, type Site, siteKey } from './site.ts'
import type { EndpointState, State, StateStore } from './state.ts'
import { createStateKeeper } from './state-keeper.ts'
import { createTerminationQueue, type TerminationQueue } from './termination-queue.ts'
import type { VpnSite } from './vpn.ts'
import { createWatchList, type WatchEntry } from './watch-list.ts'

/** All that the daemon is told by configuration; a reload brings a new one. */
export interface Assignment {
  readonly policies: PolicySet
  readonly settings: CycleSettings
  readonly schedule: string
  readonly terminationRate: Rate
  readonly watch: readonly WatchEntry[]
}

/** The longest sleep: the clock may jump, and a timer set for long would not notice. */
const SLICE_MS = SECOND

/** How many endpoints are read at once. */
const POLLS_AT_ONCE = 4

/** How long the last save of the state may take. */
const LAST_SAVE_WITHIN_MS = 1.5 * SECOND

/** How long calls in flight may take at stop before they are aborted. */
const STOP_WITHIN_MS = 8 * SECOND

/** Polls on schedule, acts on deadlines between polls, ends what must end, until it is told to stop. */
export const createDaemon = (options: {
  readonly assignment: Assignment
  readonly connect: (site: Site) => VpnSite
  readonly scheduleOf: (cron: string) => Schedule
  readonly clock: Clock
  readonly random: () => number
  readonly emit: Emit
  readonly audit: AuditTrail
  readonly state: State
  /** Of the trail: calls whose end the last process did not see. */
  readonly openIntents: readonly AuditRecord[]
  readonly store: StateStore
}) => {
  const { connect, clock, random, audit } = options
  const limit = pLimit(POLLS_AT_ONCE)
  const stop = new AbortController()
  const abort = new AbortController()
  // All that is under way listens to them, eight calls for each account and Region alone: Node would warn of a leak.
  setMaxListeners(0, stop.signal, abort.signal)
  const opening = new Map<string, Promise<void>>()
  const sites = new Map<string, LiveSite>()
  const queues = new Map<string, { readonly queue: TerminationQueue; readonly done: Promise<void> }>()
  const watches = new Map<string, EndpointWatch>()
  const running = new Set<Promise<unknown>>()
  /** Of endpoints that are not watched yet, or no longer. */
  const keptEndpoints = new Map<string, EndpointState>(Object.entries(options.state.endpoints))
  // Two processes never share the trail, so the instant of the start tells their calls apart.
  const startedAt = clock.now()
  let calls = 0

  let assignment = options.assignment
  let schedule = options.scheduleOf(assignment.schedule)
  let ages = nextPolicyAges(options.state.policies, assignment.policies.policies, assignment.settings.mode, startedAt)
  const changedSinceKept = changedPolicies(options.state.policies, ages)
  /** Policies that changed by a clock that AWS has not confirmed since. */
  let unsure: ReadonlySet<string> = new Set(changedSinceKept)
  let turnedAt = startedAt
  let tickAt = startedAt

  const emit: Emit = (event) => {
    // Whatever is decided or done may have changed what a restart must not forget.
    if (event.event === 'decided' || event.event === 'accepted' || event.event === 'termination') keeper.touch()
    options.emit(event)
  }

  const stateNow = (): State => {
    for (const [key, watch] of watches) keep(key, watch)
    // What changed by a clock that may be wrong will have changed anew for whoever reads this.
    const policies = Object.fromEntries(Object.entries(ages).filter(([name]) => !unsure.has(name)))
    return { policies, endpoints: Object.fromEntries(keptEndpoints) }
  }

  const keep = (key: string, watch: EndpointWatch) => {
    const kept = watch.kept()
    if (kept !== undefined) keptEndpoints.set(key, kept)
  }

  /** An endpoint is about to be judged by a clock that AWS has confirmed. */
  const clockConfirmed = (now: Instant) => {
    const settled = settledAges(ages, unsure, now)
    unsure = new Set()
    if (settled === ages) return
    ages = settled
    for (const watch of watches.values()) watch.agesChanged()
  }

  const keeper = createStateKeeper(options.store, stateNow, clock, emit)
  const places = createWatchList(clock, emit)
  const rehearsal = createRehearsal(clock, emit)

  const changedAt: ChangedAt = (policy) => ages[policy.name]?.changedAt ?? startedAt

  const track = <Value>(work: Promise<Value>): Promise<Value> => {
    running.add(work)
    return work.finally(() => running.delete(work))
  }

  const poll = (watch: EndpointWatch) => track(watch.poll(stop.signal))

  const endpoints = () => [...watches.values()].map(({ endpoint }) => endpoint)

  /** The gate of an account's Region, which all roles that reach it go through. */
  const queueOf = (site: Site, account: string | undefined): TerminationQueue => {
    const key = budgetKey(site, account)
    const known = queues.get(key)
    if (known !== undefined) return known.queue
    const { region } = site
    const queue = createTerminationQueue({
      clock,
      random,
      nextCallId: () => `${startedAt.toString(36)}-${(++calls).toString(36)}`,
      onLength: (length, etaSeconds) => emit({ event: 'queue', region, account, length, etaSeconds }),
      rate: assignment.terminationRate,
    })
    queues.set(key, { queue, done: queue.run(stop.signal, abort.signal) })
    return queue
  }

  const open = async (site: Site) => {
    sites.set(siteKey(site), await openSite(site, { connect, limit, clock, stop: stop.signal }))
  }

  /** Reaches what the assignment names and finds the endpoints there. */
  const findAll = async ({ watch }: Assignment) => {
    for (const { site } of watch) {
      const key = siteKey(site)
      if (!opening.has(key)) opening.set(key, open(site))
    }
    await Promise.all(opening.values())
    places.take(watch, (site) => sites.get(siteKey(site))?.vpn ?? connect(site))
    await places.discover(stop.signal)
  }

  /** Watches the endpoints that were found, and nothing else. Returns those that are new. */
  const watchAll = (changed: readonly string[], tell: () => void): readonly EndpointWatch[] => {
    const { policies, settings } = assignment
    const wanted = new Map(
      places.all().map(({ site, endpoint }) => [`${siteKey(site)} ${endpoint.id}`, { site, endpoint }]),
    )
    for (const [key, gone] of watches) {
      if (wanted.has(key)) continue
      keep(key, gone)
      gone.retire()
      watches.delete(key)
    }
    const known = [...watches].map(([key, watch]) => ({ watch, name: wanted.get(key)?.endpoint.name }))
    const fresh: EndpointWatch[] = []
    for (const [key, { site, endpoint }] of wanted) {
      const live = sites.get(siteKey(site))
      if (watches.has(key) || live === undefined) continue
      const { vpn, account } = live
      const made = createEndpointWatch({
        endpoint: { ...endpoint, region: site.region, account },
        vpn,
        queue: queueOf(site, account),
        clock,
        random,
        emit,
        audit,
        policies,
        settings,
        changedAt,
        changed: changedSinceKept,
        clockConfirmed,
        kept: keptEndpoints.get(key),
        interrupted: options.openIntents.filter(({ endpointId }) => endpointId === endpoint.id),
      })
      watches.set(key, made)
      fresh.push(made)
    }
    // What is in force is told before what follows from it.
    tell()
    for (const { watch, name } of known) watch.reconfigure(policies, settings, { changedAt, changed, name })
    return fresh
  }

  /** In audit mode nothing is asked that only enforcing needs. */
  const rehearse = (now: Instant) => {
    if (assignment.settings.mode !== 'enforce') return
    for (const watch of watches.values()) if (rehearsal.isDue(watch, now)) void track(rehearsal.ask(watch, stop.signal))
  }

  const rediscover = async () => {
    if (!(await places.discover(stop.signal)) || stop.signal.aborted) return
    const before = endpoints()
    const fresh = watchAll([], () => {
      const after = endpoints()
      const gone = before.filter(({ id }) => !after.some((one) => one.id === id))
      emit({ event: 'endpoints-changed', endpoints: after, gone })
    })
    for (const made of fresh) void poll(made)
  }

  const announce = (event: 'started' | 'reloaded') => {
    const { mode, policySetHash } = assignment.settings
    const policies = assignment.policies.policies.length
    emit({ event, mode, policies, endpoints: endpoints(), policySetHash, at: clock.now() })
  }

  const start = async () => {
    await findAll(assignment)
    watchAll([], () => announce('started'))
  }

  /** Reading ends at once. No new calls; those in flight finish, or are aborted when they take too long. */
  const shutDown = async () => {
    const all = [...queues.values()]
    emit({ event: 'stopping', inFlight: all.reduce((sum, { queue }) => sum + queue.inFlight, 0) })
    stop.abort()
    const finished = Promise.all(all.map(({ done }) => done))
    const patience = new AbortController()
    await Promise.race([finished, clock.sleep(STOP_WITHIN_MS, patience.signal)])
    patience.abort()
    abort.abort()
    await Promise.all([finished, ...running])
    // A disk that hangs must not hold up the stop.
    const hurry = new AbortController()
    await Promise.race([keeper.saveLast(), clock.sleep(LAST_SAVE_WITHIN_MS, hurry.signal)])
    hurry.abort()
    emit({ event: 'stopped', at: clock.now() })
  }

  const loop = async (until: AbortSignal) => {
    let seen = clock.now()
    tickAt = seen
    while (!until.aborted) {
      const now = clock.now()
      // The clock went back: without this the schedule would be silent until the old time comes round again.
      if (now < seen) tickAt = schedule.next(now)
      seen = now
      turnedAt = now
      const ticked = now >= tickAt
      if (ticked) tickAt = schedule.next(now)
      let wakeAt = tickAt
      for (const watch of watches.values()) {
        watch.turn(now)
        if (ticked) void track(watch.pollOnSchedule(stop.signal) ?? Promise.resolve())
        if (now >= watch.wantsPollAt()) void poll(watch)
        wakeAt = Math.min(wakeAt, watch.wakeAt(), watch.wantsPollAt())
      }
      rehearse(now)
      if (places.isDue(now)) void track(rediscover())
      if (keeper.isDue(now)) void keeper.save()
      await clock.sleep(Math.min(SLICE_MS, Math.max(1, wakeAt - now)), until)
    }
  }

  const isOpen = () =>
    [...queues.values()].some(({ queue }) => queue.busy) ||
    [...watches.values()].some((watch) => watch.status().openTerminations > 0)

  return {
    /** Runs until `signal` is aborted, then stops in order. */
    async run(signal: AbortSignal): Promise<void> {
      // A stop during the start is heard as well: reading ends at once.
      const giveUp = () => stop.abort()
      signal.addEventListener('abort', giveUp, { once: true })
      if (signal.aborted) giveUp()
      await start()
      signal.removeEventListener('abort', giveUp)
      await loop(signal)
      await shutDown()
    },

    /** One cycle: every endpoint read once, what must end ended and proven, or the time is up. */
    async once(timeoutMs: number, signal: AbortSignal): Promise<'done' | 'timed-out'> {
      const over = new AbortController()
      const giveUp = () => stop.abort()
      signal.addEventListener('abort', giveUp, { once: true })
      if (signal.aborted) giveUp()
      void clock.sleep(timeoutMs, over.signal).then(() => over.signal.aborted || giveUp())
      await start()
      rehearse(clock.now())
      await Promise.all([...watches.values()].map(poll))
      while (isOpen() && !stop.signal.aborted) {
        const now = clock.now()
        for (const watch of watches.values()) {
          watch.turn(now)
          if (now >= watch.wantsPollAt()) void poll(watch)
        }
        await clock.sleep(SLICE_MS / 10, stop.signal)
      }
      const finished = !isOpen() && !stop.signal.aborted
      over.abort()
      await shutDown()
      return finished ? 'done' : 'timed-out'
    },

    /** A new configuration, swapped in whole and decided on at once. */
    async reload(next: Assignment): Promise<void> {
      // Places that are new are reached first; the old configuration is in force until then.
      await findAll(next)
      const before = ages
      assignment = next
      ages = nextPolicyAges(before, next.policies.policies, next.settings.mode, clock.now())
      schedule = options.scheduleOf(next.schedule)
      tickAt = Math.min(tickAt, schedule.next(clock.now()))
      const changed = changedPolicies(before, ages)
      unsure = new Set([...unsure, ...changed])
      for (const { queue } of queues.values()) queue.setRate(next.terminationRate)
      for (const made of watchAll(changed, () => announce('reloaded'))) void poll(made)
    },

    /** How AWS is reached has changed. */
    reconnect(): void {
      for (const site of sites.values()) site.reconnect()
    },

    /** When the policy of that name last changed. */
    changedAt: (policy: string): Instant => ages[policy]?.changedAt ?? startedAt,

    /** Whether the loop turns: a tick of it is never more than a slice away. */
    turnedAt: (): Instant => turnedAt,
    status: (): readonly EndpointStatus[] => [...watches.values()].map((watch) => watch.status()),
  }
}
