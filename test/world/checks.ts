import type { EndpointStatus } from '../../src/app/endpoint-watch.ts'
import { type Instant, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import type { SimulatedAws } from './aws.ts'
import type { Invariants } from './invariants.ts'
import { mustEnd, usersOverLimit } from './oracle.ts'
import type { AssignmentSpec, Scenario } from './scenario.ts'
import { nameOf, watchedBy } from './specs.ts'
import type { Timeline } from './timeline.ts'

/** A connection that has been due for this long must have ended. */
export const LONG_ENOUGH_MS = 12 * MINUTE
/** How long an endpoint may stay blind after a clock that was up to an hour wrong. */
const VISIBLE_WITHIN_MS = 10 * MINUTE

/** Checks, long after the last fault, that everything that had to happen has happened. */
export const createChecks = (world: {
  readonly scenario: Scenario
  readonly timeline: Timeline
  readonly aws: SimulatedAws
  readonly invariants: Invariants
  /** The configuration that the daemon serves. */
  readonly assignment: () => AssignmentSpec
  readonly status: () => readonly EndpointStatus[]
  /** The longest time that reading an endpoint has taken. */
  readonly slowestMs: (endpointId: string) => number
  /** When the faults ended, and how many calls had left then. */
  readonly calm: () => { readonly at: Instant; readonly calls: number }
  readonly calls: () => number
  /** How long it takes to read all lists. */
  readonly readAllMs: () => number
}) => {
  const { scenario, timeline, aws, invariants, assignment, status, slowestMs, calm, calls, readAllMs } = world

  /** Whether all lists are short enough to be read well before they are too old. */
  const isReadInTime = () => readAllMs() < (scenario.staleAfterMinutes * MINUTE) / 2

  /** Long after the last fault, no endpoint is blind whose list can be read in time. */
  const visible = (endpointId: string) => {
    if (timeline.now() > calm().at + VISIBLE_WITHIN_MS && isReadInTime())
      invariants.fail('a blind endpoint becomes visible again', endpointId)
  }

  /**
   * Whether clients reconnect faster than the rate can end them, or than the disk can record them: each call writes an
   * intent and an outcome, one after the other.
   */
  const isOverrun = () => {
    const perSecond = Math.min(scenario.rate.perSecond, SECOND / (2 * scenario.syncMs.to))
    return (calls() - calm().calls) * 1.5 > ((timeline.now() - calm().at) / SECOND) * perSecond
  }

  /**
   * After the last fault: every connection that has been due for `withinMs` has ended, or the daemon reports why not.
   */
  const ends = (
    promise: string,
    withinMs: number,
    concerns: (policy: string) => boolean = () => true,
    isExcused: (endpointId: string, since: Instant) => boolean = () => false,
  ) => {
    const now = timeline.now()
    if (isOverrun()) return
    // A held verdict of one policy. Another policy may be about to end the connection.
    const holds = status().flatMap(({ decisions }) => decisions?.violating.filter(({ held }) => held.length > 0) ?? [])
    const held = new Set(holds.map(({ connection }) => connection.id))
    const unguarded = assignment().policies.flatMap((spec, index) =>
      spec.guard === 'off' ? [nameOf(spec, index)] : [],
    )
    for (const { policy } of holds.flatMap((decision) => decision.held)) {
      if (unguarded.includes(policy.name)) invariants.fail('verdicts are held only with the guard on', policy.name)
    }
    const blind = new Set(status().flatMap(({ endpoint, decisions }) => (decisions === undefined ? [endpoint.id] : [])))
    for (const { endpointId, row } of aws.connected()) {
      // A connection established after a read is seen by the next one. A list that takes too long to read makes the
      // endpoint blind, which is reported.
      const since = now - withinMs - 2 * slowestMs(endpointId)
      if (!watchedBy(assignment()).includes(endpointId)) continue
      if (blind.has(endpointId)) {
        visible(endpointId)
        continue
      }
      if (isExcused(endpointId, since)) continue
      const connection = aws.connectionOf(endpointId, row, since)
      const { id } = connection
      // While counters have to be confirmed, a verdict is unknown, and not listed as held.
      const isReported = (name: string) => invariants.isHeld(endpointId, name)
      const [policy] = mustEnd(assignment(), nameOf, connection, since, now).filter(
        (name) => concerns(name) && !isReported(name),
      )
      if (policy === undefined || held.has(id) || invariants.gaveUp(id)) continue
      const principal = connection.username ?? connection.commonName
      invariants.fail(promise, `${id} of ${principal} has been due under ${policy} for ${now - since} ms`)
    }
  }

  /** The time for a poll, the decision and the call. A slow disk also writes the records of earlier calls first. */
  const banObjectiveMs = (scenario.pollSeconds + 20) * SECOND + 10 * scenario.syncMs.to

  return {
    visible,

    /** No connection that has been due for long is up. */
    ends: () => ends('no due connection is forgotten', LONG_ENOUGH_MS),

    bans: (isExcused: (endpointId: string, since: Instant) => boolean = () => false) =>
      // A list that takes about as long as `staleAfter` makes the endpoint blind and visible by turns, and a disk may be
      // slower than all records together need. Few calls leave then.
      ends(
        'banned users are disconnected in time',
        banObjectiveMs,
        (policy) => policy.startsWith('banned-users'),
        (endpointId, since) => isExcused(endpointId, since) || invariants.wasHindered(endpointId, since),
      ),

    /** A user who has had too many connections for long has lost some. */
    limits(): void {
      if (isOverrun()) return
      const since = timeline.now() - LONG_ENOUGH_MS
      for (const { endpoint, decisions } of status()) {
        if (decisions === undefined) continue
        // These are held, or another policy is ending them, so that the remaining ones are not surplus.
        const known = new Set(decisions.violating.map(({ connection }) => connection.id))
        const active = aws
          .connected()
          .filter(({ endpointId }) => endpointId === endpoint.id)
          .map(({ row }) => aws.connectionOf(endpoint.id, row))
        for (const ofUser of usersOverLimit(assignment(), active, since)) {
          if (!ofUser.some(({ id }) => known.has(id) || invariants.gaveUp(id)))
            invariants.fail(
              'no due connection is forgotten',
              `${ofUser[0]?.username} has had ${ofUser.length} connections for long`,
            )
        }
      }
    },

    /** The trail has an outcome for every call, even after kills. `endedAt`: when AWS terminated each connection. */
    proofs(endedAt: ReadonlyMap<string, { readonly endpointId: string; readonly at: Instant }>): void {
      const watched = new Set(watchedBy(assignment()))
      for (const { endpoint, decisions } of status()) if (decisions === undefined) watched.delete(endpoint.id)
      for (const [id, { endpointId, at }] of endedAt) {
        if (timeline.now() - at > LONG_ENOUGH_MS && watched.has(endpointId) && invariants.isLeftOpen(id))
          invariants.fail('every call gets an outcome in the trail', id)
      }
    },
  }
}
