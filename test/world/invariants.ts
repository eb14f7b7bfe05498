import type { CurfewEvent } from '../../src/app/events.ts'
import type { Snapshot, Termination } from '../../src/app/vpn.ts'
import { type Connection, isActive } from '../../src/domain/connection.ts'
import { type Instant, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { type Evidence, mayEnd } from './oracle.ts'
import type { Process } from './process.ts'
import type { AssignmentSpec, PolicySpec, Scenario } from './scenario.ts'
import { nameOf, watchedBy } from './specs.ts'
import type { Timeline } from './timeline.ts'
import { type Line, linesOf } from './trail.ts'

/** A promise that did not hold. */
export class Broken extends Error {
  readonly promise: string
  constructor(promise: string, what: string) {
    super(`${promise}: ${what}`)
    this.promise = promise
  }
}

/** One life of the daemon, as those who check see it. */
export interface Life {
  readonly process: Process
  readonly clock: { now(): Instant }
  /** It was told to stop, and has had the time to hear it. */
  stopping: boolean
  readonly shown: Map<string, { readonly snapshot: Snapshot; readonly begunAt: Instant; readonly aheadMs: number }>
  /** How long reading an endpoint has taken at most. */
  readonly slowestMs: Map<string, number>
  /** When it had the first list after the last jump of the host's clock. */
  heardAt: Instant
  tokens: number
  countedAt: Instant
}

const WITHIN_MS = 10 * MINUTE
const TRIED_AGAIN_WITHIN_MS = 8 * MINUTE
/** Beyond this nobody knows which of the two clocks is wrong. */
const APART_MS = 5 * MINUTE
/** As long as it takes to catch up with the largest correction at half pace. */
const CAUGHT_UP_WITHIN_MS = 11 * MINUTE
/** AWS's time is told to the second, smaller differences are left as they are, and answers dawdle. */
const CLOSE_MS = 10 * SECOND
/** AWS refuses to end more by the name of their user. */
const MOST_OF_A_USER = 5
/** They rest on what the next snapshot may show otherwise. */
const FLEETING: readonly PolicySpec['kind'][] = ['max-sessions', 'max-transfer', 'idle-timeout']
const FOREMOST = new Set<PolicySpec['kind']>(['max-session-age', 'banned-users', 'off-hours', 'posture'])

/** Watches what goes out and what comes of it, and throws where a promise is broken. */
export const createInvariants = (scenario: Scenario, timeline: Timeline) => {
  const { rate } = scenario
  /** What is in force: two of them while one takes the place of the other. */
  let inForce: readonly AssignmentSpec[] = []
  let unchangedSince: Instant = timeline.now()
  /** Since when each policy is what it is, under these limits of the guard. */
  const epochs = new Map<string, { readonly of: string; readonly since: Instant }>()
  const intents = new Map<string, Line[]>()
  const calls = new Map<string, number>()
  const cuts = new Map<string, Instant[]>()
  const counters = new Map<string, { readonly at: Instant; readonly bytes: number }[]>()
  const unforeseen = new Map<string, Map<string, Instant>>()
  /** How many were active, of late. */
  const sizes = new Map<string, { readonly at: Instant; readonly active: number }[]>()
  const gaveUp = new Map<string, Instant>()
  let jumpedAt: Instant = timeline.now()
  /** Endpoints whose last poll failed. */
  const failing = new Set<string>()
  /** Of each call by name that is out: when it left, and what was in force then. */
  const leftUnder = new Map<string, { readonly at: Instant; readonly inForce: readonly AssignmentSpec[] }>()
  /** By connection: whether the trail tells what became of it. */
  const concluded = new Set<string>()
  const intended = new Set<string>()
  const kills: Instant[] = []
  const edits: Instant[] = []
  const broken: Broken[] = []

  const fail = (promise: string, what: string): never => {
    const failure = new Broken(promise, `${what} (${new Date(timeline.now()).toISOString()})`)
    broken.push(failure)
    throw failure
  }

  /** A call's own key: its intents have the same. */
  const keyOf = (endpointId: string, selector: 'connection-id' | 'username', name: string) =>
    `${endpointId} ${selector} ${name}`

  const evidenceOf = (life: Life, endpointId: string, now: Instant): Evidence => ({
    now,
    unchangedSince,
    toleranceMs: Math.abs(life.clock.now() - timeline.now()),
    shown: life.shown.get(endpointId)?.snapshot.connections.filter(isActive) ?? [],
    countersOf: (id) => counters.get(id) ?? [],
    cutsOf: (policy, username) => cuts.get(`${policy} ${username.toLowerCase()}`) ?? [],
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
    // Calls that waited for the disk may leave together, as many as may be out at once.
    const together = scenario.syncMs.to === 0 ? 0 : 7
    if (life.tokens < 1 - together - 1e-6) fail('never faster than the rate', `only ${life.tokens} tokens were left`)
    life.tokens -= 1
  }

  const checkGuard = (line: Line) => {
    const { policy = '', connectionId = '', endpointId = '' } = line
    const [, index = '0'] = /-(\d+)$/.exec(policy) ?? []
    const spec = inForce.at(-1)?.policies[Number(index)]
    const guard = inForce.at(-1)?.guard
    const epoch = epochs.get(policy)
    if (spec === undefined || guard === undefined || epoch === undefined || spec.guard === 'off') return
    const since = line.since === undefined ? Infinity : Date.parse(line.since)
    if (FOREMOST.has(spec.kind) && since >= epoch.since) return
    const now = timeline.now()
    const most = Math.max(...(sizes.get(endpointId) ?? []).map(({ active }) => active))
    const limit = Math.max(guard.minConnections, (guard.maxPercent / 100) * most)
    const lately = (all: readonly Instant[]) => all.filter((at) => now - at < 2 * WITHIN_MS).length
    const endedUnder = (key: string) => {
      const ended = unforeseen.get(key) ?? new Map<string, Instant>()
      unforeseen.set(key, ended.set(connectionId, now))
      return [...ended.values()].filter((at) => now - at < WITHIN_MS).length
    }
    // What was violation in one stretch of ten minutes may end in the next one; what was not saved before a kill is not
    // known; and an edit has what it touches counted anew.
    const byPolicy = endedUnder(`${endpointId} ${policy} ${epoch.of} ${epoch.since}`)
    if (byPolicy > limit * (2 + lately(kills)))
      fail('never beyond the guard', `${policy} ended ${byPolicy} that nobody foresaw, ${limit} are allowed`)
    const together = endedUnder(endpointId)
    if (together > limit * (2 + lately(kills) + lately(edits)))
      fail('never beyond the guard', `${together} were ended that nobody foresaw, ${limit} are allowed`)
  }

  return {
    broken,
    fail,
    inForce: () => inForce,
    /** It was told loudly, and is tried again after a while. */
    gaveUp: (id: string) => timeline.now() - (gaveUp.get(id) ?? -Infinity) < TRIED_AGAIN_WITHIN_MS,
    clockJumped(): void {
      jumpedAt = timeline.now()
    },
    killed(): void {
      kills.push(timeline.now())
    },
    /** It was written down that this one would be ended, and nothing of what became of it. */
    isLeftOpen: (id: string) => intended.has(id) && !concluded.has(id),

    /** From now on these hold; the older ones too, until `settled`. */
    comesInForce(assignment: AssignmentSpec): void {
      edits.push(timeline.now())
      inForce = [...inForce, assignment]
    },
    /** Only the newest holds from now on. */
    settled(): void {
      inForce = inForce.slice(-1)
      unchangedSince = timeline.now()
      const [assignment] = inForce
      for (const [index, spec] of (assignment?.policies ?? []).entries()) {
        const of = JSON.stringify([spec, assignment?.mode, assignment?.guard])
        const name = nameOf(spec, index)
        if (epochs.get(name)?.of !== of) epochs.set(name, { of, since: timeline.now() })
      }
    },

    /** What has reached the disk. */
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

    shown(life: Life, snapshot: Snapshot, begunAt: Instant): void {
      failing.delete(snapshot.endpointId)
      if (life.heardAt < jumpedAt) life.heardAt = timeline.now()
      life.shown.set(snapshot.endpointId, { snapshot, begunAt, aheadMs: life.clock.now() - timeline.now() })
      const tookMs = timeline.now() - begunAt
      life.slowestMs.set(snapshot.endpointId, Math.max(tookMs, life.slowestMs.get(snapshot.endpointId) ?? 0))
      const active = snapshot.connections.filter(isActive)
      const recent = (sizes.get(snapshot.endpointId) ?? []).filter(({ at }) => timeline.now() - at < 2 * WITHIN_MS)
      sizes.set(snapshot.endpointId, [...recent, { at: timeline.now(), active: active.length }])
      for (const { id, ingressBytes, egressBytes } of active) {
        if (ingressBytes === undefined || egressBytes === undefined) continue
        const known = counters.get(id) ?? []
        // By the daemon's clock, which may have been a little behind then.
        known.push({ at: Math.min(begunAt, snapshot.begunAt), bytes: ingressBytes + egressBytes })
        counters.set(id, known)
      }
    },

    terminating(life: Life, termination: Termination): void {
      const { endpointId } = termination
      const selector = 'connectionId' in termination ? 'connection-id' : 'username'
      const name = 'connectionId' in termination ? termination.connectionId : termination.username
      const what = `${selector} ${name} on ${endpointId}`
      if (life.stopping) fail('no call after the stop', what)
      checkRate(life)

      const key = keyOf(endpointId, selector, name)
      const written = intents.get(key) ?? []
      const ids = new Set(written.map(({ call }) => call?.id))
      const count = (calls.get(key) ?? 0) + 1
      calls.set(key, count)
      if (ids.size < count) fail('every call has its durable intent', `${what}: call ${count}, ${ids.size} intents`)
      const newest = written.filter(({ call }) => call?.id === written.at(-1)?.call?.id)

      if (!inForce.some((assignment) => watchedBy(assignment).includes(endpointId)))
        fail('nothing beyond what is watched', what)
      if (!inForce.some(({ mode }) => mode === 'enforce')) fail('nothing ends in audit mode', what)

      const view = life.shown.get(endpointId)
      const age = view === undefined ? Infinity : timeline.now() - view.begunAt
      // The clock may run ahead less than it did then, while it catches up with a correction.
      const slowerMs = (view?.aheadMs ?? 0) - (life.clock.now() - timeline.now())
      if (view === undefined || age > scenario.staleAfterMinutes * MINUTE + slowerMs + SECOND)
        return fail('never on a blind view', `${what}: the view is ${age} ms old`)

      const wrongMs = Math.abs(life.clock.now() - timeline.now())
      const heardAt = life.heardAt < jumpedAt ? Infinity : life.heardAt
      const mayBeWrongMs = timeline.now() - heardAt > CAUGHT_UP_WITHIN_MS ? CLOSE_MS : APART_MS + CLOSE_MS
      if (heardAt < view.begunAt && wrongMs > mayBeWrongMs)
        fail('nothing ends by a wrong clock', `${what}: the clock is ${wrongMs} ms wrong`)

      const rows = view.snapshot.connections.filter(
        (row) => isActive(row) && (selector === 'username' ? row.username === name : row.id === name),
      )
      if (rows.length === 0) fail('never whom the view does not show', what)
      if (selector === 'username' && rows.some(({ id }) => !newest.some(({ connectionId }) => connectionId === id)))
        fail('every connection of a call has its intent', what)
      const theirs = view.snapshot.connections.filter(
        (row) => row.status !== 'terminated' && row.username?.toLowerCase() === name.toLowerCase(),
      )
      if (selector === 'username' && theirs.length > MOST_OF_A_USER)
        fail('never more than five by name', `${what}: the view shows ${theirs.length}`)
      for (const row of rows) {
        const may = mayBeEndedBy(life, row)
        const lead = newest.find(({ connectionId }) => connectionId === row.id)?.policy ?? ''
        if (failing.has(endpointId) && FLEETING.some((kind) => lead.startsWith(kind)))
          fail('what changes is asked anew', `${row.id} in the name of ${lead}, after a poll that failed`)
        if (!may.includes(lead))
          fail(
            'never whom no policy condemns',
            `${row.id} of ${row.username ?? row.commonName} in the name of ${lead}; it may be ended by ${may.join(', ') || 'none'}`,
          )
      }
      if (selector === 'username') leftUnder.set(`${endpointId} ${name}`, { at: timeline.now(), inForce })
      for (const line of newest) {
        checkGuard(line)
        const whose = `${line.policy} ${(line.username ?? '').toLowerCase()}`
        cuts.set(whose, [...(cuts.get(whose) ?? []), timeline.now()])
      }
    },

    /** What is ended may be more than what was shown: a call by name ends who came since. */
    cut(life: Life, connection: Connection, termination: Termination): void {
      if ('connectionId' in termination) return
      // What was edited while the call was on its way, it could not know.
      const left = leftUnder.get(`${termination.endpointId} ${termination.username}`)
      const mayThen = left === undefined ? [] : mayBeEndedBy(life, connection, left.inForce, left.at)
      const mayNow = mayBeEndedBy(life, connection, [...inForce, ...(left?.inForce ?? [])])
      if (mayThen.length + mayNow.length === 0)
        fail(
          'never whom no policy condemns',
          `${connection.id} of ${connection.username} went along with a call by name`,
        )
    },

    heard(life: Life, event: CurfewEvent, isConnected: (endpointId: string, id: string) => boolean): void {
      if (event.event === 'poll-failed') failing.add(event.endpoint.id)
      if (event.event !== 'termination') return
      const { endpoint, violation, outcome } = event
      if (outcome === 'gave-up') gaveUp.set(violation.connectionId, timeline.now())
      if (outcome === 'confirmed' && isConnected(endpoint.id, violation.connectionId))
        fail('a proof is a proof', `${violation.connectionId} is said to be gone and is not`)
      if (!life.process.isAlive()) fail('the dead are silent', event.event)
    },
  }
}
