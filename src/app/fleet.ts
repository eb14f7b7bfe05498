import { setMaxListeners } from 'node:events'
import pLimit from 'p-limit'
import type { PolicyEnds } from '../domain/judge/policy-ends.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { AuditHead } from './audit.ts'
import type { Clock } from './clock.ts'
import { configurationHash } from './configuration-hash.ts'
import type { Assignment } from './daemon.ts'
import type { EngineOverview } from './engine-overview.ts'
import type { CurfewEvent, Emit } from './events.ts'
import type { ExtensionAnswer, ExtensionLook, ExtensionRight } from './extension-right.ts'
import { createFleetEvents } from './fleet-events.ts'
import { onAborted } from './on-aborted.ts'
import { createOverview } from './overview.ts'
import { createPolicySetWriting } from './policy-set-text.ts'
import type { Ports } from './ports.ts'
import { createRuntime } from './runtime.ts'
import { type Ended, serveTenure, type TenureDaemon } from './serve-tenure.ts'
import { serviceStatusOf } from './service-status.ts'
import { isEditToAudit } from './settings.ts'
import { eachInSlices } from './slices.ts'
import type { Engine, EngineStatus, Tenure, TenureEnd } from './tenure.ts'
import { unitsOf } from './units.ts'

type Units = ReturnType<typeof unitsOf>

/** A replica that takes over hundreds of units serves the first of them soon, and has few states in memory at a time. */
const OPENINGS = 2

/** A tenure that this replica serves. */
interface Serving {
  /** Undefined while its state is read. */
  daemon: TenureDaemon | undefined
  /** What the daemon serves of the configuration in force. */
  assignment: Assignment
  isStarted: boolean
}

/**
 * One replica: a daemon for each tenure that the engine grants. What belongs to the process is shared: the time of AWS,
 * the listeners, the rates of reads. What belongs to a unit comes and goes with its tenure: trail, state, calls.
 */
export const createFleet = (
  assignment: Assignment,
  ports: Ports & {
    /** Makes the engine, which tells its events to `hear`. */
    readonly engine: (hear: Emit, clock: Clock) => Engine
  },
) => {
  const { host } = ports
  const { clock, tell, isStarted, lastReload, ongoing, isTurning } = createRuntime(ports)
  let inForce = assignment
  let hash = configurationHash(inForce)
  let units = unitsOf(inForce.watch)
  const startedAt = clock.now()
  const engine = ports.engine(tell, host)

  /** By the key of the unit. The engine grants a unit again only after the work for its last tenure has ended. */
  const servings = new Map<string, Serving>()
  /** In the order of the configuration; units that it has no longer, until they are given back, at the end. */
  const served = (): readonly (readonly [unit: string, daemon: TenureDaemon])[] =>
    [...new Set([...units.keys(), ...servings.keys()])].flatMap((unit) => {
      const daemon = servings.get(unit)?.daemon
      return daemon === undefined ? [] : [[unit, daemon] as const]
    })
  const daemons = () => served().map(([, { daemon }]) => daemon)
  const endpointStatuses = () => daemons().flatMap((daemon) => daemon.status())
  const endpoints = () => daemons().flatMap((daemon) => daemon.endpoints())
  const events = createFleetEvents({ tell, endpoints, clock })
  events.inForce(inForce.settings.policySetHash)

  const opening = pLimit(OPENINGS)
  const texts = createPolicySetWriting()
  /** What puts the configuration in force on the units where it is not yet. */
  const puts: (() => void)[] = []

  const partOf = (whole: Assignment, ofUnits: Units, unit: string): Assignment => ({
    ...whole,
    watch: ofUnits.get(unit) ?? [],
    isPart: ofUnits.size > 1,
  })

  const take = (next: Assignment, nextUnits: Units) => {
    inForce = next
    units = nextUnits
    hash = configurationHash(next)
    events.inForce(next.settings.policySetHash)
  }

  const announce = (event: 'started' | 'reloaded' | 'mode-obeyed') => {
    const { mode, policySetHash } = inForce.settings
    const policies = inForce.policies.policies.length
    tell({ event, mode, policies, endpoints: events.endpointsToTell(), policySetHash, at: clock.now() })
  }

  /** Why units were not reached, as told. They are tried again every few seconds. */
  const notReached = new Map<string, string>()
  const tellEnd = ({ unit, epoch }: Tenure, hasBegun: boolean, { how, because, isFault = false }: Ended) => {
    const isNews = how === 'refused' || notReached.get(unit) !== because
    if (isFault && !hasBegun) notReached.set(unit, because)
    if (hasBegun || (isFault && isNews)) tell({ event: 'tenure-ended', unit, epoch, how, because })
  }

  const work = async (tenure: Tenure, stop: AbortSignal): Promise<TenureEnd> => {
    const { unit, epoch, holds } = tenure
    const serving: Serving = { daemon: undefined, assignment: partOf(inForce, units, unit), isStarted: false }
    servings.set(unit, serving)
    const told = events.ofTenure(unit)
    const ended = await serveTenure({
      tenure,
      stop,
      opening,
      assignment: () => serving.assignment,
      ports,
      connect: (site, account) => ports.connect(site, account, { clock, hear: clock.hear, holds: () => holds() }),
      texts,
      clock,
      emit: (event) => {
        if (event.event === 'started') serving.isStarted = true
        told.emit(event)
      },
      served: (daemon) => {
        serving.daemon = daemon
        notReached.delete(unit)
        told.served()
        tell({ event: 'tenure-began', unit, epoch, openIntents: daemon.openIntents })
      },
    })
    servings.delete(unit)
    told.ended()
    tellEnd(tenure, serving.daemon !== undefined, ended)
    return ended.how
  }

  /** From now on the configuration is that of this replica, and of each daemon that begins. */
  const begin = (next: Assignment, nextUnits: Units, event: 'reloaded' | 'mode-obeyed') => {
    take(next, nextUnits)
    for (const [unit, serving] of servings) serving.assignment = partOf(next, nextUnits, unit)
    // The configuration in force is reported before any event that follows from it.
    announce(event)
  }

  const finish = () => {
    events.tellEndpoints()
    engine.wantsChanged()
  }

  const putNext = () => puts.shift()?.()

  /**
   * Tries a configuration on all daemons, and throws if one cannot judge by it. The event loop runs in between, so a
   * tenure may begin meanwhile: its daemon is tried too.
   */
  const prepareAll = async (next: Assignment, nextUnits: Units) => {
    const prepared = new Map<TenureDaemon, () => void>()
    const untried = () => served().filter(([, daemon]) => !prepared.has(daemon))
    for (let rest = untried(); rest.length > 0; rest = untried()) {
      if (!isEditToAudit(inForce.settings.mode, next.settings.mode)) {
        for (const [unit, { daemon }] of rest) await daemon.meet(partOf(next, nextUnits, unit))
      }
      await eachInSlices(host, rest, ([unit, daemon]) =>
        prepared.set(daemon, daemon.prepare(partOf(next, nextUnits, unit))),
      )
    }
    return () =>
      served().map(([unit, daemon]) => () => {
        if (servings.get(unit)?.daemon === daemon) prepared.get(daemon)?.()
      })
  }

  const heads = (): ReadonlyMap<string, AuditHead> => new Map(served().map(([unit, { audit }]) => [unit, audit.head()]))
  const engineOverview = (): EngineOverview => ({
    kind: 'postgres',
    replica: engine.replica,
    status: engine.status(),
    heads: heads(),
  })
  const others = () => ({
    lastReload: lastReload(),
    audit: undefined,
    engine: engineOverview(),
    ongoing: ongoing(),
    unmatched: daemons().flatMap((daemon) => daemon.unmatched()),
  })

  const holderOf = (right: ExtensionRight) =>
    daemons().find(({ extensions }) => extensions.look(right).state !== 'not-watched')

  return {
    /** Serves what the engine grants until `stop` is aborted, and gives everything back. */
    async run(stop: AbortSignal): Promise<void> {
      setMaxListeners(0, stop)
      announce('started')
      onAborted(stop, () => {
        events.stop()
        tell({ event: 'stopping', inFlight: daemons().reduce((sum, { inFlight }) => sum + inFlight(), 0) })
      })
      await engine.run(
        { units: () => [...units.keys()], configurationHash: () => hash, work: (tenure) => work(tenure, stop) },
        stop,
      )
      tell({ event: 'stopped', at: clock.now() })
    },

    reconnect(): void {
      for (const daemon of daemons()) daemon.reconnect()
    },

    /** When the policy of that name last changed on a unit that this replica holds. */
    changedAt: (name: string): Instant =>
      daemons().reduce<Instant | undefined>(
        (last, daemon) => Math.max(last ?? daemon.changedAt(name), daemon.changedAt(name)),
        undefined,
      ) ?? startedAt,

    extensions: {
      look: (right: ExtensionRight): ExtensionLook =>
        holderOf(right)?.extensions.look(right) ?? { state: 'not-watched' },
      async press(right: ExtensionRight): Promise<ExtensionAnswer> {
        const holder = holderOf(right)
        if (holder !== undefined) return holder.extensions.press(right)
        tell({ event: 'extension-refused', right, why: 'not-watched', at: clock.now() })
        return { state: 'not-watched' }
      },
    },

    clock,

    /** Tells an event of another part of the process. The chain of its endpoint's unit hears it too, if it is held here. */
    emit(event: CurfewEvent): void {
      const on = 'endpoint' in event ? event.endpoint : undefined
      const isOn = ({ id, region }: { readonly id: string; readonly region: string }) =>
        id === on?.id && region === on.region
      const [, holder] = served().find(([, { daemon }]) => daemon.endpoints().some(isOn)) ?? []
      if (on !== undefined && holder !== undefined) holder.emit(event)
      else tell(event)
    },

    /**
     * Puts a new configuration in force on all units. Throws, and changes nothing anywhere, if one daemon cannot judge by
     * it. `accepted` is called before it is in force. Reloads must follow one another.
     *
     * Hundreds of daemons take long to try and to take a configuration. The event loop runs between two of them, or the
     * session with the database would end. Meanwhile some units are judged by the earlier configuration, as those of
     * another replica are at the same time.
     */
    async reload(next: Assignment, accepted: () => void = () => {}): Promise<void> {
      // A schedule that makes a fault is found here too where no unit is held.
      ports.scheduleOf(next.schedule)
      const nextUnits = unitsOf(next.watch)
      const putsOf = await prepareAll(next, nextUnits)
      accepted()
      puts.push(...putsOf())
      begin(next, nextUnits, 'reloaded')
      await eachInSlices(host, [...puts], putNext)
      finish()
    },

    /** Puts the mode `audit` of a refused configuration in force, at once. */
    obeyAudit(): void {
      // What a reload would put in force later has another mode.
      while (puts.length > 0) putNext()
      begin({ ...inForce, settings: { ...inForce.settings, mode: 'audit' } }, units, 'mode-obeyed')
      for (const [, daemon] of served()) daemon.obeyAudit()
      finish()
    },

    endpoints: endpointStatuses,

    engine: (): EngineStatus => engine.status(),

    status: (names = false) => serviceStatusOf(inForce, others(), endpointStatuses(), names),

    overview: createOverview({
      clock,
      inForce: () => inForce,
      status: endpointStatuses,
      async ends(withinMs) {
        const found = new Map<string, readonly PolicyEnds[]>()
        for (const daemon of daemons()) for (const [key, ends] of await daemon.ends(withinMs)) found.set(key, ends)
        return found
      },
      others,
    }),

    /** Whether the loops of all daemons run. An engine that is away changes nothing. */
    isHealthy: (): boolean =>
      [...servings.values()].every(
        ({ daemon, isStarted: hasLoop }) => !hasLoop || daemon === undefined || isTurning(daemon.daemon.turnedAt()),
      ),

    /** Whether this replica has joined the others, and the first read of every endpoint that it holds has ended. */
    isReady: (): boolean =>
      isStarted() &&
      engine.status().state === 'joined' &&
      [...servings.values()].every(({ isStarted: hasLoop }) => hasLoop) &&
      endpointStatuses().every(({ view }) => view.state !== 'unseen'),

    /** Each tenure has closed its trail at its end. */
    async close(): Promise<void> {},
  }
}
