import { readAction } from '../../src/adapters/audit/replay.ts'
import { cronSchedule } from '../../src/adapters/cron/cron-schedule.ts'
import { AuditError, type ReplayedRecord } from '../../src/app/audit.ts'
import type { CurfewEvent } from '../../src/app/events.ts'
import { createService } from '../../src/app/service.ts'
import { EMPTY_STATE, type State } from '../../src/app/state.ts'
import { HOUR, type Instant, MINUTE, NEVER, SECOND } from '../../src/domain/time/instant.ts'
import { createRandom } from '../../src/simulator/random.ts'
import { createAws } from './aws.ts'
import { createChecks, LONG_ENOUGH_MS } from './checks.ts'
import { type Clients, connectClients } from './clients.ts'
import { createDisk } from './disk.ts'
import { Broken, createInvariants, type Life } from './invariants.ts'
import { createProcess } from './process.ts'
import { type AssignmentSpec, agePolicy, type Happening, type Scenario, sliceOf, WORLD_MINUTES } from './scenario.ts'
import { assignmentOf, ENDPOINTS, PROMPT_ENDPOINT, readPolicySet, START, watchedBy } from './specs.ts'
import { createTimeline } from './timeline.ts'
import { AUDIT_FILE, linesOf, openTrail } from './trail.ts'

/**
 * The time without faults at the end. It is long enough for three attempts, the pause after giving up, and three more.
 */
const CALM_MS = 25 * MINUTE
const LONGEST_COOLDOWN_MS = 10 * MINUTE
const MOST_POLICIES = 5
/** How long the longer age is in force before an operator lowers it. */
const LOWERED_AFTER_MS = 2 * MINUTE
/** The longest pause after a failed read, which a throttled one has. */
const PAUSE_MS = 60 * SECOND

export interface Outcome {
  readonly cycles: number
  readonly ended: number
  readonly kills: number
  readonly calls: number
  readonly log: readonly string[]
  readonly broken: Broken | undefined
}

/** A JSON replacer that writes policies as their names, and leaves out large parts of verdicts. */
export const shortened = (key: string, value: unknown): unknown => {
  if (key === 'applicability' || key === 'finding') return undefined
  return key === 'policy' && typeof value === 'object' && value !== null && 'name' in value ? value.name : value
}

type Service = Awaited<ReturnType<typeof createService>>

interface Running extends Life {
  readonly stop: AbortController
  readonly done: Promise<void>
  /** The process has ended, by itself or by a kill, and another will be started. */
  over: boolean
  readonly reload: (assignment: AssignmentSpec) => Promise<void>
  readonly status: Service['endpoints']
}

/** Runs one world: an hour with faults, then half an hour without. The same scenario gives the same log. */
export const live = async (scenario: Scenario, keepLog = false): Promise<Outcome> => {
  const log: string[] = []
  const note = (kind: string, what: unknown) => {
    if (keepLog) log.push(`${new Date(timeline.now()).toISOString()} ${kind} ${JSON.stringify(what, shortened)}`)
  }
  const timeline = createTimeline(START)
  const random = createRandom(scenario.seed)
  const invariants = createInvariants(scenario, timeline)
  let [cycles, ended, kills, calls, skewMs, stateIsFull] = [0, 0, 0, 0, 0, false]
  let assignment = scenario.assignment
  let saved: State = EMPTY_STATE
  let running: Running | undefined
  /** Until when anything but slow neighbours may delay the reads of an endpoint. */
  let disturbedUntil: Instant = START

  /** When AWS terminated each connection. */
  const endedAt = new Map<string, { readonly endpointId: string; readonly at: Instant }>()
  const lives = new Map<Life['process'], Life>()
  /** Runs a check. A broken promise is recorded, and its error must not reach the daemon. */
  const check = (process: Life['process'], promise: (life: Life) => void) => {
    const life = lives.get(process)
    try {
      if (life !== undefined) promise(life)
    } catch (error) {
      if (!(error instanceof Broken)) throw error
    }
  }
  const aws = createAws(scenario, random, timeline, {
    terminating(process, termination) {
      calls++
      note('terminate', termination)
      check(process, (life) => invariants.terminating(life, termination))
    },
    shown(process, snapshot, begunAt, askedAt) {
      check(process, (life) => invariants.shown(life, snapshot, begunAt, askedAt))
    },
    acknowledged(process, connection, termination) {
      ended++
      check(process, (life) => invariants.acknowledged(life, connection, termination))
    },
    terminated(endpointId, id) {
      if (!endedAt.has(id)) endedAt.set(id, { endpointId, at: timeline.now() })
    },
  })
  const disk = createDisk(random.requests, scenario.syncMs, (path, bytes) => {
    if (path === AUDIT_FILE) invariants.durable(bytes.toString())
  })

  const replay = async (since: (newestAt: Instant | undefined) => Instant, read: (record: ReplayedRecord) => void) => {
    const lines = linesOf(disk.text(AUDIT_FILE))
    const newest = lines.at(-1)
    const from = since(newest && Date.parse(newest.time))
    for (const line of lines) {
      const record = readAction(Buffer.from(JSON.stringify(line)))
      if (record !== undefined && record.time >= from) read(record)
    }
  }

  const start = async (): Promise<void> => {
    const stop = new AbortController()
    const process = createProcess(timeline, () => skewMs)
    let trail: Awaited<ReturnType<typeof openTrail>>
    try {
      trail = await openTrail(disk, process)
    } catch (error) {
      if (!(error instanceof AuditError)) throw error
      if (error.code === 'damaged') return invariants.fail('a torn trail can be continued', error.message)
      timeline.at(timeline.now() + 5 * SECOND, () => void begin())
      return
    }
    let clock: { now(): Instant } = process.clock
    const life: Life = {
      process,
      clock: { now: () => clock.now() },
      stopping: false,
      shown: new Map(),
      slowestMs: new Map(),
      tokens: scenario.rate.burst,
      countedAt: timeline.now(),
    }
    lives.set(process, life)
    const listen = (event: CurfewEvent) => {
      if (!process.isAlive()) return
      if (event.event === 'polled') aws.taken(event.endpoint.id)
      if (event.event === 'blind') check(process, () => checks.visible(event.endpoint.id))
      if (event.event === 'polled' || event.event === 'poll-failed') cycles++
      if (keepLog && event.event !== 'decided' && event.event !== 'polled' && event.event !== 'queue')
        note('event', event)
      check(process, (alive) => invariants.heard(alive, event, aws.isConnected))
    }
    const daemon = await createService(assignmentOf(assignment, scenario), {
      host: process.clock,
      random: () => random.requests.within({ from: 0, to: 999_999 }) / 1_000_000,
      connect: (_site, _account, through) => aws.siteFor(process, through.clock, through.hear),
      scheduleOf: cronSchedule,
      trail,
      replay,
      readPolicySet,
      store: {
        load: async () => ({ state: saved, setAside: undefined }),
        peek: async () => saved,
        save: (state) =>
          process.ask(async () => {
            if (stateIsFull) throw new Error('the disk is full')
            saved = JSON.parse(JSON.stringify(state)) as State
          }),
      },
      listeners: (daemonClock) => {
        clock = daemonClock
        return [listen]
      },
    })
    disturb()
    invariants.reloadBegins(assignment)
    invariants.settled()
    let reloading: Promise<void> = Promise.resolve()
    const reloadAfter = async (earlier: Promise<void>, next: AssignmentSpec) => {
      await earlier
      if (!process.isAlive()) return
      invariants.reloadBegins(next)
      const [before] = invariants.inForce()
      const violating = new Set(
        daemon.endpoints().flatMap(({ decisions }) => (decisions?.violating ?? []).map(({ connection: { id } }) => id)),
      )
      try {
        await daemon.reload(assignmentOf(next, scenario))
      } catch (error) {
        check(process, () => invariants.fail('the daemon does not crash', String(error)))
      }
      const edited = invariants.settled()
      const judged = daemon.endpoints().flatMap(({ endpoint, view }) => (view.state === 'fresh' ? [endpoint.id] : []))
      const alive = lives.get(process)
      if (before !== undefined && alive !== undefined) invariants.edited(before, alive, edited, judged, violating)
    }
    const reload = (next: AssignmentSpec) => {
      reloading = reloadAfter(reloading, next)
      return reloading
    }
    const done = daemon
      .run(stop.signal)
      .then(() => daemon.close())
      .catch((error: unknown) => {
        if (error instanceof Broken) throw error
        invariants.fail(
          'the daemon does not crash',
          error instanceof Error ? (error.stack ?? error.message) : String(error),
        )
      })
    done.catch(() => {})
    running = { ...life, stop, done, over: false, reload, status: daemon.endpoints }
    // The checks must use the same object.
    lives.set(process, running)
  }

  const begin = (): Promise<void> =>
    start().catch((error: unknown) => {
      if (!(error instanceof Broken)) invariants.broken.push(new Broken('the daemon does not crash', String(error)))
    })

  const after = (seconds: number) => timeline.at(timeline.now() + seconds * SECOND, () => void begin())

  const kill = ({ afterRequests, phase, power, downSeconds }: Extract<Happening, { what: 'kill' }>) => {
    const dying = running
    if (dying === undefined) return
    const fall = () => {
      if (dying.over) return
      dying.over = true
      if (running === dying) running = undefined
      kills++
      invariants.restarted()
      note('killed', { power })
      if (power) disk.losePower()
      after(downSeconds)
    }
    // If there are not that many requests within five minutes, the process is killed between two of them.
    dying.process.dieLater({ afterRequests, phase }, fall)
    timeline.at(timeline.now() + 5 * MINUTE, () => dying.process.die(fall))
  }

  const stop = (downSeconds: number) => {
    const stopped = running
    if (stopped === undefined) return
    running = undefined
    invariants.restarted()
    stopped.stop.abort()
    timeline.at(timeline.now() + 1, () => {
      stopped.stopping = true
    })
    const rest = () => {
      if (stopped.over) return
      stopped.over = true
      // What the process left unfinished ends with it.
      stopped.process.die(() => after(downSeconds))
    }
    void stopped.done.then(rest, () => {})
  }

  /** How long it takes to read all lists, which share one rate, one page after the other. */
  const readAllMs = () => {
    const pages = ENDPOINTS.reduce((sum, id) => sum + 1 + Math.ceil(aws.listed(id).length / 4), 0)
    return pages * (200 + 2 * scenario.latencyMs.to)
  }

  const disturb = (until: Instant = timeline.now()) => {
    disturbedUntil = Math.max(disturbedUntil, until)
  }

  /** While the other endpoints are slow, a prompt one is read as often as without them. */
  const checkPrompt = () => {
    const now = timeline.now()
    const view = PROMPT_ENDPOINT === undefined ? undefined : running?.shown.get(PROMPT_ENDPOINT)
    if (PROMPT_ENDPOINT === undefined || view === undefined || !watchedBy(assignment).includes(PROMPT_ENDPOINT)) return
    const readMs = readAllMs()
    // One read that was under way during the last disturbance, and the longest pause after a failed one.
    if (now < disturbedUntil + PAUSE_MS + 2 * (scenario.pollSeconds * SECOND + readMs)) return
    const ageMs = now - view.begunAt
    if (ageMs > scenario.pollSeconds * SECOND + 2 * readMs + SECOND)
      invariants.fail('slow endpoints do not delay another one', `the last snapshot is ${ageMs} ms old`)
  }

  const edit = (next: AssignmentSpec) => {
    disturb()
    assignment = next
    void running?.reload(assignment)
  }

  const connect = (clients: Clients) =>
    connectClients(clients, { aws, timeline, random: random.world, reconnects: scenario.reconnect })

  const happen = (happening: Happening): void => {
    note('happens', happening)
    switch (happening.what) {
      case 'connects':
        connect(happening)
        break
      case 'disconnects':
      case 'transfers': {
        const connected = aws.connected()
        const found = connected[happening.nth % Math.max(1, connected.length)]
        if (found === undefined) break
        if (happening.what === 'disconnects') aws.leave(found.endpointId, found.row)
        else found.row.extraEgressBytes += happening.mebibytes * 2 ** 20
        break
      }
      case 'fault': {
        const until = timeline.now() + happening.forSeconds * SECOND
        aws.strike(happening.fault, happening.percent, until)
        // A filter that loses connections is dangerous where they are still up.
        if (happening.fault === 'filter-finds-nothing') aws.strike('lies', 50, until)
        if (happening.fault !== 'slow-neighbours') disturb(until)
        else for (let at = timeline.now(); at < until; at += SECOND) timeline.at(at, checkPrompt)
        break
      }
      case 'clock':
        disturb()
        skewMs += happening.bySeconds * SECOND
        break
      case 'full disk': {
        const setFull = (full: boolean) => {
          if (happening.disk === 'audit') disk.state.isFull = full
          else stateIsFull = full
        }
        setFull(true)
        timeline.at(timeline.now() + happening.forSeconds * SECOND, () => setFull(false))
        break
      }
      case 'edit':
        edit(happening.assignment)
        break
      case 'hasty edit': {
        const { policy, isNew } = happening
        const place = isNew ? -1 : assignment.policies.findIndex(({ kind }) => kind === policy.kind)
        const policies =
          place < 0
            ? [...assignment.policies.slice(0, MOST_POLICIES - 1), policy]
            : assignment.policies.with(place, policy)
        edit({ ...assignment, policies })
        break
      }
      case 'lowered age': {
        const { endpoint, users, fromMinutes, toMinutes } = happening
        for (let user = 1; user <= users; user++) {
          const ageMinutes = (7 * user) % toMinutes
          connect({ user, endpoint, times: 1, badge: 0, ageMinutes, idle: false, unhealthy: false })
        }
        const longer = agePolicy(fromMinutes)
        edit({ ...assignment, policies: [...assignment.policies.slice(0, MOST_POLICIES - 1), longer] })
        timeline.at(timeline.now() + LOWERED_AFTER_MS, () => {
          const place = assignment.policies.indexOf(longer)
          if (place < 0 || calmAt !== NEVER) return
          edit({ ...assignment, policies: assignment.policies.with(place, agePolicy(toMinutes)) })
        })
        break
      }
      case 'ban in slices': {
        const policies = assignment.policies.slice(0, MOST_POLICIES - 1)
        for (let slice = 1; slice <= happening.slices; slice++) {
          timeline.at(timeline.now() + slice * happening.everySeconds * SECOND, () => {
            if (calmAt === NEVER) edit({ ...assignment, policies: [...policies, sliceOf(slice)] })
          })
        }
        break
      }
      case 'kill':
        kill(happening)
        break
      case 'stop':
        stop(happening.downSeconds)
    }
  }

  let callsAtCalm = 0
  let calmAt: Instant = NEVER
  const checks = createChecks({
    scenario,
    timeline,
    aws,
    invariants,
    assignment: () => assignment,
    status: () => running?.status() ?? [],
    slowestMs: (endpointId) => running?.slowestMs.get(endpointId) ?? 0,
    calm: () => ({ at: calmAt, calls: callsAtCalm }),
    calls: () => calls,
    readAllMs,
  })

  /** Whether the state keeps nothing of connections that AWS no longer lists, or of cooldowns that are over. */
  const checkMemory = () => {
    for (const [key, kept] of Object.entries(saved.endpoints)) {
      const endpointId = key.split(' ').at(-1) ?? ''
      // The memory of an endpoint that is no longer watched is kept unchanged.
      if (!watchedBy(assignment).includes(endpointId)) continue
      const listed = new Set(aws.listed(endpointId))
      const { firstSeen, notes, graceStarted, warned, terminated } = kept
      const ids = [firstSeen, ...[notes, graceStarted, warned].flatMap((all) => Object.values(all))].flatMap((all) =>
        Object.keys(all),
      )
      const gone = [...ids, ...kept.guard.counted.map(({ connectionId }) => connectionId)].filter(
        (id) => !listed.has(id),
      )
      if (gone.length > 0)
        invariants.fail('memory is bounded', `the state keeps ${gone.length} connections that AWS no longer lists`)
      const over = timeline.now() - LONGEST_COOLDOWN_MS - MINUTE
      const old = Object.values(terminated).flatMap((all) => Object.values(all).filter((at) => at < over))
      if (old.length > 0)
        invariants.fail('memory is bounded', `the state keeps ${old.length} terminations whose cooldown is over`)
      if (kept.terminations.length > listed.size)
        invariants.fail(
          'memory is bounded',
          `the state keeps ${kept.terminations.length} open terminations for ${listed.size} connections`,
        )
    }
  }

  let at = START
  for (const happening of scenario.happenings) {
    at = Math.min(at + happening.afterSeconds * SECOND, START + WORLD_MINUTES * MINUTE)
    timeline.at(at, () => happen(happening))
  }
  const isOver = () => invariants.broken.length > 0
  try {
    void begin()
    await timeline.runUntil(at + MINUTE, isOver)
    aws.heal()
    disk.state.isFull = false
    stateIsFull = false
    skewMs = 0
    calmAt = timeline.now()
    callsAtCalm = calls
    for (let ms = LONG_ENOUGH_MS; ms < CALM_MS; ms += MINUTE) timeline.at(calmAt + ms, () => checks.bans())
    note('calm', {})
    await timeline.runUntil(calmAt + CALM_MS, isOver)
    if (!isOver()) checks.ends()
    if (!isOver()) checks.limits()
    const disconnectAll = () => {
      for (const { endpointId, row } of aws.connected()) aws.leave(endpointId, row)
    }
    // Clients that were terminated last are still reconnecting.
    for (let ms = 0; ms <= 2 * MINUTE; ms += 10 * SECOND) timeline.at(timeline.now() + ms, disconnectAll)
    // AWS lists the connections for one more hour. One world in eight waits for the end of it.
    if (scenario.seed % 8 === 0) await timeline.runUntil(timeline.now() + HOUR + 5 * MINUTE, isOver)
    if (scenario.seed % 8 === 0 && !isOver()) checkMemory()
    const last = running
    last?.stop.abort()
    await timeline.runUntil(timeline.now() + MINUTE, isOver)
    await Promise.race([last?.done, Promise.resolve()])
    // Records that a full disk delayed are written with the next record, which is that of the stop.
    if (!isOver()) checks.proofs(endedAt)
  } catch (error) {
    if (!(error instanceof Broken)) throw error
  }
  return { cycles, ended, kills, calls, log, broken: invariants.broken[0] }
}
