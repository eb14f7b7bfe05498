import type { Agenda } from '../domain/judge/agenda.ts'
import type { EndpointRules } from '../domain/judge/judge-endpoint.ts'
import type { Memory } from '../domain/judge/memory.ts'
import { takeInLookup } from '../domain/judge/take-in.ts'
import { LOOKUP_SIZE } from '../domain/lookup.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import { evidenceOf } from '../domain/terminate/evidence.ts'
import type { TerminationReport } from '../domain/terminate/termination.ts'
import {
  BY_LOOKUPS,
  nextVerification,
  type Verification,
  type VerificationHappening,
} from '../domain/terminate/verification.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { msBetween } from '../domain/time/elapsed.ts'
import { type Instant, MINUTE, NEVER } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'
import type { Endpoint } from './endpoint.ts'
import type { Emit } from './events.ts'
import { createPace } from './pace.ts'
import { type Vpn, VpnError } from './vpn.ts'
import { endedWithin } from './within.ts'

/** One place of a lookup is for the witness. */
const MOST_ASKED = LOOKUP_SIZE - 1

type Reported = (reports: readonly TerminationReport[], at: Instant) => void

/**
 * Lookups of the connections whose terminations wait for their proof, so that no whole list is read for them. Only one runs
 * at a time, beside the lists. What it leaves open is looked up again, or a list confirms it.
 */
export const createLookups = (options: {
  readonly endpoint: Endpoint
  readonly vpn: Pick<Vpn, 'lookUp'>
  readonly clock: Clock
  readonly random: () => number
  readonly emit: Emit
  readonly memory: Memory
  readonly rules: () => EndpointRules
  /** The last snapshot, from which the witness comes. */
  readonly snapshot: () => Snapshot | undefined
  /** The limit of a lookup with its wait for the rate. */
  readonly limitMs: () => number
  readonly report: Reported
  /** Whether the endpoint is no longer watched. */
  readonly isOver: () => boolean
}) => {
  const { endpoint, vpn, clock, emit, memory, rules } = options
  const { terminations } = memory
  const pace = createPace(clock, options.random)
  let verification: Verification = BY_LOOKUPS
  let running: Promise<void> | undefined

  const happen = (happening: VerificationHappening, answer?: VpnError) => {
    const [before, at, passed] = [verification, clock.now(), clock.elapsed()]
    verification = nextVerification(before, happening, passed)
    if (verification.state === before.state) return
    if (verification.state === 'lookups') return emit({ event: 'lookups-resumed', endpoint, at })
    terminations.distrustLookups(at, rules().retry)
    const { because, until } = verification
    const retryAt = at + Math.round(msBetween(passed, until))
    emit({ event: 'lookups-distrusted', endpoint, because, retryAt, answer, at })
  }

  /** A connection that AWS must show: it is up, nobody ends it, and every part of EC2 must have heard of it by now. */
  const witness = (): string | undefined => {
    const snapshot = options.snapshot()
    return snapshot?.connections.find(
      ({ id, status, establishedAt = NEVER }) =>
        status === 'active' && establishedAt + MINUTE <= snapshot.begunAt && terminations.of(id) === undefined,
    )?.id
  }

  const lookUpSome = async (ids: readonly string[], signal: AbortSignal) => {
    const known = witness()
    const asked = known === undefined ? ids : [...ids, known]
    const lookup = await vpn.lookUp(endpoint.id, asked, signal)
    if (signal.aborted || options.isOver()) return
    const evidence = evidenceOf(lookup, known)
    const { begunAt, completedAt: at, connections } = lookup
    pace.readSucceeded()
    if (evidence === 'not-filtered') return happen({ what: 'distrusted', because: 'not-filtered' })
    happen({ what: 'looked-up', gone: evidence.gone, completedAt: at })
    // A list may have contradicted an earlier lookup meanwhile.
    if (verification.state === 'lists') return
    const durationMs = at - begunAt
    emit({ event: 'looked-up', endpoint, asked: ids.length, shown: connections.length, durationMs, at })
    options.report(takeInLookup(memory, lookup, evidence, rules()), at)
  }

  const lookUpAll = async (stop: AbortSignal) => {
    pace.readBegins()
    const ids = terminations.waitingForProof(clock.now(), rules().retry)
    try {
      for (let from = 0; from < ids.length && verification.state === 'lookups'; from += MOST_ASKED) {
        const some = ids.slice(from, from + MOST_ASKED)
        const limitMs = options.limitMs()
        const ended = await endedWithin(clock, limitMs, stop, (signal) => lookUpSome(some, signal))
        if (stop.aborted) return
        if (ended === 'late') throw new VpnError('timeout', `a lookup had no answer after ${formatDuration(limitMs)}`)
      }
    } catch (failure) {
      if (!(failure instanceof VpnError)) throw failure
      if (stop.aborted || options.isOver() || failure.code === 'aborted') return
      const { code, message, nameless } = failure
      if (code === 'bad-request') return happen({ what: 'distrusted', because: 'refused' }, failure)
      const at = clock.now()
      emit({
        event: 'lookup-failed',
        endpoint,
        code,
        message,
        nameless,
        retryAt: at + pace.readFailed(code).pauseMs,
        at,
      })
    }
  }

  return {
    /** The means by which terminations are confirmed now. */
    confirmedBy: (): Verification['state'] => verification.state,

    /** A complete snapshot was read. Call it before the memory takes it in. */
    listed: (snapshot: Snapshot): void => happen({ what: 'listed', snapshot }),

    /** How long until a lookup is needed, in ms. 0 or less: now. */
    msUntil({ lookUp }: Pick<Agenda, 'lookUp'>, now: Instant, minGapMs: number): number {
      happen({ what: 'time' })
      return running === undefined ? Math.max(lookUp.at - now, pace.msUntilRead(minGapMs)) : NEVER
    },

    /** Looks up what waits for its proof. */
    lookUp(stop: AbortSignal): Promise<void> {
      running ??= lookUpAll(stop).finally(() => {
        running = undefined
      })
      return running
    },
  }
}
