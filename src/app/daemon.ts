import { setMaxListeners } from 'node:events'
import type { KeptMemory } from '../domain/judge/memory.ts'
import type { PolicyEnds } from '../domain/judge/policy-ends.ts'
import { watchedAgain } from '../domain/judge/watched-again.ts'
import type { Location } from '../domain/names/location.ts'
import type { Policy } from '../domain/policies/policy.ts'
import {
  changedAtOf,
  type DatedPolicies,
  datedAnew,
  datedPolicies,
  settled,
  sureAges,
} from '../domain/policies/policy-ages.ts'
import type { PolicySet } from '../domain/policies/policy-set.ts'
import type { Rate } from '../domain/terminate/token-bucket.ts'
import type { Elapsed } from '../domain/time/elapsed.ts'
import { type Instant, NEVER, SECOND } from '../domain/time/instant.ts'
import type { AuditTrail } from './audit.ts'
import { createHourlyHeads } from './audit-heads.ts'
import type { Clock } from './clock.ts'
import { locationOf } from './discovery.ts'
import type { WatchedEndpoint } from './each-endpoint-once.ts'
import { createEndpointWatch, type EndpointStatus, type EndpointWatch } from './endpoint-watch.ts'
import type { CurfewEvent, Emit } from './events.ts'
import { createExtensions } from './extensions.ts'
import { createListNews } from './list-news.ts'
import { onAborted } from './on-aborted.ts'
import { createPolicySets, type ReadPolicySet } from './policy-sets.ts'
import { createRehearsal } from './rehearsal.ts'
import type { Schedule } from './schedule.ts'
import type { CycleSettings } from './settings.ts'
import { type Connect, endpointKey, siteKey } from './site.ts'
import { createSites } from './sites.ts'
import type { State } from './state.ts'
import { createStateKeeper, type SaveState } from './state-keeper.ts'
import { createTallies } from './tallies.ts'
import type { Tenure } from './tenure.ts'
import { createTerminationQueues } from './termination-queues.ts'
import { createUnmatched } from './unmatched.ts'
import { createWatchList, type WatchEntry } from './watch-list.ts'
import { within } from './within.ts'

/** The part of the configuration that the daemon needs. A reload replaces it. */
export interface Assignment {
  readonly policies: PolicySet
  /** The policy set as an operator wrote it. `settings.policySetHash` is its hash. */
  readonly written: unknown
  readonly settings: CycleSettings
  readonly schedule: string
  readonly terminationRate: Rate
  readonly watch: readonly WatchEntry[]
  /** Whether `watch` has only some entries of the configuration, because other daemons have the others. Default: false. */
  readonly isPart?: boolean
}

/** The longest sleep. The clock may jump, and a longer timer would not notice. */
const SLICE_MS = SECOND

/** The time limit of the last save of the state. */
const LAST_SAVE_WITHIN_MS = 1.5 * SECOND

/** How long a stop waits for calls in flight before it aborts them. */
const STOP_WITHIN_MS = 6 * SECOND

/** Events that may change the memory that the state file keeps. */
const CHANGING_MEMORY: ReadonlySet<CurfewEvent['event']> = new Set(['decided', 'accepted', 'termination', 'extended'])

/** How long it then waits for their end. */
const LAST_ANSWERS_WITHIN_MS = 0.5 * SECOND

/**
 * The daemon: reads endpoints on schedule, acts on deadlines between reads, and terminates due connections until it is
 * stopped.
 */
export const createDaemon = (options: {
  readonly assignment: Assignment
  readonly connect: Connect
  readonly scheduleOf: (cron: string) => Schedule
  readonly clock: Clock
  readonly random: () => number
  readonly emit: Emit
  readonly audit: AuditTrail
  readonly state: State
  readonly readPolicySet: ReadPolicySet
  readonly store: SaveState
  /** The tenure, where an engine grants it: the rates begin used up, and once it is lost everything ends at once. */
  readonly tenure?: Pick<Tenure, 'epoch' | 'holds' | 'lost'> | undefined
  /** Hears of a fault that nobody foresaw. Without it, the fault ends the process. */
  readonly onFault?: ((error: unknown) => void) | undefined
}) => {
  const { connect, clock, random, audit, tenure } = options
  const stop = new AbortController()
  const abort = new AbortController()
  const onFault =
    options.onFault ??
    ((error: unknown) => {
      throw error
    })
  // Every running operation listens to these signals: each account and Region alone has eight calls. Without this Node
  // warns of a leak.
  setMaxListeners(0, stop.signal, abort.signal)
  if (tenure !== undefined) {
    onAborted(tenure.lost, () => {
      stop.abort()
      abort.abort()
    })
  }
  const sites = createSites({ connect, clock, stop: stop.signal })
  const watches = new Map<string, EndpointWatch>()
  /** The key of the site through which a watch reaches its endpoint. */
  const siteKeys = new WeakMap<EndpointWatch, string>()
  const running = new Set<Promise<unknown>>()
  /** The memories of endpoints that are not watched yet, or no longer. */
  const keptEndpoints = new Map<string, KeptMemory>(Object.entries(options.state.endpoints))
  const policySets = createPolicySets(options.state.policySets, options.readPolicySet)
  const startedAt = clock.now()

  let assignment = options.assignment
  let schedule = options.scheduleOf(assignment.schedule)
  const datedAt = (before: DatedPolicies, now: Instant) =>
    datedAnew(before, assignment.policies.policies, assignment.settings.mode, now)
  let dated = datedAt(datedPolicies(options.state.policies), startedAt)
  let turnedAt = clock.elapsed()
  let tickAt = startedAt

  const emit: Emit = (event) => {
    if (CHANGING_MEMORY.has(event.event)) keeper.touch()
    options.emit(event)
  }

  const keep = (key: string, watch: EndpointWatch) => {
    const kept = watch.kept()
    if (kept !== undefined) keptEndpoints.set(key, kept)
  }

  const keptFor = (key: string): KeptMemory | undefined => {
    const kept = keptEndpoints.get(key)
    return kept && watchedAgain(kept, clock.now())
  }

  /** Notes that an endpoint is no longer watched. If it was not judged since it came back, its earlier end stays. */
  const noteEnd = (key: string) => {
    const kept = keptEndpoints.get(key)
    if (kept === undefined || kept.watchedUntil !== undefined) return
    keptEndpoints.set(key, { ...kept, watchedUntil: clock.now() })
    keeper.touch()
  }

  const stateNow = (): State => {
    for (const [key, watch] of watches) keep(key, watch)
    // What only the trail knows of an endpoint that is not watched yet stays in the trail.
    const judged = [...keptEndpoints].filter(([, { watchedSince }]) => watchedSince !== NEVER)
    const memories = judged.map(([, { guard }]) => guard)
    return {
      policies: sureAges(dated),
      policySets: policySets.kept(memories, assignment.settings.policySetHash),
      policySetHash: assignment.settings.policySetHash,
      endpoints: Object.fromEntries(judged),
    }
  }

  /** Called before an endpoint is judged by a clock that AWS has confirmed. */
  const clockConfirmed = (now: Instant) => {
    const before = dated
    dated = settled(before, now)
    if (dated.ages === before.ages) return
    for (const watch of watches.values()) watch.agesChanged()
  }

  const keeper = createStateKeeper(options.store, stateNow, clock, emit)
  const watchList = createWatchList(clock, emit)
  const unmatched = createUnmatched(emit)
  const listNews = createListNews(options.state, emit)
  const tallies = createTallies(watches, watchList)
  const rehearsal = createRehearsal(clock, emit)
  const heads = createHourlyHeads(audit, clock, emit)
  const queues = createTerminationQueues({
    clock,
    random,
    emit,
    startedAt,
    stop: stop.signal,
    abort: abort.signal,
    tenure,
    onFault,
  })

  const extensions = createExtensions({
    watchOf: ({ region, endpointId }) => watches.get(endpointKey(region, endpointId)),
    audit,
    policySetHash: () => assignment.settings.policySetHash,
    clock,
    emit,
  })

  const changedAt = ({ name }: Pick<Policy, 'name'>): Instant => changedAtOf(dated, name) ?? startedAt

  const track = <Value>(work: Promise<Value>): Promise<Value> => {
    running.add(work)
    return work.finally(() => running.delete(work))
  }

  /** Lets the work go on by itself. */
  const begin = (work: Promise<unknown>) => void track(work).catch(onFault)

  const read = (watch: EndpointWatch) => track(watch.read(stop.signal))

  const beginRead = (watch: EndpointWatch) => begin(watch.read(stop.signal))

  /** Begins what the agenda asks for in addition to the schedule. */
  const beginIfDue = (watch: EndpointWatch, now: Instant) => {
    if (watch.msUntilRead(now) <= 0) beginRead(watch)
    if (watch.msUntilLookUp(now) <= 0) begin(watch.lookUp(stop.signal))
  }

  const endpoints = () => [...watches.values()].map(({ endpoint }) => endpoint)

  const openAll = async () => {
    await Promise.all(assignment.watch.map(({ site }) => sites.open(site)))
  }

  const keyOf = ({ site, endpoint }: WatchedEndpoint) => endpointKey(site.region, endpoint.id)

  /** Notes which endpoints of the state are not watched, once all that are watched are known. */
  const noteUnwatched = () => {
    if (stop.signal.aborted || !watchList.isKnown()) return
    const found = new Set(watchList.all().map(keyOf))
    for (const key of keptEndpoints.keys()) if (!found.has(key)) noteEnd(key)
  }

  const takeWatchList = () =>
    watchList.take(assignment.watch, (site) => ({
      endpoints: async (signal) => (await sites.open(site)).vpn.endpoints(signal),
    }))

  const lookForUnmatched = () => {
    if (stop.signal.aborted || assignment.isPart === true || !watchList.isKnown()) return
    const watched = watchList.all().map(({ site, endpoint }) => locationOf(site, endpoint))
    unmatched.look(assignment.policies.policies, watched)
  }

  /**
   * Watches exactly the endpoints that were found. Returns the new watches. An endpoint that is reached in another way
   * than before gets a new watch with the memory of the old one, once the new way is connected.
   */
  const watchAll = (
    announce: (isRenamed: boolean) => void,
    take: (watch: EndpointWatch, location: Location) => void,
  ): readonly EndpointWatch[] => {
    const { policies, settings, written } = assignment
    policySets.add(settings.policySetHash, policies, written)
    const found = new Map(watchList.all().map((one) => [keyOf(one), one]))
    for (const [key, watch] of watches) {
      const site = found.get(key)?.site
      if (site !== undefined && (siteKey(site) === siteKeys.get(watch) || sites.get(site) === undefined)) continue
      keep(key, watch)
      if (site === undefined) noteEnd(key)
      watch.retire()
      watches.delete(key)
    }
    const known = [...watches].flatMap(([key, watch]) => {
      const one = found.get(key)
      return one === undefined ? [] : [{ watch, name: one.endpoint.name, location: locationOf(one.site, one.endpoint) }]
    })
    const renamed = known.filter(({ watch, name }) => watch.rename(name))
    const added: EndpointWatch[] = []
    for (const [key, { site, endpoint }] of found) {
      const live = sites.get(site)
      if (watches.has(key) || live === undefined) continue
      const { vpn } = live
      const account = live.account()
      const made = createEndpointWatch({
        endpoint: { id: endpoint.id, name: endpoint.name, region: site.region, account },
        location: locationOf(site, endpoint),
        vpn,
        queue: queues.of(site, account, assignment.terminationRate),
        clock,
        random,
        emit,
        audit,
        policies,
        settings,
        earlierSet: policySets.find,
        changedAt,
        elsewhere: (set, now) => tallies.elsewhere(key, set, now),
        tallyChanged: () => tallies.changed(key),
        clockConfirmed,
        stop: stop.signal,
        kept: keptFor(key),
      })
      watches.set(key, made)
      siteKeys.set(made, siteKey(site))
      added.push(made)
    }
    // The configuration in force is reported before any event that follows from it.
    announce(renamed.length > 0)
    watchList.reportOverlaps()
    for (const { watch, location } of known) take(watch, location)
    noteUnwatched()
    lookForUnmatched()
    return added
  }

  const reconfigure = (watch: EndpointWatch, location: Location) =>
    watch.reconfigure(assignment.policies, assignment.settings, location)

  /** Watches keep their queues once their account is known: an unknown account has its own. */
  const identify = () =>
    sites.identify((siteOf, account) => {
      for (const watch of watches.values()) if (siteKeys.get(watch) === siteOf) watch.identified(account)
    })

  /** Checks the permissions that enforcing needs. Audit mode does not need them, and does not check them. */
  const rehearse = () => {
    if (assignment.settings.mode !== 'enforce') return
    for (const watch of watches.values()) if (rehearsal.isDue(watch)) begin(rehearsal.ask(watch, stop.signal))
  }

  /** Watches exactly the endpoints that are known now, and reads the new ones. */
  const followWatchList = () => {
    if (stop.signal.aborted) return
    const before = endpoints()
    const added = watchAll(
      (isRenamed) => {
        const after = endpoints()
        const gone = before.filter(({ id }) => !after.some((one) => one.id === id))
        if (gone.length > 0 || after.length > before.length || isRenamed) {
          emit({ event: 'endpoints-changed', endpoints: after, gone })
        }
      },
      (watch, location) => watch.relocate(location),
    )
    for (const made of added) beginRead(made)
  }

  const rediscover = async () => {
    if (await watchList.discover(stop.signal)) followWatchList()
    else {
      noteUnwatched()
      lookForUnmatched()
    }
  }

  const announce = (event: 'started' | 'reloaded' | 'mode-obeyed') => {
    const { mode, policySetHash } = assignment.settings
    const policies = assignment.policies.policies.length
    const at = clock.now()
    emit({ event, mode, policies, endpoints: endpoints(), policySetHash, at })
    listNews.tell({ policySetHash, written: assignment.written }, at)
  }

  const start = async () => {
    takeWatchList()
    await openAll()
    await watchList.discover(stop.signal)
    watchAll(() => announce('started'), reconfigure)
  }

  /** Connects to the sites that a reload added, and finds the endpoints that it selects. */
  const findAdded = async () => {
    await openAll()
    followWatchList()
    await rediscover()
  }

  /** Judges the last snapshot of every endpoint by rules that are not in force. Throws what a judgement throws. */
  const tryOut = ({ policies, settings }: Assignment, now: Instant) => {
    const tried = datedAnew(dated, policies.policies, settings.mode, now)
    for (const watch of watches.values())
      watch.tryOut(policies, settings, ({ name }) => changedAtOf(tried, name) ?? startedAt)
  }

  const putInForce = (next: Assignment, event: 'reloaded' | 'mode-obeyed', now: Instant) => {
    assignment = next
    dated = datedAt(dated, now)
    takeWatchList()
    for (const added of watchAll(() => announce(event), reconfigure)) beginRead(added)
  }

  const isLost = () => tenure?.lost.aborted === true

  /** Everything was aborted with the tenure. What does not end all the same is left behind: it may save nothing. */
  const leaveLost = async () => {
    await within(clock, LAST_ANSWERS_WITHIN_MS, Promise.all([queues.done(), ...running]))
  }

  const prepare = (next: Assignment): (() => void) => {
    const now = clock.now()
    const nextSchedule = options.scheduleOf(next.schedule)
    const nextTickAt = nextSchedule.next(now)
    tryOut(next, now)
    return () => {
      schedule = nextSchedule
      tickAt = Math.min(tickAt, nextTickAt)
      queues.setRate(next.terminationRate)
      putInForce(next, 'reloaded', clock.now())
      begin(findAdded())
    }
  }

  /** Stops reads at once and sends no new calls. Calls in flight finish, or are aborted after `STOP_WITHIN_MS`. */
  const shutDown = async () => {
    if (isLost()) return leaveLost()
    emit({ event: 'stopping', inFlight: queues.inFlight() })
    stop.abort()
    const finished = Promise.all([queues.done(), ...running])
    await within(clock, STOP_WITHIN_MS, finished, tenure?.lost)
    abort.abort()
    // What does not end although it was aborted is left behind. It must not delay the stop, nor must a disk that hangs.
    await within(clock, LAST_ANSWERS_WITHIN_MS, finished)
    if (isLost()) return
    await within(clock, LAST_SAVE_WITHIN_MS, keeper.saveLast())
    emit({ event: 'stopped', at: clock.now() })
  }

  const loop = async (until: AbortSignal) => {
    let lastNow = clock.now()
    tickAt = lastNow
    while (!until.aborted) {
      const now = clock.now()
      // After the clock is set back, the next instant of the schedule must be computed again, or no read would happen
      // until the old time is reached.
      if (now < lastNow) tickAt = schedule.next(now)
      lastNow = now
      turnedAt = clock.elapsed()
      const ticked = now >= tickAt
      if (ticked) tickAt = schedule.next(now)
      let sleepMs = tickAt - now
      for (const watch of watches.values()) {
        watch.judgeIfDue(now)
        if (ticked) begin(watch.readOnSchedule(stop.signal) ?? Promise.resolve())
        beginIfDue(watch, now)
        sleepMs = Math.min(sleepMs, watch.msUntilJudgement(now), watch.msUntilRead(now), watch.msUntilLookUp(now))
      }
      rehearse()
      if (watchList.isDue()) begin(rediscover())
      if (sites.isIdentifyDue()) begin(identify())
      if (keeper.isDue()) void keeper.save()
      if (heads.isDue()) heads.tell()
      await clock.sleep(Math.min(SLICE_MS, Math.max(1, sleepMs)), until)
    }
  }

  /** From now on the signal ends all reading at once. Returns how to undo that. */
  const stopWith = (signal: AbortSignal) => {
    const giveUp = () => stop.abort()
    onAborted(signal, giveUp)
    return () => signal.removeEventListener('abort', giveUp)
  }

  const isOpen = () => queues.isBusy() || [...watches.values()].some((watch) => watch.progress() === 'open')

  return {
    /** Runs until `signal` is aborted, then shuts down. */
    async run(signal: AbortSignal): Promise<void> {
      // After the start the loop notices the signal, and stops in order.
      const ignore = stopWith(signal)
      await start()
      ignore()
      await loop(signal)
      await shutDown()
    },

    /**
     * One cycle: reads every endpoint, terminates due connections and waits until all are confirmed or given up, or the
     * time is up. Meanwhile it reads on schedule, because plans rest on snapshots that must not be too old. `left-up`: a
     * due connection was given up, now or by an earlier process, and is not proven gone.
     */
    async once(timeoutMs: number, signal: AbortSignal): Promise<'done' | 'left-up' | 'timed-out'> {
      const over = new AbortController()
      stopWith(signal)
      void clock.sleep(timeoutMs, over.signal).then(() => over.signal.aborted || stop.abort())
      await start()
      rehearse()
      await Promise.all([...watches.values()].map(read))
      let nextTickAt = schedule.next(clock.now())
      while (isOpen() && !stop.signal.aborted) {
        const now = clock.now()
        for (const watch of watches.values()) {
          watch.judgeIfDue(now)
          if (now >= nextTickAt) begin(watch.readOnSchedule(stop.signal) ?? Promise.resolve())
          beginIfDue(watch, now)
        }
        if (now >= nextTickAt) nextTickAt = schedule.next(now)
        await clock.sleep(SLICE_MS / 10, stop.signal)
      }
      await Promise.all([...watches.values()].map((watch) => watch.told()))
      const finished = !isOpen() && !stop.signal.aborted
      const isLeftUp = [...watches.values()].some((watch) => watch.progress() === 'left-up')
      over.abort()
      await shutDown()
      if (!finished) return 'timed-out'
      return isLeftUp ? 'left-up' : 'done'
    },

    /**
     * Puts a new configuration in force as a whole, and judges all known endpoints at once. Sites and endpoints that it
     * adds are connected afterwards. The configuration is tried first: if it makes a judgement throw, this throws the
     * same and changes nothing. `accepted` is called once nothing can be refused any more.
     */
    async reload(next: Assignment, accepted: () => void = () => {}): Promise<void> {
      const put = prepare(next)
      accepted()
      put()
    },

    /** Finds out in slices what all connections are to the policies of a configuration that is not in force yet. */
    async meet({ policies }: Assignment): Promise<void> {
      for (const watch of watches.values()) await watch.meet(policies, stop.signal)
    },

    /** The first half of a reload: throws what a judgement throws. The result is the second half. */
    prepare,

    /** Puts the mode `audit` in force at once, and leaves everything else as it is. */
    obeyAudit: (): void =>
      putInForce({ ...assignment, settings: { ...assignment.settings, mode: 'audit' } }, 'mode-obeyed', clock.now()),

    reconnect: sites.reconnect,

    /** The entries of `endpoints` that match no watched endpoint. */
    unmatched: unmatched.entries,

    extensions,

    /** When the policy of that name last changed. */
    changedAt: (name: string): Instant => changedAt({ name }),

    /** When the main loop last ran. While the daemon is healthy this is at most `SLICE_MS` ago. */
    turnedAt: (): Elapsed => turnedAt,
    /** What policies end now and within `withinMs`, by `endpointKey`. Endpoints on which nothing is decided are left out. */
    async ends(withinMs: number): Promise<ReadonlyMap<string, readonly PolicyEnds[]>> {
      const found = new Map<string, readonly PolicyEnds[]>()
      for (const [key, watch] of watches) {
        const ends = await watch.ends(withinMs, stop.signal)
        if (ends !== undefined) found.set(key, ends)
      }
      return found
    },

    inFlight: queues.inFlight,

    endpoints,

    status: (): readonly EndpointStatus[] => [...watches.values()].map((watch) => watch.status()),
  }
}
