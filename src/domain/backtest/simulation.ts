import { type Connection, hasSamePrincipal, principalKeyOf } from '../connection.ts'
import { NO_GUARD_MEMORY } from '../guard/guard.ts'
import { NONE_HELD } from '../guard/standing.ts'
import { createHeap } from '../heap.ts'
import type { Decisions, DueDecision } from '../judge/decide.ts'
import { imaginedRules } from '../judge/imagined.ts'
import { graceStartedIn } from '../judge/judge-endpoint.ts'
import { cooldownKey, createMemory } from '../judge/memory.ts'
import { judge, lackOf, type Verdict } from '../judge/verdict.ts'
import type { Location } from '../names/location.ts'
import { principalNamesOf } from '../names/user-list.ts'
import { type Acting, type Counting, type Elsewhere, type History, mayEnd, type Policy } from '../policies/policy.ts'
import type { Applicability, PolicySet } from '../policies/policy-set.ts'
import type { RecordedSession } from '../recording/recorded-session.ts'
import { type Instant, NEVER } from '../time/instant.ts'

/** The end of one session in the simulation. */
export interface Ended {
  readonly session: RecordedSession
  readonly applicabilities: readonly Applicability[]
  /** When it was cut, else its own end. */
  readonly at: Instant
  /** The decision that cut it; undefined if none did. */
  readonly cut: DueDecision | undefined
  /** The fact that each policy lacked which could not judge it. */
  readonly lacks: ReadonlyMap<Policy, Lack>
}

/** A fact that a policy lacks, and the first instant at which it does. */
interface Lack {
  readonly fact: string
  readonly since: Instant
}

/** How the decisions about one session depend on other sessions of the same principal on the same endpoint. */
export interface Tie {
  /** Sessions with one key are replayed together. Undefined: it depends on no other session. */
  readonly key: string | undefined
  /** Whether a policy counts it with others. Otherwise only a cooldown ties it to them. */
  readonly isCounted: boolean
}

/** A session that is being replayed. */
interface Running {
  readonly session: RecordedSession
  readonly connection: Connection
  readonly endpoint: Endpoint
  readonly applicabilities: readonly Applicability[]
  lacks: Map<Policy, Lack> | undefined
}

type Endpoint = ReturnType<typeof createEndpoint>

const ALL_ACT: Acting = { mode: 'enforce', held: NONE_HELD }

const NOWHERE_ELSE: Elsewhere = { state: 'known', tallies: [] }

const LACKS_NOTHING: ReadonlyMap<Policy, Lack> = new Map()

const UNTIED: Tie = { key: undefined, isCounted: false }

/** The policies that may tie sessions together. */
interface Tying {
  readonly countings: readonly Counting[]
  readonly cooling: readonly Policy[]
}

/** The judge of the daemon on one endpoint, and what it remembers there of the past. */
const createEndpoint = (set: PolicySet, location: Location) => {
  const { decider } = imaginedRules(set, location)
  const memory = createMemory()
  const mayEndAll = set.policies.filter((policy) => mayEnd(policy, ALL_ACT))
  const unchanged = {
    guard: NO_GUARD_MEMORY,
    facts: { name: location.name, tags: undefined, reselectedAt: {} },
    mayEnd: new Set(mayEndAll.map(({ name }) => name)),
    warned: [],
    news: [],
  }
  const remembered = new Set<string>()
  const tying = new WeakMap<readonly Applicability[], Tying>()
  // One history serves all instants: a million sessions have several million.
  let now: Instant = -NEVER
  let elsewhere: Elsewhere = NOWHERE_ELSE
  const past = memory.history({
    now: NEVER,
    fresh: true,
    acts: (policy) => mayEnd(policy, ALL_ACT),
    changedAt: () => -NEVER,
  })
  const history: History = {
    ...past,
    graceStartedAt(policy, id) {
      const startedAt = past.graceStartedAt(policy, id)
      return startedAt === undefined ? undefined : Math.min(now, startedAt)
    },
    elsewhere: () => elsewhere,
  }

  /** The policies that may tie sessions of a principal together. They are the same for all who share the applicabilities. */
  const tyingIn = (applicabilities: readonly Applicability[]): Tying => {
    const known = tying.get(applicabilities)
    if (known !== undefined) return known
    const policies = applicabilities.map(({ policy }) => policy)
    const found = {
      countings: policies.flatMap(({ kind, rule }) => kind.counting?.(rule) ?? []),
      cooling: policies.filter(({ cooldownMs }) => cooldownMs > 0),
    }
    tying.set(applicabilities, found)
    return found
  }

  return {
    location,
    decider,
    applicabilitiesOf: set.applicabilities(location),

    tieOf({ connection, applicabilities }: Pick<Running, 'connection' | 'applicabilities'>): Tie {
      const { countings, cooling } = tyingIn(applicabilities)
      if (countings.length === 0 && cooling.length === 0) return UNTIED
      const principal = principalNamesOf(connection)
      const isCounted = countings.some(({ keyOf }) => keyOf(principal) !== undefined)
      if (!isCounted && cooling.every((policy) => cooldownKey(policy, principal) === undefined)) return UNTIED
      const principalKey = principalKeyOf(principal)
      return { key: decider.countsOverAll ? principalKey : `${location.endpointId} ${principalKey}`, isCounted }
    },

    /** The history as if the policies had been in force all along, and each instant had a snapshot. */
    historyAt(instant: Instant, others: Elsewhere = NOWHERE_ELSE): History {
      now = instant
      elsewhere = others
      return history
    },

    learn(decisions: Decisions): void {
      if (decisions.violating.length === 0) return
      const graceStarted = graceStartedIn(decisions, memory)
      if (graceStarted.length > 0) memory.learn({ ...unchanged, graceStarted })
      for (const { connectionId } of graceStarted) remembered.add(connectionId)
    },

    terminate: memory.terminate,

    forget(connectionId: string): void {
      if (remembered.delete(connectionId)) memory.forget(connectionId)
    },
  }
}

/**
 * Replays sessions under one policy set. At equal instants sessions end before others begin, and both happen before the
 * policies decide: a session is up from its established time until before its end.
 */
export const createSimulation = (set: PolicySet, locationOf: (endpointId: string) => Location) => {
  const endpoints = new Map<string, Endpoint>()

  const endpointOf = (id: string): Endpoint => {
    const known = endpoints.get(id)
    if (known !== undefined) return known
    const made = createEndpoint(set, locationOf(id))
    endpoints.set(id, made)
    return made
  }

  /** `before`: another session, often of the same principal. */
  const runningOf = (session: RecordedSession, before?: Running): Running => {
    const endpoint = endpointOf(session.endpointId)
    const connection = connectionOf(session, endpoint.location)
    const applicabilities =
      before?.endpoint === endpoint && hasSamePrincipal(before.connection, connection)
        ? before.applicabilities
        : endpoint.applicabilitiesOf(connection)
    return { session, connection, endpoint, applicabilities, lacks: undefined }
  }

  return {
    /** How a session is tied to others; undefined if no policy may match it. */
    tieOf(session: RecordedSession): Tie | undefined {
      const running = runningOf(session)
      return running.applicabilities.length === 0 ? undefined : running.endpoint.tieOf(running)
    },

    /**
     * Replays all sessions of one tie, in the order of `establishedAt`, instant by instant. It yields how many decisions
     * each instant took.
     */
    *run(sessions: readonly RecordedSession[], onEnd: (ended: Ended) => void): Generator<number, void> {
      const counted: Running[] = []
      const units: Unit[] = []
      let running: Running | undefined
      for (const session of sessions) {
        running = runningOf(session, running)
        if (running.endpoint.tieOf(running).isCounted) counted.push(running)
        else units.push(createUnit([running], onEnd))
      }
      if (counted.length > 0) units.push(createUnit(counted, onEnd))
      yield* runUnits(units)
    },
  }
}

export type Simulation = ReturnType<typeof createSimulation>

/** Byte counters are recorded at the end of a session. They are not known while it is up. */
const connectionOf = (session: RecordedSession, { region }: Location): Connection => ({
  id: session.connectionId,
  endpointId: session.endpointId,
  // No policy reads the Region of a connection: it reads that of the location.
  region: region ?? '',
  username: session.username,
  commonName: session.commonName,
  establishedAt: session.establishedAt,
  status: 'active',
  ingressBytes: undefined,
  egressBytes: undefined,
  posture: session.posture,
})

/** Sessions that are decided together. A cooldown ties them to other units only by what the memory holds. */
interface Unit {
  /** The first instant at which a session begins or a verdict may differ; NEVER if none does. */
  nextAt: Instant
  /** Passes to that instant. Returns how many sessions were decided about. */
  step(): number
}

/** Cooldowns begin in the order of time, whichever session they are from. */
function* runUnits(units: readonly Unit[]): Generator<number, void> {
  const [first] = units
  if (units.length === 1 && first !== undefined) {
    while (first.nextAt < NEVER) yield first.step()
    return
  }
  const heap = createHeap<Unit>((one, other) => one.nextAt < other.nextAt)
  for (const unit of units) heap.add(unit)
  for (let unit = heap.take(); unit !== undefined; unit = heap.take()) {
    yield unit.step()
    if (unit.nextAt < NEVER) heap.add(unit)
  }
}

const createUnit = (sessions: readonly Running[], onEnd: (ended: Ended) => void): Unit => {
  let begun = 0
  let up: Running[] = []
  let wakeAt: Instant = NEVER

  const end = ({ session, endpoint, applicabilities, lacks }: Running, at: Instant, cut?: DueDecision) => {
    endpoint.forget(session.connectionId)
    onEnd({ session, applicabilities, at, cut, lacks: lacks ?? LACKS_NOTHING })
  }

  /** Ends sessions at their own end, then begins others. */
  const passTo = (now: Instant) => {
    if (up.some(({ session }) => session.endedAt <= now)) {
      for (const running of up) if (running.session.endedAt <= now) end(running, running.session.endedAt)
      up = up.filter(({ session }) => session.endedAt > now)
    }
    for (let next = sessions[begun]; next !== undefined && next.session.establishedAt <= now; next = sessions[begun]) {
      begun++
      if (next.session.endedAt > now) up.push(next)
      else end(next, next.session.endedAt)
    }
  }

  /** Cuts what is due. A cut makes no session due: less are counted, and a cooldown is for those established later. */
  const decide = (now: Instant) => {
    wakeAt = NEVER
    const cuts = dueAt(now)
    if (cuts.length === 0) return
    const byId = new Map(cuts.map((cut) => [cut.connection.id, cut]))
    for (const running of up) {
      const cut = byId.get(running.session.connectionId)
      if (cut === undefined) continue
      running.endpoint.terminate(cut.lead.policy, running.connection, now)
      end(running, now, cut)
    }
    up = up.filter(({ session }) => !byId.has(session.connectionId))
    if (up.length === 0) wakeAt = NEVER
  }

  const dueAt = (now: Instant): readonly DueDecision[] => {
    let due: DueDecision[] | undefined
    for (const { running, endpoint, decisions } of decisionsOf(up, now)) {
      endpoint.learn(decisions)
      noteLacks(running, endpoint, decisions)
      if (decisions.wakeAt < wakeAt) wakeAt = decisions.wakeAt
      for (const decision of decisions.violating) if (decision.act === 'terminate') (due ??= []).push(decision)
    }
    return due ?? NONE_DUE
  }

  const nextAt = () => Math.min(wakeAt, sessions[begun]?.session.establishedAt ?? NEVER)

  const unit: Unit = {
    nextAt: nextAt(),
    step() {
      const now = unit.nextAt
      passTo(now)
      const decisions = up.length
      decide(now)
      unit.nextAt = nextAt()
      if (unit.nextAt === NEVER) passTo(NEVER)
      return decisions
    },
  }
  return unit
}

const NONE_DUE: readonly DueDecision[] = []

/** The decisions of each endpoint about the sessions that are up there. */
const decisionsOf = (up: readonly Running[], now: Instant) => {
  const [first] = up
  if (first === undefined) return []
  const { endpoint: only } = first
  if (up.every(({ endpoint }) => endpoint === only)) {
    const connections = up.map(({ connection }) => connection)
    return [
      { endpoint: only, running: up, decisions: only.decider.decide(connections, only.historyAt(now), now, ALL_ACT) },
    ]
  }
  const byEndpoint = new Map<Endpoint, Running[]>()
  for (const running of up) {
    if (byEndpoint.get(running.endpoint)?.push(running) === undefined) byEndpoint.set(running.endpoint, [running])
  }
  const places = [...byEndpoint].map(([endpoint, running]) => {
    const connections = running.map(({ connection }) => connection)
    return {
      endpoint,
      running,
      connections,
      tally: endpoint.decider.tally(connections, endpoint.historyAt(now), ALL_ACT),
    }
  })
  return places.map((place) => {
    const { endpoint, running, connections } = place
    const tallies = places.flatMap((other) => (other === place ? [] : other.tally))
    const history = endpoint.historyAt(now, { state: 'known', tallies })
    return { endpoint, running, decisions: endpoint.decider.decide(connections, history, now, ALL_ACT) }
  })
}

const noteLacks = (running: readonly Running[], endpoint: Endpoint, { unknown, now }: Decisions): void => {
  for (const [policy, ids] of unknown) {
    for (const one of running) {
      if (one.lacks?.has(policy) || !ids.has(one.connection.id)) continue
      const applicability = one.applicabilities.find((candidate) => candidate.policy === policy)
      if (applicability === undefined) continue
      one.lacks ??= new Map()
      const fact = lackInRecording(judge(applicability, one.connection, endpoint.historyAt(now), now))
      one.lacks.set(policy, { fact, since: now })
    }
  }
}

/** A recording tells the counters, but only those at the end. */
const lackInRecording = (verdict: Verdict): string =>
  verdict.finding?.word === 'unknown' && verdict.policy.kind.facts === 'counters'
    ? `${lackOf(verdict)} before its end`
    : lackOf(verdict)
