import pg from 'pg'
import { hostClock } from '../../src/adapters/host/clock.ts'
import { createPostgresEngine, type PostgresEngineOptions } from '../../src/adapters/postgres/engine.ts'
import type { Keep } from '../../src/adapters/postgres/held-units.ts'
import type { Seen, SeenStore } from '../../src/adapters/postgres/seen.ts'
import type { Clock } from '../../src/app/clock.ts'
import type { CurfewEvent } from '../../src/app/events.ts'
import { EMPTY_STATE } from '../../src/app/state.ts'
import type { Engine, Tenure, TenureEnd } from '../../src/app/tenure.ts'

/** The shortest lease that `curfew.yaml` allows: tests need not wait long. */
const LEASE_MS = 2000

/** A tenure as the work of a test sees it. */
export interface Served {
  readonly tenure: Tenure
  /** Undefined while it lasts. */
  how?: TenureEnd
}

export interface ReplicaOptions {
  readonly url: string
  readonly name?: string
  readonly units?: readonly string[]
  readonly hash?: string
  readonly leaseMs?: number
  readonly clock?: Clock
  readonly seen?: Map<'seen', Seen>
  /** In place of `seen`. */
  readonly seenStore?: SeenStore
  readonly stateVersion?: number
  readonly newerGoneMs?: number
  readonly keep?: Keep
  /** What a daemon does when it is asked to give a unit back. */
  readonly handOver?: (tenure: Tenure) => Promise<void>
  readonly work?: (tenure: Tenure) => Promise<TenureEnd>
}

let count = 0

/** Nothing is written: these tests look at who holds a unit. */
export const keepNothing: Keep = ({ head, holds, lost }) => ({
  trail: {
    write: async () => {},
    head: () => head,
    hasPolicySet: () => true,
    held: async () => holds(),
    lost,
    close: async () => {},
  },
  replay: async () => {},
  store: {
    load: async () => ({ state: EMPTY_STATE, setAside: undefined }),
    peek: async () => EMPTY_STATE,
    save: async () => {},
  },
})

export const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** A replica in this process, which serves its units by waiting until they are lost or asked back. */
export const joinReplica = (options: ReplicaOptions) => {
  const { url, leaseMs = LEASE_MS, clock = hostClock, seen = new Map<'seen', Seen>() } = options
  const name = options.name ?? `replica-${++count}`
  const wants = { units: options.units ?? ['one', 'two'], hash: options.hash ?? 'a' }
  const events: CurfewEvent[] = []
  const served: Served[] = []
  const heard = new EventTarget()
  const emit = (event: CurfewEvent) => {
    events.push(event)
    heard.dispatchEvent(new Event('event'))
  }
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  pool.on('error', () => {})
  const engineOptions: PostgresEngineOptions = {
    connection: async () => ({ connectionString: url }),
    pool,
    place: 'the database',
    leaseMs,
    replica: name,
    clock,
    random: Math.random,
    emit,
    keep: options.keep ?? keepNothing,
    seen: options.seenStore ?? {
      load: async () => seen.get('seen'),
      save: async (next) => {
        seen.set('seen', next)
      },
    },
    stateVersion: options.stateVersion ?? 4,
    newerGoneMs: options.newerGoneMs ?? LEASE_MS,
  }
  const engine: Engine = createPostgresEngine(engineOptions)
  const stop = new AbortController()

  const work = async (tenure: Tenure): Promise<TenureEnd> => {
    const one: Served = { tenure }
    served.push(one)
    heard.dispatchEvent(new Event('event'))
    const how = await (options.work ?? untilOver)(tenure)
    one.how = how
    heard.dispatchEvent(new Event('event'))
    return how
  }
  const untilOver = async (tenure: Tenure): Promise<TenureEnd> => {
    await Promise.race([aborted(tenure.lost), aborted(tenure.asked)])
    if (tenure.lost.aborted) return 'lost'
    await options.handOver?.(tenure)
    return 'returned'
  }
  const running = engine.run({ units: () => wants.units, configurationHash: () => wants.hash, work }, stop.signal)
  let isStopped: Promise<void> | undefined

  return {
    name,
    engine,
    events,
    served,
    running,
    /** The units that it may serve now. */
    held: () =>
      served.flatMap(({ tenure, how }) => (how === undefined && tenure.holds() ? [tenure.unit] : [])).toSorted(),
    tenures: (unit: string) => served.filter(({ tenure }) => tenure.unit === unit),
    /** Resolves once the condition is true. It is looked at after each event, and each beat is one. */
    async until(isTrue: () => boolean): Promise<void> {
      while (!isTrue()) {
        await new Promise((resolve) => heard.addEventListener('event', resolve, { once: true }))
      }
    },
    edit(hash: string, units: readonly string[] = wants.units) {
      Object.assign(wants, { hash, units })
      engine.wantsChanged()
    },
    /** Gives everything back and leaves. */
    async leave(): Promise<void> {
      stop.abort()
      isStopped ??= running.then(async () => pool.end())
      await isStopped
    },
    told: <Name extends CurfewEvent['event']>(which: Name) =>
      events.filter((event): event is Extract<CurfewEvent, { event: Name }> => event.event === which),
  }
}

export type Replica = ReturnType<typeof joinReplica>
