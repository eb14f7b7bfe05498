import pLimit from 'p-limit'
import { type Instant, SECOND } from '../domain/instant.ts'
import type { PolicySet } from '../domain/policy-set.ts'
import type { Rate } from '../domain/token-bucket.ts'
import type { Calendar } from './calendar.ts'
import type { Clock } from './clock.ts'
import { createEndpointWatch, type EndpointStatus, type EndpointWatch } from './endpoint-watch.ts'
import type { Emit, Endpoint } from './events.ts'
import type { CycleSettings } from './settings.ts'
import { createTerminationQueue, type TerminationQueue } from './termination-queue.ts'
import type { Vpn } from './vpn.ts'

/** Where terminations share one rate: an account's Region. */
export interface Site {
  readonly region: string
  readonly endpointUrl: string | undefined
}

/** All that the daemon is told by configuration; a reload brings a new one. */
export interface Assignment {
  readonly policies: PolicySet
  readonly policySetHash: string
  readonly settings: CycleSettings
  readonly schedule: string
  readonly terminationRate: Rate
  readonly watch: ReadonlyArray<Site & { readonly endpoints: readonly Endpoint[] }>
}

/** The longest sleep: the clock may jump, and a timer set for long would not notice. */
const SLICE_MS = SECOND

/** How many endpoints are read at once. */
const POLLS_AT_ONCE = 4

/** How long calls in flight may take at stop before they are aborted. */
const STOP_WITHIN_MS = 8 * SECOND

/** Polls on schedule, acts on deadlines between polls, ends what must end, until it is told to stop. */
export const createDaemon = (options: {
  readonly assignment: Assignment
  readonly connect: (site: Site, settings: CycleSettings) => Vpn
  readonly calendar: (schedule: string) => Calendar
  readonly clock: Clock
  readonly random: () => number
  readonly emit: Emit
}) => {
  const { connect, clock, random, emit } = options
  const polls = pLimit(POLLS_AT_ONCE)
  const stop = new AbortController()
  const abort = new AbortController()
  const queues = new Map<string, { site: Site; vpn: Vpn; queue: TerminationQueue; done: Promise<void> }>()
  const watches = new Map<string, EndpointWatch>()
  const running = new Set<Promise<void>>()

  let assignment = options.assignment
  let calendar = options.calendar(assignment.schedule)
  let turnedAt = clock.now()

  const queueOf = (site: Site) => {
    const key = `${site.region} ${site.endpointUrl ?? ''}`
    const known = queues.get(key)
    if (known !== undefined) return known
    const connected = connect(site, assignment.settings)
    const vpn: Vpn = {
      snapshot: (endpointId, signal) => polls(() => connected.snapshot(endpointId, signal)),
      terminate: (termination, signal) => connected.terminate(termination, signal),
    }
    const onLength = (length: number, etaSeconds: number) =>
      emit({ event: 'queue', region: site.region, length, etaSeconds })
    const queue = createTerminationQueue({ vpn, clock, random, onLength, rate: assignment.terminationRate })
    const made = { site, vpn, queue, done: queue.run(stop.signal, abort.signal) }
    queues.set(key, made)
    return made
  }

  const watch = () => {
    const wanted = new Map(
      assignment.watch.flatMap((site) =>
        site.endpoints.map((endpoint) => [
          `${site.region} ${site.endpointUrl ?? ''} ${endpoint.id}`,
          { site, endpoint },
        ]),
      ),
    )
    for (const [key, gone] of watches) {
      if (wanted.has(key)) continue
      gone.retire()
      watches.delete(key)
    }
    for (const [key, { site, endpoint }] of wanted) {
      const known = watches.get(key)
      if (known !== undefined) {
        known.reconfigure(assignment.policies, assignment.settings)
        continue
      }
      const { vpn, queue } = queueOf(site)
      const { policies, settings } = assignment
      watches.set(key, createEndpointWatch({ endpoint, vpn, queue, clock, emit, policies, settings }))
    }
  }

  const poll = (endpoint: EndpointWatch): Promise<void> => {
    const done = endpoint.poll(stop.signal)
    running.add(done)
    return done.finally(() => running.delete(done))
  }

  const endpoints = () => [...watches.values()].map(({ endpoint }) => endpoint)

  const announce = (event: 'started' | 'reloaded') =>
    emit({
      event,
      mode: assignment.settings.mode,
      policies: assignment.policies.policies.length,
      endpoints: endpoints(),
      policySetHash: assignment.policySetHash,
    })

  /** Reading ends at once. No new calls; those in flight finish, or are aborted when they take too long. */
  const shutDown = async () => {
    const inFlight = [...queues.values()].reduce((sum, { queue }) => sum + queue.inFlight, 0)
    emit({ event: 'stopping', inFlight })
    stop.abort()
    const finished = Promise.all([...queues.values()].map(({ done }) => done))
    const patience = new AbortController()
    await Promise.race([finished, clock.sleep(STOP_WITHIN_MS, patience.signal)])
    patience.abort()
    abort.abort()
    await Promise.all([finished, ...running])
    emit({ event: 'stopped' })
  }

  const loop = async (until: AbortSignal) => {
    let seen = clock.now()
    let tickAt: Instant = seen
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
        if (ticked || now >= endpoint.wantsPollAt()) void poll(endpoint)
        wakeAt = Math.min(wakeAt, endpoint.wakeAt(), endpoint.wantsPollAt())
      }
      await clock.sleep(Math.min(SLICE_MS, Math.max(1, wakeAt - now)), until)
    }
  }

  return {
    /** Runs until `signal` is aborted, then stops in order. */
    async run(signal: AbortSignal): Promise<void> {
      watch()
      announce('started')
      await loop(signal)
      await shutDown()
    },

    /** One cycle: every endpoint read once, what must end ended and proven, or the time is up. */
    async once(timeoutMs: number, signal: AbortSignal): Promise<'done' | 'timed-out'> {
      watch()
      announce('started')
      const endAt = clock.now() + timeoutMs
      await Promise.all([...watches.values()].map(poll))
      const open = () =>
        [...queues.values()].some(({ queue }) => queue.busy) ||
        [...watches.values()].some((endpoint) => endpoint.status().openTerminations > 0)
      while (open() && !signal.aborted && clock.now() < endAt) {
        const now = clock.now()
        for (const endpoint of watches.values()) {
          endpoint.turn(now)
          if (now >= endpoint.wantsPollAt()) await poll(endpoint)
        }
        await clock.sleep(SLICE_MS / 10, signal)
      }
      const finished = !open()
      await shutDown()
      return finished ? 'done' : 'timed-out'
    },

    /** A new configuration, swapped in whole and decided on at once. */
    reload(next: Assignment): void {
      assignment = next
      calendar = options.calendar(next.schedule)
      for (const { queue } of queues.values()) queue.setRate(next.terminationRate)
      watch()
      announce('reloaded')
    },

    /** Whether the loop turns: a tick of it is never more than a slice away. */
    turnedAt: (): Instant => turnedAt,
    status: (): readonly EndpointStatus[] => [...watches.values()].map((endpoint) => endpoint.status()),
  }
}
