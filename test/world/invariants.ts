import type { CurfewEvent } from '../../src/app/events.ts'
import type { TerminateTarget } from '../../src/app/vpn.ts'
import { type Connection, isActive } from '../../src/domain/connection.ts'
import type { Snapshot } from '../../src/domain/snapshot.ts'
import { type Instant, MINUTE, NEVER, SECOND } from '../../src/domain/time/instant.ts'
import { type Evidence, isForeseeable, mayEnd, surelyNewlyEnded } from './oracle.ts'
import type { Process } from './process.ts'
import type { AssignmentSpec, PolicySpec, Scenario } from './scenario.ts'
import { nameOf, watchedBy } from './specs.ts'
import type { Timeline } from './timeline.ts'
import { type Line, linesOf } from './trail.ts'

/** A broken promise. */
export class Broken extends Error {
  readonly promise: string
  constructor(promise: string, what: string) {
    super(`${promise}: ${what}`)
    this.promise = promise
  }
}

/** One process of the daemon, with the facts that the checks need. */
export interface Life {
  readonly process: Process
  readonly clock: { now(): Instant }
  /** The process received the stop signal at least 1 ms ago. */
  stopping: boolean
  readonly shown: Map<string, { readonly snapshot: Snapshot; readonly begunAt: Instant }>
  /** The longest time that reading an endpoint has taken, with the wait for other lists, by endpoint. */
  readonly slowestMs: Map<string, number>
  tokens: number
  countedAt: Instant
}

const WITHIN_MS = 10 * MINUTE
const TRIED_AGAIN_WITHIN_MS = 8 * MINUTE
/** AWS refuses a call by user name for more connections. */
const MOST_BY_NAME = 5
/** Kinds that read facts which may change from one snapshot to the next. */
const ON_CHANGING_FACTS: readonly PolicySpec['kind'][] = ['max-sessions', 'max-transfer', 'idle-timeout']

/** A policy under which every connection is due at once. */
const EVERYBODY: PolicySpec = {
  kind: 'banned-users',
  users: [{ pattern: '*' }],
  mode: 'enforce',
  graceSeconds: 0,
  guard: 'on',
  cooldownMinutes: 0,
  match: undefined,
  exempt: undefined,
}

/** Checks calls, snapshots, records and reports, and throws if a promise is broken. */
export const createInvariants = (scenario: Scenario, timeline: Timeline) => {
  const { rate } = scenario
  /**
   * The largest error of a clock that the daemon decides by: AWS's time has whole seconds, small differences are not
   * corrected, and nobody knows when AWS dated a slow answer, which may take eight times as long both ways.
   */
  const closeMs = 3 * SECOND + 16 * scenario.latencyMs.to
  /** The assignments in force: two while a reload runs, else one. */
  let inForce: readonly AssignmentSpec[] = []
  let unchangedSince: Instant = timeline.now()
  /** When each policy, with the mode and the limits of the guard, last changed. */
  const epochs = new Map<string, { readonly of: string; readonly since: Instant }>()
  const intents = new Map<string, Line[]>()
  const calls = new Map<string, number>()
  /** When calls left, by policy and user name. */
  const terminations = new Map<string, Instant[]>()
  const counters = new Map<string, { readonly at: Instant; readonly bytes: number }[]>()
  /** The policies that were written before the last edit. */
  let earlier: readonly PolicySpec[] = []
  /** The policies under which each endpoint was last judged: those of now, and those when the last edit began. */
  const judgedUnder = new Map<string, readonly PolicySpec[]>()
  let judgedBefore: ReadonlyMap<string, readonly PolicySpec[]> = judgedUnder
  /** Policies that were deleted. Connections that they would have ended are not newly ended for ten minutes. */
  const deleted = new Map<string, { readonly at: Instant; readonly spec: PolicySpec }[]>()
  /** The endpoints on which the guard held a policy when the last edit began. */
  let heldBefore: ReadonlySet<string> = new Set()
  /** The policies that the guard holds on each endpoint. */
  const holds = new Map<string, ReadonlySet<string>>()
  /** The connections that an edit must not end, by endpoint and policy: too many of them. */
  const mustBeHeld = new Map<string, ReadonlySet<string>>()
  /** The active connections of the last snapshot of each endpoint. */
  const shownLast = new Map<string, readonly Connection[]>()
  const unforeseen = new Map<string, Map<string, Instant>>()
  /** The numbers of active connections in recent snapshots, by endpoint. */
  const sizes = new Map<string, { readonly at: Instant; readonly active: number }[]>()
  const gaveUp = new Map<string, Instant>()
  /** When each endpoint was last reported as blind, until it was decided about again: NEVER while it is blind. */
  const blindUntil = new Map<string, Instant>()
  /** When the trail was last reported as not written: NEVER while it is. */
  let unwritableUntil: Instant = -NEVER
  /** Endpoints whose last poll failed. */
  const failing = new Set<string>()
  /** When each call by user name left, and the assignments in force at that time. */
  const leftUnder = new Map<string, { readonly at: Instant; readonly inForce: readonly AssignmentSpec[] }>()
  /** Connections that have an outcome in the trail. */
  const concluded = new Set<string>()
  /** Connections that have an intent in the trail. */
  const intended = new Set<string>()
  const restarts: Instant[] = []
  const broken: Broken[] = []

  const fail = (promise: string, what: string): never => {
    const failure = new Broken(promise, `${what} (${new Date(timeline.now()).toISOString()})`)
    broken.push(failure)
    throw failure
  }

  /** The key of a call. Its intents have the same key. */
  const keyOf = (endpointId: string, selector: 'connection-id' | 'username', name: string) =>
    `${endpointId} ${selector} ${name}`

  const judgedUnderNow = (endpointId: string, policies: readonly PolicySpec[]) => {
    const written = new Set(policies.map(nameOf))
    const before = judgedUnder.get(endpointId) ?? []
    const at = timeline.now()
    const absent = before.flatMap((spec, index) => (written.has(nameOf(spec, index)) ? [] : [{ at, spec }]))
    deleted.set(endpointId, [...(deleted.get(endpointId) ?? []), ...absent])
    judgedUnder.set(endpointId, policies)
  }

  const evidenceOf = (life: Life, endpointId: string, now: Instant): Evidence => ({
    now,
    unchangedSince,
    toleranceMs: closeMs,
    shown: life.shown.get(endpointId)?.snapshot.connections.filter(isActive) ?? [],
    countersOf: (id) => counters.get(id) ?? [],
    isHeld: (policy) => holds.get(endpointId)?.has(policy) === true,
    terminationsOf: (policy, username) => terminations.get(`${policy} ${username.toLowerCase()}`) ?? [],
  })

  const mayBeEndedBy = (
    life: Life,
    connection: Connection,
    under: readonly AssignmentSpec[] = inForce,
    at: Instant = timeline.now(),
  ): readonly string[] =>
    under.flatMap((assignment) => mayEnd(assignment, nameOf, connection, evidenceOf(life, connection.endpointId, at)))

  const checkRate = (life: Life) => {
    const now = timeline.now()
    life.tokens = Math.min(rate.burst, life.tokens + ((now - life.countedAt) / SECOND) * rate.perSecond)
    life.countedAt = now
    // Calls that waited for the disk may leave together: as many as may be in flight.
    const together = scenario.syncMs.to === 0 ? 0 : 8
    if (life.tokens < 1 - together - 1e-6) fail('calls never exceed the rate', `only ${life.tokens} tokens were left`)
    life.tokens -= 1
  }

  const checkGuard = (line: Line) => {
    const { policy = '', connectionId = '', endpointId = '' } = line
    if (holds.get(endpointId)?.has(policy) === true)
      fail('a held policy ends nobody', `${policy} ended ${connectionId} on ${endpointId}`)
    if (mustBeHeld.get(JSON.stringify([endpointId, policy]))?.has(connectionId) === true)
      fail('an edit that ends too many is held', `${policy} ended ${connectionId} on ${endpointId}`)
    const specOf = (name: string) => inForce.at(-1)?.policies[Number(/-(\d+)$/.exec(name)?.[1] ?? 0)]
    const spec = specOf(policy)
    const guard = inForce.at(-1)?.guard
    const epoch = epochs.get(policy)
    if (spec === undefined || guard === undefined || epoch === undefined || spec.guard === 'off') return
    // A policy that the guard does not check ends the connection at the same moment, whichever of the two leads.
    if (line.alsoBy?.some((other) => specOf(other)?.guard === 'off' && specOf(other)?.graceSeconds === 0)) return
    const since = line.since === undefined ? Infinity : Date.parse(line.since)
    if (isForeseeable(spec) && (since >= epoch.since || wasForeseen(endpointId, connectionId))) return
    const now = timeline.now()
    const most = Math.max(...(sizes.get(endpointId) ?? []).map(({ active }) => active))
    const lately = (all: readonly Instant[]) => all.filter((at) => now - at < 2 * WITHIN_MS).length
    const ended = unforeseen.get(endpointId) ?? new Map<string, Instant>()
    unforeseen.set(endpointId, ended.set(connectionId, now))
    const count = [...ended.values()].filter((at) => now - at < WITHIN_MS).length
    const limit = Math.max(guard.minConnections, (guard.maxPercent / 100) * (most + count))
    // A verdict that was due within one ten minutes may end its connection within the next ten. A kill loses counts
    // that were not saved, and no process knows which connections the one before it compared.
    if (count > limit * (2 + lately(restarts)))
      fail(
        'terminations never exceed the limits of the guard',
        `${count} connections ended that the guard checks; the limit is ${limit}`,
      )
  }

  /** Whether a policy before an edit might have ended the connection by now. */
  const wasForeseen = (endpointId: string, connectionId: string): boolean => {
    const now = timeline.now()
    const row = shownLast.get(endpointId)?.find(({ id }) => id === connectionId)
    return row !== undefined && surelyNewlyEnded(EVERYBODY, earlier, [row], now - 2 * MINUTE, NEVER).length === 0
  }

  return {
    broken,
    fail,
    inForce: () => inForce,
    /** Whether the termination was reported as given up, and a new attempt is not due yet. */
    gaveUp: (id: string) => timeline.now() - (gaveUp.get(id) ?? -Infinity) < TRIED_AGAIN_WITHIN_MS,
    /** Whether the daemon has reported at some time since then why it ends few: a blind endpoint, or a late trail. */
    wasHindered: (endpointId: string, since: Instant) =>
      Math.max(blindUntil.get(endpointId) ?? -NEVER, unwritableUntil) >= since,
    /** Whether the daemon has reported that the guard holds the policy there. */
    isHeld: (endpointId: string, policy: string) => holds.get(endpointId)?.has(policy) === true,
    restarted(): void {
      restarts.push(timeline.now())
      unwritableUntil = Math.min(unwritableUntil, timeline.now())
    },
    /** Whether the trail has an intent for the connection and no outcome. */
    isLeftOpen: (id: string) => intended.has(id) && !concluded.has(id),

    /** A reload has begun: this assignment is in force, and the older one too until `settled`. */
    reloadBegins(assignment: AssignmentSpec): void {
      judgedBefore = new Map(judgedUnder)
      heldBefore = new Set([...holds].flatMap(([endpointId, held]) => (held.size > 0 ? [endpointId] : [])))
      inForce = [...inForce, assignment]
    },
    /** The reload has ended: only the newest assignment is in force. */
    settled(): readonly string[] {
      inForce = inForce.slice(-1)
      unchangedSince = timeline.now()
      const [assignment] = inForce
      const edited: string[] = []
      for (const [index, spec] of (assignment?.policies ?? []).entries()) {
        const of = JSON.stringify([spec, assignment?.mode, assignment?.guard])
        const name = nameOf(spec, index)
        if (epochs.get(name)?.of === of) continue
        epochs.set(name, { of, since: timeline.now() })
        edited.push(name)
      }
      // An edit releases what an earlier one must hold, also while no process runs.
      const written = new Set((assignment?.policies ?? []).map(nameOf))
      for (const key of mustBeHeld.keys()) {
        const [, name = ''] = JSON.parse(key) as readonly string[]
        if (edited.includes(name) || !written.has(name)) mustBeHeld.delete(key)
      }
      return edited
    },

    /** An edit of these policies is in force, and these endpoints have been judged under it. */
    edited(
      before: AssignmentSpec,
      life: Life,
      names: readonly string[],
      judged: readonly string[],
      /** The connections that violated a policy before the edit. */
      violating: ReadonlySet<string>,
    ): void {
      const [assignment] = inForce
      earlier = [...earlier, ...before.policies]
      if (assignment === undefined || assignment.mode !== 'enforce') return
      const now = life.clock.now()
      if (Math.abs(now - timeline.now()) > closeMs) return
      const { maxPercent, minConnections, lookAheadMinutes } = assignment.guard
      for (const endpointId of judged) {
        const active = life.shown.get(endpointId)?.snapshot.connections.filter(isActive) ?? []
        const shown = active.filter(({ id }) => !violating.has(id))
        const gone = [...(unforeseen.get(endpointId)?.values() ?? [])].filter((at) => now - at < 2 * WITHIN_MS).length
        for (const [index, spec] of assignment.policies.entries()) {
          const name = nameOf(spec, index)
          if (!names.includes(name) || spec.mode !== 'enforce' || spec.guard === 'off' || !isForeseeable(spec)) continue
          const before = judgedBefore.get(endpointId)
          // A hold keeps older versions to compare with.
          if (before === undefined || heldBefore.has(endpointId)) continue
          const lately = (deleted.get(endpointId) ?? []).filter(({ at }) => timeline.now() - at < 2 * WITHIN_MS)
          const base = [...before, ...lately.map(({ spec: gone }) => gone)]
          const ended = surelyNewlyEnded(spec, base, shown, now, lookAheadMinutes * MINUTE - closeMs)
          if (ended.length <= minConnections || 100 * ended.length <= maxPercent * (active.length + gone)) continue
          mustBeHeld.set(JSON.stringify([endpointId, name]), new Set(ended.map(({ id }) => id)))
        }
      }
    },

    /** Reads text that has reached the disk. */
    durable(text: string): void {
      for (const line of linesOf(text)) {
        if (line.event === 'intent' && line.connectionId !== undefined) intended.add(line.connectionId)
        if ((line.event === 'outcome' || line.event === 'gave-up') && line.connectionId !== undefined)
          concluded.add(line.connectionId)
        if (line.event !== 'intent' || line.call === undefined) continue
        const { endpointId = '', connectionId = '', username = '', call } = line
        const key = keyOf(endpointId, call.selector, call.selector === 'username' ? username : connectionId)
        intents.set(key, [...(intents.get(key) ?? []), line])
      }
    },

    shown(life: Life, snapshot: Snapshot, begunAt: Instant, askedAt: Instant): void {
      failing.delete(snapshot.endpointId)
      life.shown.set(snapshot.endpointId, { snapshot, begunAt })
      const tookMs = timeline.now() - askedAt
      life.slowestMs.set(snapshot.endpointId, Math.max(tookMs, life.slowestMs.get(snapshot.endpointId) ?? 0))
      const active = snapshot.connections.filter(isActive)
      shownLast.set(snapshot.endpointId, active)
      const recent = (sizes.get(snapshot.endpointId) ?? []).filter(({ at }) => timeline.now() - at < 2 * WITHIN_MS)
      sizes.set(snapshot.endpointId, [...recent, { at: timeline.now(), active: active.length }])
      for (const { id, ingressBytes, egressBytes } of active) {
        if (ingressBytes === undefined || egressBytes === undefined) continue
        const known = counters.get(id) ?? []
        // By the daemon's clock, which may have been slightly behind.
        known.push({ at: Math.min(begunAt, snapshot.begunAt), bytes: ingressBytes + egressBytes })
        counters.set(id, known)
      }
    },

    terminating(life: Life, target: TerminateTarget): void {
      const { endpointId } = target
      const selector = 'connectionId' in target ? 'connection-id' : 'username'
      const name = 'connectionId' in target ? target.connectionId : target.username
      const what = `${selector} ${name} on ${endpointId}`
      if (life.stopping) fail('no call leaves after a stop', what)
      checkRate(life)

      const key = keyOf(endpointId, selector, name)
      const written = intents.get(key) ?? []
      const ids = new Set(written.map(({ call }) => call?.id))
      const count = (calls.get(key) ?? 0) + 1
      calls.set(key, count)
      if (ids.size < count) fail('every call has an intent on disk', `${what}: call ${count}, ${ids.size} intents`)
      const newest = written.filter(({ call }) => call?.id === written.at(-1)?.call?.id)

      if (!inForce.some((assignment) => watchedBy(assignment).includes(endpointId)))
        fail('nothing ends on an endpoint that is not watched', what)
      if (!inForce.some(({ mode }) => mode === 'enforce')) fail('nothing ends in audit mode', what)

      const view = life.shown.get(endpointId)
      const age = view === undefined ? Infinity : timeline.now() - view.begunAt
      if (view === undefined || age > scenario.staleAfterMinutes * MINUTE + closeMs)
        return fail('nothing ends on a blind view', `${what}: the view is ${age} ms old`)

      const wrongMs = Math.abs(life.clock.now() - timeline.now())
      if (wrongMs > closeMs) fail('nothing ends while the clock is wrong', `${what}: the clock is ${wrongMs} ms wrong`)

      const rows = view.snapshot.connections.filter(
        (row) => isActive(row) && (selector === 'username' ? row.username === name : row.id === name),
      )
      if (rows.length === 0) fail('nothing ends that the snapshot does not show', what)
      if (selector === 'username' && rows.some(({ id }) => !newest.some(({ connectionId }) => connectionId === id)))
        fail('every connection of a call has an intent', what)
      const ofUser = view.snapshot.connections.filter(
        (row) => row.status !== 'terminated' && row.username?.toLowerCase() === name.toLowerCase(),
      )
      if (selector === 'username' && ofUser.length > MOST_BY_NAME)
        fail('a call by user name ends at most five connections', `${what}: the view shows ${ofUser.length}`)
      for (const row of rows) {
        const may = mayBeEndedBy(life, row)
        const lead = newest.find(({ connectionId }) => connectionId === row.id)?.policy ?? ''
        if (failing.has(endpointId) && ON_CHANGING_FACTS.some((kind) => lead.startsWith(kind)))
          fail('a failed read suspends policies on changing facts', `${row.id} under ${lead}, after a failed poll`)
        if (!may.includes(lead))
          fail(
            'nothing ends without a verdict',
            `${row.id} of ${row.username ?? row.commonName} under ${lead}; due under: ${may.join(', ') || 'none'}`,
          )
      }
      if (selector === 'username') leftUnder.set(`${endpointId} ${name}`, { at: timeline.now(), inForce })
      for (const line of newest) {
        checkGuard(line)
        const policyAndUser = `${line.policy} ${(line.username ?? '').toLowerCase()}`
        terminations.set(policyAndUser, [...(terminations.get(policyAndUser) ?? []), timeline.now()])
      }
    },

    /**
     * A call by user name may also end connections established after the snapshot. Each of them must be due as well.
     */
    acknowledged(life: Life, connection: Connection, target: TerminateTarget): void {
      if ('connectionId' in target) return
      // The call could not know edits made after it left.
      const left = leftUnder.get(`${target.endpointId} ${target.username}`)
      const mayThen = left === undefined ? [] : mayBeEndedBy(life, connection, left.inForce, left.at)
      const mayNow = mayBeEndedBy(life, connection, [...inForce, ...(left?.inForce ?? [])])
      if (mayThen.length + mayNow.length === 0)
        fail(
          'nothing ends without a verdict',
          `${connection.id} of ${connection.username} was ended by a call by user name`,
        )
    },

    heard(life: Life, event: CurfewEvent, isConnected: (endpointId: string, id: string) => boolean): void {
      if (event.event === 'unwritable' && event.what === 'audit') unwritableUntil = NEVER
      if (event.event === 'writable' && event.what === 'audit') unwritableUntil = timeline.now()
      if (event.event === 'blind') blindUntil.set(event.endpoint.id, NEVER)
      if (event.event === 'decided') {
        if (blindUntil.get(event.endpoint.id) === NEVER) blindUntil.set(event.endpoint.id, timeline.now())
        holds.set(event.endpoint.id, event.held)
        judgedUnderNow(event.endpoint.id, inForce.at(-1)?.policies ?? [])
      }
      if (event.event === 'poll-failed') failing.add(event.endpoint.id)
      if (event.event !== 'termination') return
      const { endpoint, violation, outcome } = event
      if (outcome === 'gave-up') gaveUp.set(violation.connectionId, timeline.now())
      if (outcome === 'confirmed' && isConnected(endpoint.id, violation.connectionId))
        fail(
          'confirmed means that the connection is gone',
          `${violation.connectionId} is reported as confirmed and is active`,
        )
      if (!life.process.isAlive()) fail('a killed process reports nothing', event.event)
    },
  }
}

export type Invariants = ReturnType<typeof createInvariants>
