import pLimit from 'p-limit'
import { type Instant, MINUTE, SECOND } from '../domain/instant.ts'
import { changedPolicies, nextPolicyAges } from '../domain/policy-ages.ts'
import type { PolicySet } from '../domain/policy-set.ts'
import type { Rate } from '../domain/token-bucket.ts'
import type { AuditTrail } from './audit.ts'
import type { Calendar } from './calendar.ts'
import type { Clock } from './clock.ts'
import { createDiscovery, type Discovery, type FoundEndpoint, type Wanted } from './discovery.ts'
import { createEndpointWatch, type EndpointStatus, type EndpointWatch } from './endpoint-watch.ts'
import type { Emit } from './events.ts'
import type { ChangedAt, CycleSettings } from './settings.ts'
import type { EndpointState, State, StateStore } from './state.ts'
import { createTerminationQueue, type TerminationQueue } from './termination-queue.ts'
import { VpnError, type VpnSite } from './vpn.ts'

/** Where requests share their rates: one account's Region, reached in one way. */
export interface Site {
  readonly region: string
  readonly endpointUrl: string | undefined
  readonly assumeRole: { readonly arn: string; readonly externalId: string | undefined } | undefined
}

/** All that the daemon is told by configuration; a reload brings a new one. */
export interface Assignment {
  readonly policies: PolicySet
  readonly settings: CycleSettings
  readonly schedule: string
  readonly terminationRate: Rate
  readonly watch: ReadonlyArray<{ readonly site: Site } & Wanted>
}

/** Tells sites apart; part of the keys of the state file. */
export const siteKey = ({ region, endpointUrl, assumeRole }: Site): string =>
  [region, endpointUrl ?? '-', assumeRole?.arn ?? '-', assumeRole?.externalId ?? '-'].join(' ')

/** The longest sleep: the clock may jump, and a timer set for long would not notice. */
const SLICE_MS = SECOND

/** How many endpoints are read at once. */
const POLLS_AT_ONCE = 4

/** How long calls in flight may take at stop before they are aborted. */
const STOP_WITHIN_MS = 8 * SECOND

/** How often AWS is asked which endpoints there are. */
const DISCOVER_EVERY_MS = MINUTE

/** The state is not written more often than this: what a kill takes away is never more. */
const SAVE_EVERY_MS = SECOND

interface LiveSite {
  readonly site: Site
  readonly vpn: VpnSite
  readonly account: string | undefined
  readonly queue: TerminationQueue
  readonly done: Promise<void>
}

/** One entry of `watch` and the endpoints that it stands for at present. */
interface Place {
  readonly key: string
  readonly site: Site
  readonly discovery: Discovery
  readonly discovers: boolean
  endpoints: readonly FoundEndpoint[]
}

/** Polls on schedule, acts on deadlines between polls, ends what must end, until it is told to stop. */
export const createDaemon = (options: {
  readonly assignment: Assignment
  readonly connect: (site: Site) => VpnSite
  readonly calendar: (schedule: string) => Calendar
  readonly clock: Clock
  readonly random: () => number
  readonly emit: Emit
  readonly audit: AuditTrail
  readonly state: State
  readonly store: StateStore
}) => {
  const { connect, clock, random, audit, store } = options
  const polls = pLimit(POLLS_AT_ONCE)
  const stop = new AbortController()
  const abort = new AbortController()
  const sites = new Map<string, Promise<LiveSite>>()
  const live = new Map<string, LiveSite>()
  const watches = new Map<string, EndpointWatch>()
  let places: readonly Place[] = []
  let discoveredAt: Instant = -Infinity
  /** Of endpoints that are not watched yet, or no longer. */
  const keptEndpoints = new Map<string, EndpointState>(Object.entries(options.state.endpoints))
  const running = new Set<Promise<unknown>>()
  const reconnects = new Set<() => void>()
  const rehearsed = new Set<string>()
  // Two processes never share the trail, so the instant of the start tells their calls apart.
  const startedAt = clock.now()
  let calls = 0

  let assignment = options.assignment
  let calendar = options.calendar(assignment.schedule)
  let ages = nextPolicyAges(options.state.policies, assignment.policies.policies, assignment.settings.mode, startedAt)
  let turnedAt = startedAt
  let tickAt: Instant = startedAt
  let dirty = false
  let savedAt: Instant = -Infinity
  let stateFails = false

  const emit: Emit = (event) => {
    // Whatever is decided or done may have changed what a restart must not forget.
    if (event.event === 'decided' || event.event === 'accepted' || event.event === 'termination') dirty = true
    options.emit(event)
  }

  const changedAt: ChangedAt = (policy) => ages[policy.name]?.changedAt ?? startedAt

  const endpointKey = (site: Site, id: string) => `${siteKey(site)} ${id}`

  const accountOf = async (vpn: VpnSite): Promise<string | undefined> => {
    try {
      return await vpn.account(stop.signal)
    } catch (error) {
      // A label without the account's number is no reason to leave its endpoints alone.
      if (error instanceof VpnError) return undefined
      throw error
    }
  }

  const open = async (site: Site): Promise<LiveSite> => {
    let connected = connect(site)
    reconnects.add(() => {
      connected = connect(site)
    })
    const vpn: VpnSite = {
      snapshot: (endpointId, signal) => polls(() => connected.snapshot(endpointId, signal)),
      terminate: (termination, signal) => connected.terminate(termination, signal),
      endpoints: (signal) => connected.endpoints(signal),
      missingPermissions: (endpointId, signal) => connected.missingPermissions(endpointId, signal),
      account: (signal) => connected.account(signal),
    }
    const account = await accountOf(vpn)
    const queue = createTerminationQueue({
      vpn,
      clock,
      random,
      nextCallId: () => `${startedAt.toString(36)}-${(++calls).toString(36)}`,
      onLength: (length, etaSeconds) => emit({ event: 'queue', region: site.region, account, length, etaSeconds }),
      rate: assignment.terminationRate,
    })
    const opened = { site, vpn, account, queue, done: queue.run(stop.signal, abort.signal) }
    live.set(siteKey(site), opened)
    return opened
  }

  const openAll = async () => {
    for (const { site } of assignment.watch) {
      const key = siteKey(site)
      if (!sites.has(key)) sites.set(key, open(site))
    }
    await Promise.all(sites.values())
    // A place that an edit did not touch keeps what was found of it.
    const known = new Map(places.map((place) => [place.key, place]))
    places = assignment.watch.map((entry) => {
      const { site, endpoints, discover } = entry
      const tags = typeof discover === 'object' ? [...discover.tags] : []
      const key = JSON.stringify([siteKey(site), endpoints, discover === 'all', tags])
      const { vpn } = live.get(siteKey(site)) ?? { vpn: connect(site) }
      const discovery = createDiscovery({ vpn, wanted: entry })
      const listed = endpoints.map(({ id, name }) => ({ id, name: name ?? id }))
      return known.get(key) ?? { key, site, discovery, discovers: discover !== undefined, endpoints: listed }
    })
    await discoverAll()
  }

  /** Asks AWS which endpoints there are. Returns those that came. */
  const discoverAll = async (): Promise<boolean> => {
    discoveredAt = clock.now()
    const changes = await Promise.all(
      places.map(async (place) => {
        if (!place.discovers) return false
        const { endpoints, came, went, failure } = await place.discovery.refresh(stop.signal)
        place.endpoints = endpoints
        if (failure !== undefined && failure.code !== 'aborted') {
          emit({ event: 'discovery-failed', region: place.site.region, message: failure.message })
        }
        return came.length + went.length > 0
      }),
    )
    return changes.includes(true)
  }

  const rediscover = async () => {
    if (!(await discoverAll()) || stop.signal.aborted) return
    const before = endpoints()
    const fresh = watchAll([], () => {
      const after = endpoints()
      emit({
        event: 'endpoints-changed',
        endpoints: after,
        gone: before.filter(({ id }) => !after.some((one) => one.id === id)),
      })
    })
    for (const made of fresh) void poll(made)
  }

  const keep = (key: string, watch: EndpointWatch) => keptEndpoints.set(key, watch.kept())

  /** Watches what the assignment names, and nothing else. */
  const watchAll = (changed: readonly string[], tell: () => void): readonly EndpointWatch[] => {
    const fresh: EndpointWatch[] = []
    const { policies, settings } = assignment
    const wanted = new Map(
      places.flatMap(({ site, endpoints: found }) =>
        found.map((endpoint) => [endpointKey(site, endpoint.id), { site, endpoint }] as const),
      ),
    )
    for (const [key, gone] of watches) {
      if (wanted.has(key)) continue
      keep(key, gone)
      gone.retire()
      watches.delete(key)
    }
    const known = [...watches].map(([key, watch]) => ({ watch, name: wanted.get(key)?.endpoint.name }))
    for (const [key, { site, endpoint }] of wanted) {
      const place = live.get(siteKey(site))
      if (watches.has(key) || place === undefined) continue
      const { vpn, queue, account } = place
      const made = createEndpointWatch({
        endpoint: { ...endpoint, region: site.region, account },
        vpn,
        queue,
        clock,
        random,
        emit,
        audit,
        policies,
        settings,
        changedAt,
        kept: keptEndpoints.get(key),
      })
      watches.set(key, made)
      fresh.push(made)
    }
    // What is in force is told before what follows from it.
    tell()
    for (const { watch, name } of known) watch.reconfigure(policies, settings, { changedAt, changed, name })
    void track(rehearseAll())
    return fresh
  }

  /** Tells before it is needed which permission is missing. In audit mode none is: nothing is asked that only enforcing needs. */
  const rehearseAll = (): Promise<unknown> => {
    if (assignment.settings.mode !== 'enforce') return Promise.resolve()
    const untold = [...watches].filter(([key]) => !rehearsed.has(key))
    return Promise.all(
      untold.map(async ([key, watch]) => {
        rehearsed.add(key)
        const place = live.get(key.slice(0, key.lastIndexOf(' ')))
        if (place !== undefined) await rehearse(watch, place.vpn)
      }),
    )
  }

  const rehearse = async ({ endpoint }: EndpointWatch, vpn: VpnSite) => {
    try {
      for (const action of await vpn.missingPermissions(endpoint.id, stop.signal)) {
        emit({ event: 'permission-missing', endpoint, action })
      }
    } catch (error) {
      // The first poll meets the same fault, and says so.
      if (!(error instanceof VpnError)) throw error
    }
  }

  const track = <Value>(work: Promise<Value>): Promise<Value> => {
    running.add(work)
    return work.finally(() => running.delete(work))
  }

  const poll = (endpoint: EndpointWatch) => track(endpoint.poll(stop.signal))

  const endpoints = () => [...watches.values()].map(({ endpoint }) => endpoint)

  const announce = (event: 'started' | 'reloaded') => {
    const { mode, policySetHash } = assignment.settings
    const policies = assignment.policies.policies.length
    emit({ event, mode, policies, endpoints: endpoints(), policySetHash, at: clock.now() })
  }

  const start = async () => {
    await openAll()
    watchAll([], () => announce('started'))
  }

  const stateNow = (): State => {
    for (const [key, watch] of watches) keep(key, watch)
    return { policies: ages, endpoints: Object.fromEntries(keptEndpoints) }
  }

  const save = async () => {
    dirty = false
    savedAt = clock.now()
    try {
      await store.save(stateNow())
      if (stateFails) emit({ event: 'writable-again', what: 'state' })
      stateFails = false
    } catch (error) {
      dirty = true
      const message = error instanceof Error ? error.message : String(error)
      if (!stateFails) emit({ event: 'unwritable', what: 'state', message })
      stateFails = true
    }
  }

  /** Reading ends at once. No new calls; those in flight finish, or are aborted when they take too long. */
  const shutDown = async () => {
    const all = [...live.values()]
    emit({ event: 'stopping', inFlight: all.reduce((sum, { queue }) => sum + queue.inFlight, 0) })
    stop.abort()
    const finished = Promise.all(all.map(({ done }) => done))
    const patience = new AbortController()
    await Promise.race([finished, clock.sleep(STOP_WITHIN_MS, patience.signal)])
    patience.abort()
    abort.abort()
    await Promise.all([finished, ...running])
    await save()
    emit({ event: 'stopped', at: clock.now() })
  }

  const loop = async (until: AbortSignal) => {
    let seen = clock.now()
    tickAt = seen
    while (!until.aborted) {
      const now = clock.now()
      // The clock went back: without this the schedule would be silent until the old time comes round again.
      if (now < seen) tickAt = calendar.next(now)
      seen = now
      turnedAt = now
      const ticked = now >= tickAt
      if (ticked) tickAt = calendar.next(now)
      let wakeAt = tickAt
      for (const endpoint of watches.values()) {
        endpoint.turn(now)
        if (ticked) void track(endpoint.pollOnSchedule(stop.signal) ?? Promise.resolve())
        if (now >= endpoint.wantsPollAt()) void poll(endpoint)
        wakeAt = Math.min(wakeAt, endpoint.wakeAt(), endpoint.wantsPollAt())
      }
      if (places.some(({ discovers }) => discovers) && Math.abs(now - discoveredAt) >= DISCOVER_EVERY_MS)
        void track(rediscover())
      if (dirty && (now < savedAt || now - savedAt >= SAVE_EVERY_MS)) void track(save())
      await clock.sleep(Math.min(SLICE_MS, Math.max(1, wakeAt - now)), until)
    }
  }

  return {
    /** Runs until `signal` is aborted, then stops in order. */
    async run(signal: AbortSignal): Promise<void> {
      await start()
      await loop(signal)
      await shutDown()
    },

    /** One cycle: every endpoint read once, what must end ended and proven, or the time is up. */
    async once(timeoutMs: number, signal: AbortSignal): Promise<'done' | 'timed-out'> {
      const endAt = clock.now() + timeoutMs
      const over = new AbortController()
      const giveUp = () => stop.abort()
      signal.addEventListener('abort', giveUp, { once: true })
      void clock.sleep(timeoutMs, over.signal).then(() => over.signal.aborted || giveUp())
      await start()
      await Promise.all([...watches.values()].map(poll))
      const isOpen = () =>
        [...live.values()].some(({ queue }) => queue.busy) ||
        [...watches.values()].some((endpoint) => endpoint.status().openTerminations > 0)
      while (isOpen() && !stop.signal.aborted && clock.now() < endAt) {
        const now = clock.now()
        for (const endpoint of watches.values()) {
          endpoint.turn(now)
          if (now >= endpoint.wantsPollAt()) void poll(endpoint)
        }
        await clock.sleep(SLICE_MS / 10, signal)
      }
      const finished = !isOpen() && !stop.signal.aborted
      over.abort()
      await shutDown()
      return finished ? 'done' : 'timed-out'
    },

    /** A new configuration, swapped in whole and decided on at once. */
    async reload(next: Assignment): Promise<void> {
      const before = ages
      assignment = next
      // Places that are new are reached first; the old configuration is in force until then.
      await openAll()
      ages = nextPolicyAges(before, next.policies.policies, next.settings.mode, clock.now())
      calendar = options.calendar(next.schedule)
      tickAt = Math.min(tickAt, calendar.next(clock.now()))
      for (const { queue } of live.values()) queue.setRate(next.terminationRate)
      for (const made of watchAll(changedPolicies(before, ages), () => announce('reloaded'))) void poll(made)
    },

    /** How AWS is reached has changed. */
    reconnect(): void {
      for (const again of reconnects) again()
    },

    /** When the policy of that name last changed. */
    changedAt: (policy: string): Instant => ages[policy]?.changedAt ?? startedAt,

    /** Whether the loop turns: a tick of it is never more than a slice away. */
    turnedAt: (): Instant => turnedAt,
    status: (): readonly EndpointStatus[] => [...watches.values()].map((endpoint) => endpoint.status()),
  }
}
