import type { AuditRecord } from '../../src/app/audit.ts'
import { AuditError } from '../../src/app/audit.ts'
import { createAuditEvents } from '../../src/app/audit-events.ts'
import { createDaemon } from '../../src/app/daemon.ts'
import type { CurfewEvent } from '../../src/app/events.ts'
import { createSkewClock } from '../../src/app/skew-clock.ts'
import { EMPTY_STATE, type State } from '../../src/app/state.ts'
import { HOUR, type Instant, MINUTE, NEVER, SECOND } from '../../src/domain/time/instant.ts'
import { traffic } from '../../src/simulator/client.ts'
import { createRandom } from '../../src/simulator/random.ts'
import { createAws } from './aws.ts'
import { createDisk } from './disk.ts'
import { Broken, createInvariants, type Life } from './invariants.ts'
import { mustEnd, tooMany } from './oracle.ts'
import { createProcess } from './process.ts'
import { type AssignmentSpec, badgeOf, type Happening, type Scenario, userOf, WORLD_MINUTES } from './scenario.ts'
import { assignmentOf, ENDPOINTS, nameOf, START, watchedBy } from './specs.ts'
import { createTimeline } from './timeline.ts'
import { AUDIT_FILE, linesOf, openTrail } from './trail.ts'

/** After the last fault: long enough for three attempts, the pause after giving up, and three more. */
const CALM_MS = 25 * MINUTE
/** Who must end has been violation for so long. */
const LONG_ENOUGH_MS = 12 * MINUTE
/** After a clock that was up to an hour wrong. */
const SEES_AGAIN_WITHIN_MS = 10 * MINUTE
const CLIENTS_COME_BACK_MS = 2500
const LONGEST_COOLDOWN_MS = 10 * MINUTE
/** With a federation somebody has to sign in. */
const SIGNED_IN_AGAIN_MS = 40 * SECOND

export interface Outcome {
  readonly cycles: number
  readonly ended: number
  readonly kills: number
  readonly calls: number
  readonly log: readonly string[]
  readonly broken: Broken | undefined
}

/** Policies by their names, and of verdicts what people are told. */
const inShort = (key: string, value: unknown): unknown => {
  if (key === 'standing' || key === 'finding') return undefined
  return key === 'policy' && typeof value === 'object' && value !== null && 'name' in value ? value.name : value
}

interface Running extends Life {
  readonly stop: AbortController
  readonly done: Promise<void>
  /** It has ended, by itself or by a kill, and another will be started. */
  over: boolean
  readonly reload: (assignment: AssignmentSpec) => Promise<void>
  readonly status: ReturnType<typeof createDaemon>['status']
}

/** An hour in the life of a company's VPN, and half an hour of calm after it. The same scenario gives the same log. */
export const live = async (scenario: Scenario, keepLog = false): Promise<Outcome> => {
  const log: string[] = []
  const note = (kind: string, what: unknown) => {
    if (keepLog) log.push(`${new Date(timeline.now()).toISOString()} ${kind} ${JSON.stringify(what, inShort)}`)
  }
  const timeline = createTimeline(START)
  const random = createRandom(scenario.seed)
  const invariants = createInvariants(scenario, timeline)
  let [cycles, ended, kills, calls, skewMs, stateIsFull] = [0, 0, 0, 0, 0, false]
  let assignment = scenario.assignment
  let saved: State = EMPTY_STATE
  let running: Running | undefined

  /** By connection, as AWS knows it. */
  const endedAt = new Map<string, { readonly endpointId: string; readonly at: Instant }>()
  const lives = new Map<Life['process'], Life>()
  /** What is broken is known by then; the daemon must not see it. */
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
    shown(process, snapshot, begunAt) {
      check(process, (life) => invariants.shown(life, snapshot, begunAt))
    },
    cut(process, connection, termination) {
      ended++
      check(process, (life) => invariants.cut(life, connection, termination))
    },
    ends(endpointId, id) {
      if (!endedAt.has(id)) endedAt.set(id, { endpointId, at: timeline.now() })
    },
  })
  const disk = createDisk(random.requests, scenario.syncMs, (path, bytes) => {
    if (path === AUDIT_FILE) invariants.durable(bytes.toString())
  })

  const openIntents = (since: Instant): readonly AuditRecord[] => {
    const open = new Map<string, AuditRecord>()
    for (const line of linesOf(disk.text(AUDIT_FILE))) {
      const { time, since: violated, ...rest } = line
      const { deadline } = line as unknown as { readonly deadline?: string }
      const record = {
        ...rest,
        time: Date.parse(time),
        since: violated === undefined ? undefined : Date.parse(violated),
        deadline: deadline === undefined ? undefined : Date.parse(deadline),
      } as unknown as AuditRecord
      const key = `${record.endpointId} ${record.connectionId}`
      if (record.event === 'intent' && record.time >= since) open.set(key, record)
      if (record.event === 'outcome' || record.event === 'gave-up') open.delete(key)
    }
    return [...open.values()]
  }

  const start = async (): Promise<void> => {
    const stop = new AbortController()
    const process = createProcess(timeline, () => skewMs)
    const skewClock = createSkewClock(process.clock, () => {})
    const life: Life = {
      process,
      clock: skewClock,
      stopping: false,
      shown: new Map(),
      slowestMs: new Map(),
      heardAt: -NEVER,
      tokens: scenario.rate.burst,
      countedAt: timeline.now(),
    }
    lives.set(process, life)
    let trail: Awaited<ReturnType<typeof openTrail>>
    try {
      trail = await openTrail(disk, process)
    } catch (error) {
      if (!(error instanceof AuditError)) throw error
      if (error.code === 'damaged') return invariants.fail('a trail that was torn goes on', error.message)
      timeline.at(timeline.now() + 5 * SECOND, () => void begin())
      return
    }
    let fails = false
    const listeners: Array<(event: CurfewEvent) => void> = []
    const emit = (event: CurfewEvent) => {
      if (!process.isAlive()) return
      if (event.event === 'polled' || event.event === 'poll-failed') cycles++
      if (keepLog && event.event !== 'decided' && event.event !== 'polled' && event.event !== 'queue')
        note('event', event)
      check(process, (alive) => invariants.heard(alive, event, aws.isConnected))
      for (const listen of listeners) listen(event)
    }
    const audit = {
      ...trail,
      async write(records: readonly AuditRecord[]) {
        try {
          await trail.write(records)
          if (fails) emit({ event: 'writable', what: 'audit' })
          fails = false
        } catch (error) {
          fails = true
          throw error
        }
      },
    }
    listeners.push(createAuditEvents(audit, () => 'hash'))
    const daemon = createDaemon({
      assignment: assignmentOf(assignment, scenario),
      connect: () => aws.siteFor(process, skewClock, skewClock.hear),
      scheduleOf: () => {
        const period = scenario.pollSeconds * SECOND
        return { next: (now) => (Math.floor(now / period) + 1) * period }
      },
      clock: skewClock,
      random: () => random.requests.within({ from: 0, to: 999_999 }) / 1_000_000,
      emit,
      audit,
      state: saved,
      openIntents: openIntents(process.clock.now() - HOUR),
      store: {
        save: (state) =>
          process.ask(async () => {
            if (stateIsFull) throw new Error('the disk is full')
            saved = JSON.parse(JSON.stringify(state)) as State
          }),
      },
    })
    invariants.comesInForce(assignment)
    invariants.settled()
    let reloading: Promise<void> = Promise.resolve()
    const reloadAfter = async (earlier: Promise<void>, next: AssignmentSpec) => {
      await earlier
      if (!process.isAlive()) return
      invariants.comesInForce(next)
      try {
        await daemon.reload(assignmentOf(next, scenario))
      } catch (error) {
        check(process, () => invariants.fail('the daemon does not fall over', String(error)))
      }
      invariants.settled()
    }
    const reload = (next: AssignmentSpec) => {
      reloading = reloadAfter(reloading, next)
      return reloading
    }
    const done = daemon
      .run(stop.signal)
      .then(() => trail.close())
      .catch((error: unknown) => {
        if (error instanceof Broken) throw error
        invariants.fail(
          'the daemon does not fall over',
          error instanceof Error ? (error.stack ?? error.message) : String(error),
        )
      })
    done.catch(() => {})
    running = { ...life, stop, done, over: false, reload, status: daemon.status }
    // Those who check hold the same life.
    lives.set(process, running)
  }

  const begin = (): Promise<void> =>
    start().catch((error: unknown) => {
      if (!(error instanceof Broken)) invariants.broken.push(new Broken('the daemon does not fall over', String(error)))
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
      invariants.killed()
      note('killed', { power })
      if (power) disk.losePower()
      after(downSeconds)
    }
    // Sooner or later there is such a request; if not within five minutes, it falls between two of them.
    dying.process.dieLater({ afterRequests, phase }, fall)
    timeline.at(timeline.now() + 5 * MINUTE, () => dying.process.die(fall))
  }

  const stop = (downSeconds: number) => {
    const stopped = running
    if (stopped === undefined) return
    running = undefined
    stopped.stop.abort()
    timeline.at(timeline.now() + 1, () => {
      stopped.stopping = true
    })
    const rest = () => {
      if (stopped.over) return
      stopped.over = true
      after(downSeconds)
    }
    void stopped.done.then(rest, () => {})
  }

  const happen = (happening: Happening): void => {
    note('happens', happening)
    switch (happening.what) {
      case 'comes': {
        const { who, endpoint, times, badge, ageMinutes, idle, sick } = happening
        const endpointId = ENDPOINTS[endpoint] ?? ''
        const username = endpoint === 0 ? undefined : userOf(who)
        const commonName = badge === 0 ? userOf(who) : badgeOf(badge)
        const inMs = endpoint < 2 ? CLIENTS_COME_BACK_MS : SIGNED_IN_AGAIN_MS
        const comesBackMs = scenario.reconnect ? inMs : ('never' as const)
        for (let time = 0; time < times; time++) {
          const client = {
            username,
            commonName,
            posture: sick ? ['sick'] : time % 2 === 0 ? ['healthy'] : [],
            reconnectAfter: comesBackMs,
            leavesAt: NEVER,
            ...traffic(idle, random.world),
          }
          aws.connect(endpointId, client, timeline.now() - ageMinutes * MINUTE)
        }
        break
      }
      case 'goes':
      case 'sends': {
        const connected = aws.connected()
        const found = connected[happening.nth % Math.max(1, connected.length)]
        if (found === undefined) break
        if (happening.what === 'goes') aws.leave(found.endpointId, found.row)
        else found.row.extraEgressBytes += happening.mebibytes * 2 ** 20
        break
      }
      case 'fault':
        aws.strike(happening.fault, happening.percent, timeline.now() + happening.forSeconds * SECOND)
        break
      case 'clock':
        skewMs += happening.bySeconds * SECOND
        invariants.clockJumped()
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
        assignment = happening.assignment
        void running?.reload(assignment)
        break
      case 'kill':
        kill(happening)
        break
      case 'stop':
        stop(happening.downSeconds)
    }
  }

  /** Whether all lists are so short that they are read well before they are too old. */
  const isReadInTime = () => {
    const pages = ENDPOINTS.reduce((sum, id) => sum + Math.ceil(aws.listed(id).length / 4), 0)
    return pages * (200 + 2 * scenario.latencyMs.to) < (scenario.staleAfterMinutes * MINUTE) / 2
  }

  /**
   * Whether clients that come back at once are more than the slowest rate can end, or a disk write down: an intent and an
   * outcome for each call, one after another.
   */
  const isOverrun = () => {
    const perSecond = Math.min(scenario.rate.perSecond, SECOND / scenario.syncMs.to)
    return (calls - callsAtCalm) * 1.5 > ((timeline.now() - calmAt) / SECOND) * perSecond
  }

  /** In calm times: whoever has had to go for so long went, or it was said why not. */
  const checkEnds = (promise: string, withinMs: number, concerns: (policy: string) => boolean = () => true) => {
    const now = timeline.now()
    if (isOverrun()) return
    const status = running?.status() ?? []
    // By one policy, while another may be about to end it.
    const holds = status.flatMap(({ decisions }) => decisions?.violating.filter(({ held }) => held.length > 0) ?? [])
    const held = new Set(holds.map(({ connection }) => connection.id))
    const unguarded = assignment.policies.flatMap((spec, index) => (spec.guard === 'off' ? [nameOf(spec, index)] : []))
    for (const { policy } of holds.flatMap((decision) => decision.held)) {
      if (unguarded.includes(policy.name)) invariants.fail('held where there is a guard', policy.name)
    }
    const blind = new Set(status.flatMap(({ endpoint, decisions }) => (decisions === undefined ? [endpoint.id] : [])))
    for (const { endpointId, row } of aws.connected()) {
      // Who came after one reading is seen by the next. Of a list too long to be read in time it is said that it is not.
      const since = now - withinMs - 2 * (running?.slowestMs.get(endpointId) ?? 0)
      if (!watchedBy(assignment).includes(endpointId)) continue
      if (blind.has(endpointId)) {
        if (now > calmAt + SEES_AGAIN_WITHIN_MS && isReadInTime()) invariants.fail('sees again', endpointId)
        continue
      }
      const connection = aws.connectionOf(endpointId, row, since)
      const { id } = connection
      const [policy] = mustEnd(assignment, nameOf, connection, since, now).filter(concerns)
      if (policy === undefined || held.has(id) || invariants.gaveUp(id)) continue
      const whose = connection.username ?? connection.commonName
      invariants.fail(promise, `${id} of ${whose} has been violation by ${policy} for ${now - since} ms`)
    }
  }
  /** In calm times: of those who have too many sessions, some went. */
  const checkLimits = () => {
    if (isOverrun()) return
    const status = running?.status() ?? []
    const since = timeline.now() - LONG_ENOUGH_MS
    for (const { endpoint, decisions } of status) {
      if (decisions === undefined) continue
      // Held, or on their way out by another policy, which makes the others no longer too many.
      const known = new Set(decisions.violating.map(({ connection }) => connection.id))
      const active = aws
        .connected()
        .filter(({ endpointId }) => endpointId === endpoint.id)
        .map(({ row }) => aws.connectionOf(endpoint.id, row))
      for (const theirs of tooMany(assignment, active, since)) {
        if (!theirs.some(({ id }) => known.has(id) || invariants.gaveUp(id)))
          invariants.fail('no verdict is lost', `${theirs[0]?.username} has ${theirs.length} sessions, for long`)
      }
    }
  }

  /** A poll, the decision, the call, and what it takes on the way: of a slow disk the writes of those before it too. */
  const banObjectiveMs = (scenario.pollSeconds + 20) * SECOND + 10 * scenario.syncMs.to
  const checkBans = () =>
    checkEnds('the banned stay out', banObjectiveMs, (policy) => policy.startsWith('banned-users'))

  /** Whether the proof of every call was told, kills and all. */
  const checkProofs = () => {
    const watched = new Set(watchedBy(assignment))
    for (const { endpoint, decisions } of running?.status() ?? [])
      if (decisions === undefined) watched.delete(endpoint.id)
    for (const [id, { endpointId, at }] of endedAt) {
      if (timeline.now() - at > LONG_ENOUGH_MS && watched.has(endpointId) && invariants.isLeftOpen(id))
        invariants.fail('every call is followed to its end', id)
    }
  }

  /** What is kept of connections that nobody lists any more, and of cooldowns that are over. */
  const checkMemory = () => {
    for (const [key, kept] of Object.entries(saved.endpoints)) {
      const endpointId = key.split(' ').at(-1) ?? ''
      // What was kept when it was let go of is kept as it was.
      if (!watchedBy(assignment).includes(endpointId)) continue
      const listed = new Set(aws.listed(endpointId))
      const { firstSeen, notes, graceStarted, warned, terminated } = kept.memory
      const ids = [firstSeen, ...[notes, graceStarted, warned].flatMap((all) => Object.values(all))].flatMap((all) =>
        Object.keys(all),
      )
      const gone = [...ids, ...kept.guard.map(({ connectionId }) => connectionId)].filter((id) => !listed.has(id))
      if (gone.length > 0) invariants.fail('memory is bounded', `${gone.length} connections are kept that are gone`)
      const over = timeline.now() - LONGEST_COOLDOWN_MS - MINUTE
      const old = Object.values(terminated).flatMap((all) => Object.values(all).filter((at) => at < over))
      if (old.length > 0) invariants.fail('memory is bounded', `${old.length} cuts are kept whose cooldown is over`)
      if (kept.pursuits.length > listed.size) invariants.fail('memory is bounded', `${kept.pursuits.length} pursuits`)
    }
  }

  let at = START
  for (const happening of scenario.happenings) {
    at = Math.min(at + happening.afterSeconds * SECOND, START + WORLD_MINUTES * MINUTE)
    timeline.at(at, () => happen(happening))
  }
  const isOver = () => invariants.broken.length > 0
  let callsAtCalm = 0
  let calmAt: Instant = NEVER
  try {
    void begin()
    await timeline.runUntil(at + MINUTE, isOver)
    aws.heal()
    disk.state.isFull = false
    stateIsFull = false
    skewMs = 0
    invariants.clockJumped()
    calmAt = timeline.now()
    callsAtCalm = calls
    for (let ms = LONG_ENOUGH_MS; ms < CALM_MS; ms += MINUTE) timeline.at(calmAt + ms, checkBans)
    note('calm', {})
    await timeline.runUntil(calmAt + CALM_MS, isOver)
    if (!isOver()) checkEnds('no verdict is lost', LONG_ENOUGH_MS)
    if (!isOver()) checkLimits()
    const everybodyLeaves = () => {
      for (const { endpointId, row } of aws.connected()) aws.leave(endpointId, row)
    }
    // Those who were cut last are still on their way back.
    for (let ms = 0; ms <= 2 * MINUTE; ms += 10 * SECOND) timeline.at(timeline.now() + ms, everybodyLeaves)
    // AWS lists them for an hour more: one world in eight waits for that.
    if (scenario.seed % 8 === 0) await timeline.runUntil(timeline.now() + HOUR + 5 * MINUTE, isOver)
    if (scenario.seed % 8 === 0 && !isOver()) checkMemory()
    const last = running
    last?.stop.abort()
    await timeline.runUntil(timeline.now() + MINUTE, isOver)
    await Promise.race([last?.done, Promise.resolve()])
    // What a full disk kept back is written with the next record; the stop is one.
    if (!isOver()) checkProofs()
  } catch (error) {
    if (!(error instanceof Broken)) throw error
  }
  return { cycles, ended, kills, calls, log, broken: invariants.broken[0] }
}
