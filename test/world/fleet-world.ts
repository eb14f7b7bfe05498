import { cronSchedule } from '../../src/adapters/cron/cron-schedule.ts'
import type { CurfewEvent } from '../../src/app/events.ts'
import { createFleet } from '../../src/app/fleet.ts'
import { unitKey } from '../../src/app/units.ts'
import { VpnError } from '../../src/app/vpn.ts'
import { type Instant, MINUTE, NEVER, SECOND } from '../../src/domain/time/instant.ts'
import { createRandom } from '../../src/simulator/random.ts'
import { createAws } from './aws.ts'
import { createChecks, LONG_ENOUGH_MS } from './checks.ts'
import { type Clients, connectClients } from './clients.ts'
import { createDatabase, type ServerSession } from './database.ts'
import { createStandInEngine } from './engine.ts'
import { createUnitInvariants, type TenureLife } from './fleet-invariants.ts'
import { FLEET_MINUTES, type FleetScenario, type Inside, MOST_REPLICAS, type Outside } from './fleet-scenario.ts'
import { Broken, createInvariants } from './invariants.ts'
import { createProcess, type Process } from './process.ts'
import { type AssignmentSpec, agePolicy, sliceOf } from './scenario.ts'
import { ENDPOINTS, fleetAssignmentOf, readPolicySet, SITES, START } from './specs.ts'
import { createTimeline } from './timeline.ts'
import { type Outcome, shortened } from './world.ts'

const BEAT_MS = SECOND
/** The time without faults at the end: as in the world of one process, but with fewer attempts after giving up. */
const CALM_MS = 16 * MINUTE
const MOST_POLICIES = 5
const LOWERED_AFTER_MS = 2 * MINUTE
const SLOW_CREDENTIALS_MS = 10 * SECOND
/** A replica that leaves gives its units back by then, if its database is there. */
const LEFT_WITHIN_MS = 10 * SECOND

type Blow = Extract<Inside, { readonly what: 'pause' | 'cut' }>

type Fleet = ReturnType<typeof createFleet>

/** A process of a replica. */
interface Running {
  readonly process: Process
  readonly name: string
  readonly fleet: Fleet
  readonly stop: AbortController
  readonly done: Promise<void>
  readonly lives: Map<string, TenureLife>
  over: boolean
}

/** A machine that runs a replica, one process after the other. */
interface Host {
  readonly index: number
  skewMs: number
  /** The files of the machine, and the number of the edit that wrote them. */
  spec: AssignmentSpec
  edit: number
  isMember: boolean
  starts: number
  /** The blows that wait for the next intent or save of the replica. */
  readonly awaits: Blow[]
  running: Running | undefined
}

/** Runs one world of replicas that share three accounts. The same scenario gives the same log. */
export const liveAsFleet = async (scenario: FleetScenario, keepLog = false): Promise<Outcome> => {
  const { base } = scenario
  const log: string[] = []
  const note = (kind: string, what: unknown) => {
    if (keepLog) log.push(`${new Date(timeline.now()).toISOString()} ${kind} ${JSON.stringify(what, shortened)}`)
  }
  const timeline = createTimeline(START)
  const random = createRandom(base.seed)
  let [cycles, ended, kills, calls] = [0, 0, 0, 0]
  /** The newest files, and the number of edits. */
  let [newest, edits] = [base.assignment, 0]
  /** Until when replicas that come and go, or that are cut off, may leave units without an owner. */
  let unsettledUntil: Instant = START + 10 * SECOND
  let slowCredentialsUntil: Instant = -NEVER
  let calmAt: Instant = NEVER
  const broken: Broken[] = []

  const hosts: Host[] = Array.from({ length: MOST_REPLICAS }, (_, index) => ({
    index,
    skewMs: 0,
    spec: base.assignment,
    edit: 0,
    isMember: index < scenario.replicas,
    starts: 0,
    awaits: [],
    running: undefined,
  }))
  const unsettle = (forMs: number) => {
    unsettledUntil = Math.max(unsettledUntil, timeline.now() + forMs)
  }

  const database = createDatabase({
    timeline,
    random: random.faults,
    leaseMs: scenario.leaseMs,
    latencyMs: scenario.databaseMs,
    watcher: {
      granted(unit, session) {
        note('granted', { unit: unit.key, epoch: unit.epoch, to: session.replica })
        checked(() => worldOf(unit.key).promises.granted(hasLongNewer(session)))
      },
      recorded(unit, epoch, line) {
        note('recorded', { unit: unit.key, epoch, line })
        const world = worldOf(unit.key)
        world.promises.recorded(epoch, line)
        world.invariants.durable(`${line}\n`)
      },
      saved(unit, epoch) {
        checked(() => worldOf(unit.key).promises.saved(epoch))
      },
    },
  })

  /** Whether a session of a newer generation has been there so long that no statement of this one can be older. */
  const hasLongNewer = ({ generation }: ServerSession) =>
    database
      .sessions()
      .some((one) => one.generation > generation && joinedAt(one) < timeline.now() - scenario.leaseMs - 2 * BEAT_MS)
  const latencyMs = scenario.databaseMs.to
  const generationSince = new WeakMap<ServerSession, { readonly generation: number; readonly at: Instant }>()
  const joinedAt = (session: ServerSession): Instant => {
    const known = generationSince.get(session)
    if (known?.generation === session.generation) return known.at
    generationSince.set(session, { generation: session.generation, at: timeline.now() })
    return timeline.now()
  }

  /** Runs a check. A broken promise is recorded, and its error must not reach the daemon. */
  const checked = (promise: () => void) => {
    try {
      promise()
    } catch (error) {
      if (!(error instanceof Broken)) throw error
      broken.push(error)
    }
  }
  const crashed = (error: unknown) => {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    if (!(error instanceof Broken)) broken.push(new Broken('the daemon does not crash', what))
  }

  const worlds = SITES.map((site, index) => {
    const unit = database.unitOf(unitKey(site))
    const endpoints = ENDPOINTS.slice(index, index + 1)
    const invariants = createInvariants(base, timeline)
    const promises = createUnitInvariants(unit, invariants, base.rate, timeline)
    const endedAt = new Map<string, { readonly endpointId: string; readonly at: Instant }>()
    let callsHere = 0
    const lifeOf = (process: Process) => lives.get(process)
    /** The newest tenure in each process. */
    const lives = new Map<Process, TenureLife>()
    const aws = createAws(
      base,
      random,
      timeline,
      {
        terminating(process, target) {
          calls++
          callsHere++
          const life = lifeOf(process)
          if (life === undefined) return
          note('terminate', { ...target, by: life.replica, epoch: life.epoch })
          checked(() => invariants.terminating(life, target))
        },
        shown(process, snapshot, begunAt, askedAt) {
          const life = lifeOf(process)
          if (life?.epoch === unit.epoch) checked(() => invariants.shown(life, snapshot, begunAt, askedAt))
        },
        acknowledged(process, connection, target) {
          ended++
          const life = lifeOf(process)
          if (life !== undefined) checked(() => invariants.acknowledged(life, connection, target))
        },
        terminated(endpointId, id) {
          if (!endedAt.has(id)) endedAt.set(id, { endpointId, at: timeline.now() })
        },
      },
      { endpoints, account: unit.key.slice(-12) },
    )
    const owner = () => hosts.find(({ running }) => running?.name === unit.lockedBy?.replica)
    const checks = createChecks({
      scenario: base,
      timeline,
      aws,
      invariants,
      assignment: () => ({ ...newest, watched: [index] }),
      status: () =>
        owner()
          ?.running?.fleet.endpoints()
          .filter(({ endpoint }) => endpoints.includes(endpoint.id)) ?? [],
      slowestMs: (endpointId) => {
        const process = owner()?.running?.process
        return (process && lifeOf(process)?.slowestMs.get(endpointId)) ?? 0
      },
      calm: () => ({ at: calmAt, calls: callsAtCalm.get(unit.key) ?? 0 }),
      calls: () => callsHere,
      readAllMs: () => (1 + Math.ceil(aws.listed(endpoints[0] ?? '').length / 4)) * (200 + 2 * base.latencyMs.to),
    })
    return { unit, aws, invariants, promises, checks, endpoints, endedAt, lives, calls: () => callsHere }
  })
  const callsAtCalm = new Map<string, number>()
  type World = (typeof worlds)[number]
  const worldOf = (key: string): World => {
    const found = worlds.find(({ unit }) => unit.key === key)
    if (found === undefined) throw new Error(`no unit ${key}`)
    return found
  }
  const worldAt = (endpointId: string) => worlds.find(({ endpoints }) => endpoints.includes(endpointId))
  const isOver = () => broken.length > 0 || worlds.some(({ invariants }) => invariants.broken.length > 0)

  const start = async (host: Host): Promise<void> => {
    if (!host.isMember || host.running !== undefined) return
    const process = createProcess(timeline, () => host.skewMs)
    const name = `replica-${host.index}-${++host.starts}`
    const stop = new AbortController()
    const lives = new Map<string, TenureLife>()
    host.spec = newest
    host.edit = edits
    note('starts', { name, edit: host.edit })
    let clock: { now(): Instant } = process.clock

    const began = (key: string, epoch: number) => {
      const world = worldOf(key)
      const life: TenureLife = {
        process,
        unit: key,
        epoch,
        replica: name,
        clock: { now: () => clock.now() },
        stopping: false,
        shown: new Map(),
        slowestMs: new Map(),
        // The unit's own count is exact.
        tokens: base.rate.burst,
        countedAt: timeline.now(),
      }
      lives.set(key, life)
      world.lives.set(process, life)
      world.promises.judged(host.edit)
      world.invariants.reloadBegins(host.spec)
      world.invariants.settled()
    }

    const hear = (event: CurfewEvent) => {
      if (!process.isAlive()) return
      if (keepLog && !['decided', 'polled', 'queue', 'engine-beat'].includes(event.event))
        note(`event of ${name}`, event)
      if (event.event === 'polled' || event.event === 'poll-failed') cycles++
      const endpointId = 'endpoint' in event && typeof event.endpoint === 'object' ? event.endpoint.id : undefined
      for (const world of endpointId === undefined ? worlds : [worldAt(endpointId)]) {
        const life = world?.lives.get(process)
        if (world === undefined || life === undefined || life.epoch !== world.unit.epoch) continue
        if (event.event === 'polled') world.aws.taken(event.endpoint.id)
        if (event.event === 'blind') checked(() => world.checks.visible(event.endpoint.id))
        checked(() => world.invariants.heard(life, event, world.aws.isConnected))
      }
    }

    const amid = (what: 'intent' | 'save') => {
      const { running } = host
      const next = host.awaits.find((one) => one.amid === what)
      if (next === undefined || running?.name !== name) return
      host.awaits.splice(host.awaits.indexOf(next), 1)
      strike(running, next)
    }

    const fleet = createFleet(fleetAssignmentOf(host.spec, base), {
      host: process.clock,
      random: () => random.requests.within({ from: 0, to: 999_999 }) / 1_000_000,
      connect(site, _account, { clock: daemonClock, hear: hearAnswer, holds }) {
        const world = worldOf(unitKey(site))
        const life = lives.get(world.unit.key)
        return world.aws.siteFor(process, daemonClock, hearAnswer, async (target, signal) => {
          if (scenario.asksLast) {
            if (timeline.now() < slowCredentialsUntil) await process.clock.sleep(SLOW_CREDENTIALS_MS, signal)
            if (signal.aborted) throw new VpnError('aborted', 'aborted')
            if (holds?.() === false) throw new VpnError('not-held', 'the unit is not held')
          }
          if (life !== undefined) checked(() => world.promises.leaves(life, target))
        })
      },
      scheduleOf: cronSchedule,
      readPolicySet,
      listeners: (daemonClock) => {
        clock = daemonClock
        return [hear]
      },
      engine: (hearEngine) =>
        createStandInEngine({
          database,
          process,
          replica: name,
          random: random.faults,
          leaseMs: scenario.leaseMs,
          beatMs: BEAT_MS,
          hear: hearEngine,
          began,
          ended(key, _epoch, isWhole) {
            if (!isWhole) worldOf(key).invariants.restarted()
          },
          wroteLate: (key, what) =>
            checked(() => worldOf(key).invariants.fail('a lost tenure writes nothing', `${what} of ${key}`)),
          refused: (key, epoch) =>
            checked(() => worldOf(key).invariants.fail('no record of a held unit is refused', `${key} in ${epoch}`)),
          intends(key, callId) {
            checked(() => worldOf(key).promises.intends(callId))
            amid('intent')
          },
          saves: () => amid('save'),
        }),
    })
    const done = fleet
      .run(stop.signal)
      .then(() => fleet.close())
      .catch(crashed)
    host.running = { process, name, fleet, stop, done, lives, over: false }
  }

  const begin = (host: Host) => void start(host).catch(crashed)
  const beginAfter = (host: Host, seconds: number) => timeline.at(timeline.now() + seconds * SECOND, () => begin(host))

  const sessionOf = (name: string) => database.sessions().find(({ replica }) => replica === name)

  /** A process ends, and leaves everything as it is. */
  const fallen = (host: Host, dying: Running, downSeconds: number, power: boolean) => {
    if (dying.over) return
    dying.over = true
    if (host.running === dying) host.running = undefined
    for (const key of dying.lives.keys()) worldOf(key).invariants.restarted()
    const session = sessionOf(dying.name)
    if (power) unsettle(scenario.leaseMs + 5 * BEAT_MS)
    else if (session !== undefined) database.close(session)
    note('fallen', { name: dying.name, power })
    beginAfter(host, downSeconds)
  }

  const stopHost = (host: Host, downSeconds: number | undefined) => {
    const stopped = host.running
    if (stopped === undefined || stopped.over) return
    host.running = undefined
    note('stops', { name: stopped.name })
    unsettle(LEFT_WITHIN_MS)
    stopped.process.deliver(() => {
      stopped.stop.abort()
      timeline.at(timeline.now() + 1, () => {
        for (const life of stopped.lives.values()) life.stopping = true
      })
    })
    void stopped.done.then(() => {
      if (stopped.over) return
      stopped.over = true
      stopped.process.die(() => {
        const session = sessionOf(stopped.name)
        if (session !== undefined) database.close(session)
        if (downSeconds !== undefined) beginAfter(host, downSeconds)
      })
    })
  }

  const reload = async (host: Host, spec: AssignmentSpec, edit: number) => {
    const { running } = host
    if (running === undefined || running.over) return
    ;[host.spec, host.edit] = [spec, edit]
    note('reloads', { name: running.name, edit })
    const served = [...running.lives.values()].filter(
      ({ unit, epoch }) => worldOf(unit).unit.epoch === epoch && worldOf(unit).unit.lockedBy?.replica === running.name,
    )
    for (const { unit } of served) {
      worldOf(unit).promises.judged(edit)
      worldOf(unit).invariants.reloadBegins(spec)
    }
    const before = new Map(served.map(({ unit }) => [unit, worldOf(unit).invariants.inForce()[0]]))
    const violating = new Set(
      running.fleet
        .endpoints()
        .flatMap(({ decisions }) => (decisions?.violating ?? []).map(({ connection: { id } }) => id)),
    )
    await running.fleet.reload(fleetAssignmentOf(spec, base)).catch(crashed)
    const judged = running.fleet
      .endpoints()
      .flatMap(({ endpoint, view }) => (view.state === 'fresh' ? [endpoint.id] : []))
    for (const life of served) {
      const world = worldOf(life.unit)
      const edited = world.invariants.settled()
      const earlier = before.get(life.unit)
      if (earlier === undefined || world.unit.epoch !== life.epoch) continue
      const here = judged.filter((id) => world.endpoints.includes(id))
      checked(() => world.invariants.edited(earlier, life, edited, here, violating))
    }
  }

  /** A rolling edit: one replica after the other gets the newest files. */
  const roll = (spec: AssignmentSpec) => {
    newest = { ...spec, watched: [0, 1, 2] }
    edits++
    const [files, edit] = [newest, edits]
    unsettle(hosts.length * scenario.rollSeconds * SECOND + 10 * BEAT_MS)
    for (const host of hosts)
      timeline.at(timeline.now() + host.index * scenario.rollSeconds * SECOND, () => {
        if (host.edit >= edit) return
        const { running } = host
        running?.process.deliver(() => void reload(host, files, edit).catch(crashed))
      })
  }

  const connect = (clients: Clients) => {
    const world = worldAt(ENDPOINTS[clients.endpoint] ?? '')
    if (world === undefined) return
    connectClients(clients, { aws: world.aws, timeline, random: random.world, reconnects: base.reconnect })
  }

  const happenOutside = (happening: Outside): void => {
    note('happens', happening)
    switch (happening.what) {
      case 'connects':
        connect(happening)
        break
      case 'disconnects':
      case 'transfers': {
        const world = worlds[happening.nth % worlds.length]
        const connected = world?.aws.connected() ?? []
        const found = connected[happening.nth % Math.max(1, connected.length)]
        if (found === undefined) break
        if (happening.what === 'disconnects') world?.aws.leave(found.endpointId, found.row)
        else found.row.extraEgressBytes += happening.mebibytes * 2 ** 20
        break
      }
      case 'fault':
        for (const { aws } of worlds)
          aws.strike(happening.fault, happening.percent, timeline.now() + happening.forSeconds * SECOND)
        break
      case 'edit':
        roll(happening.assignment)
        break
      case 'hasty edit': {
        const { policy, isNew } = happening
        const place = isNew ? -1 : newest.policies.findIndex(({ kind }) => kind === policy.kind)
        const policies =
          place < 0 ? [...newest.policies.slice(0, MOST_POLICIES - 1), policy] : newest.policies.with(place, policy)
        roll({ ...newest, policies })
        break
      }
      case 'lowered age': {
        const { endpoint, users, fromMinutes, toMinutes } = happening
        for (let user = 1; user <= users; user++) {
          const ageMinutes = (7 * user) % toMinutes
          connect({ user, endpoint, times: 1, badge: 0, ageMinutes, idle: false, unhealthy: false })
        }
        const longer = agePolicy(fromMinutes)
        roll({ ...newest, policies: [...newest.policies.slice(0, MOST_POLICIES - 1), longer] })
        timeline.at(timeline.now() + LOWERED_AFTER_MS, () => {
          const place = newest.policies.indexOf(longer)
          if (place < 0 || calmAt !== NEVER) return
          roll({ ...newest, policies: newest.policies.with(place, agePolicy(toMinutes)) })
        })
        break
      }
      case 'ban in slices': {
        const policies = newest.policies.slice(0, MOST_POLICIES - 1)
        for (let slice = 1; slice <= happening.slices; slice++) {
          timeline.at(timeline.now() + slice * happening.everySeconds * SECOND, () => {
            if (calmAt === NEVER) roll({ ...newest, policies: [...policies, sliceOf(slice)] })
          })
        }
      }
    }
  }

  const settleMs = scenario.leaseMs + 8 * BEAT_MS

  /** Pauses a process, or cuts it off from the database alone. */
  const strike = ({ process, name }: Running, { what, forSeconds }: Blow) => {
    note('strikes', { what, name, forSeconds })
    const forMs = forSeconds * SECOND
    unsettle(forMs + settleMs)
    if (what === 'cut') {
      database.cut(name, forMs)
      return
    }
    process.pause()
    timeline.at(timeline.now() + forMs, () => process.resume(shuffled))
  }

  const happenInside = (happening: Inside): void => {
    note('happens', happening)
    const found = (of: readonly Host[]) => ('replica' in happening ? of[happening.replica % of.length] : undefined)
    const host = found(hosts.filter(({ running, isMember }) => (happening.what === 'join' ? !isMember : running)))
    const running = host?.running
    switch (happening.what) {
      case 'kill': {
        if (host === undefined || running === undefined) break
        const { afterRequests, phase, power, downSeconds } = happening
        const fall = () => {
          kills++
          fallen(host, running, downSeconds, power)
        }
        running.process.dieLater({ afterRequests, phase }, fall)
        timeline.at(timeline.now() + MINUTE, () => running.process.die(fall))
        break
      }
      case 'stop':
        if (host !== undefined) stopHost(host, happening.downSeconds)
        break
      case 'leave':
        if (host === undefined || hosts.filter(({ isMember }) => isMember).length < 2) break
        host.isMember = false
        stopHost(host, undefined)
        break
      case 'join':
        if (host === undefined) break
        host.isMember = true
        unsettle(settleMs)
        begin(host)
        break
      case 'pause':
      case 'cut':
        if (host === undefined || running === undefined) break
        if (happening.amid === undefined) strike(running, happening)
        else host.awaits.push(happening)
        break
      case 'clock':
        if (host !== undefined) host.skewMs += happening.bySeconds * SECOND
        break
      case 'database': {
        const forMs = happening.forSeconds * SECOND
        unsettle(forMs + settleMs)
        if (happening.how === 'falls') {
          for (const { invariants } of worlds) invariants.restarted()
          database.fall(forMs)
        } else if (happening.how === 'pauses') database.pause(forMs)
        else database.slow(forMs)
        break
      }
      case 'slow credentials':
        slowCredentialsUntil = timeline.now() + happening.forSeconds * SECOND
    }
  }

  const shuffled = <Value>(values: readonly Value[]): readonly Value[] => {
    const left = [...values]
    const order: Value[] = []
    while (left.length > 0) order.push(...left.splice(random.faults.within({ from: 0, to: left.length - 1 }), 1))
    return order
  }

  /** Since when there has been a replica with a session. */
  let attendedSince: Instant = NEVER
  /** A unit that nobody has is taken within two beats, unless replicas come and go. */
  const checkOwned = () => {
    const now = timeline.now()
    for (const session of database.sessions()) joinedAt(session)
    attendedSince = database.sessions().length === 0 ? NEVER : Math.min(attendedSince, now)
    if (now < unsettledUntil) return
    for (const unit of database.units()) {
      const freeMs = now - Math.max(unit.freeSince, unsettledUntil, attendedSince)
      if (unit.lockedBy === undefined && freeMs > 2 * BEAT_MS + 20 * latencyMs)
        worldOf(unit.key).invariants.fail('a free unit is taken within two beats', `${unit.key}: ${freeMs} ms`)
    }
  }

  /** How often in a row a unit was seen with a replica whose files are older than those of another one. */
  const seenOld = new Map<string, number>()
  /** A replica with older files hands its units over, although its own edit comes only later. */
  const checkHandedOver = () => {
    const now = timeline.now()
    for (const { key, lockedBy } of database.units()) {
      const isOld =
        lockedBy !== undefined &&
        now - lockedBy.lastAt < 2 * BEAT_MS &&
        database.sessions().some((one) => one.generation > lockedBy.generation && joinedAt(one) < now - 2 * BEAT_MS)
      const seen = isOld ? (seenOld.get(key) ?? 0) + 1 : 0
      seenOld.set(key, seen)
      if (seen * SECOND > LEFT_WITHIN_MS + 4 * BEAT_MS)
        worldOf(key).invariants.fail('a rolling edit is one edit', `${key} stays with ${lockedBy?.replica}`)
    }
  }

  /** Long after the last change, replicas have equal shares. */
  const checkShares = () => {
    const sessions = database.sessions()
    const most = Math.ceil(worlds.length / Math.max(1, sessions.length))
    for (const session of sessions) {
      const held = database.units().filter(({ lockedBy }) => lockedBy === session).length
      if (held > most)
        worlds[0]?.invariants.fail('replicas have fair shares', `${session.replica} has ${held} of ${most}`)
    }
  }

  const every = (ms: number, from: Instant, until: Instant, check: () => void) => {
    for (let at = from; at < until; at += ms)
      timeline.at(at, () => {
        if (!isOver()) checked(check)
      })
  }

  const schedule = <Timed extends { readonly afterSeconds: number }>(
    happenings: readonly Timed[],
    happen: (one: Timed) => void,
  ) => {
    let at = START
    for (const happening of happenings) {
      at += happening.afterSeconds * SECOND
      if (at < START + FLEET_MINUTES * MINUTE) timeline.at(at, () => happen(happening))
    }
  }

  for (const host of hosts) begin(host)
  schedule(scenario.outside, happenOutside)
  schedule(scenario.inside, happenInside)
  const calmFrom = START + (FLEET_MINUTES + 1) * MINUTE
  every(SECOND, START, calmFrom + CALM_MS, () => {
    checkOwned()
    checkHandedOver()
  })
  await timeline.runUntil(calmFrom, isOver)

  for (const { aws, unit, calls: callsOf } of worlds) {
    aws.heal()
    callsAtCalm.set(unit.key, callsOf())
  }
  database.heal()
  slowCredentialsUntil = -NEVER
  for (const host of hosts) {
    host.skewMs = 0
    host.awaits.length = 0
    host.running?.process.resume(shuffled)
    if (host.edit < edits) host.running?.process.deliver(() => void reload(host, newest, edits).catch(crashed))
  }
  calmAt = timeline.now()
  unsettle(3 * MINUTE)
  note('calm', {})
  const each = (check: (world: World) => void) => () => {
    for (const world of worlds) check(world)
  }
  every(
    MINUTE,
    calmAt + LONG_ENOUGH_MS,
    calmAt + CALM_MS,
    each(({ checks }) => checks.bans()),
  )
  await timeline.runUntil(calmAt + CALM_MS, isOver)
  const last = (check: () => void) => {
    if (!isOver()) checked(check)
  }
  last(checkShares)
  last(each(({ checks }) => checks.ends()))
  last(each(({ checks }) => checks.limits()))
  last(each(({ checks, endedAt }) => checks.proofs(endedAt)))
  for (const host of hosts) stopHost(host, undefined)
  await timeline.runUntil(timeline.now() + MINUTE, isOver)
  last(each(({ promises }) => promises.chain()))
  const found = [...broken, ...worlds.flatMap(({ invariants }) => invariants.broken)][0]
  return { cycles, ended, kills, calls, log, broken: found }
}
