import { setMaxListeners } from 'node:events'
import type { ClientConfig, Pool } from 'pg'
import { backoffMs } from '../../app/backoff.ts'
import type { Clock } from '../../app/clock.ts'
import type { Emit } from '../../app/events.ts'
import { onAborted } from '../../app/on-aborted.ts'
import type { Engine, EngineStatus, TenureEnd, Wants } from '../../app/tenure.ts'
import { within } from '../../app/within.ts'
import { type Elapsed, isBefore, plusMs } from '../../domain/time/elapsed.ts'
import { MINUTE, SECOND } from '../../domain/time/instant.ts'
import { admit } from './admission.ts'
import { EngineRefused } from './engine-refused.ts'
import { NEWER_GONE_MS, type OwnGeneration } from './generations.ts'
import { freeUnits } from './grants.ts'
import { createHeldUnits, type Keep } from './held-units.ts'
import { createMembership, type Membership } from './membership.ts'
import { reasonOf } from './reason.ts'
import type { Seen, SeenStore } from './seen.ts'
import { type OpenSession, openSession, type Session, SessionOver } from './session.ts'
import { showLease } from './silent-members.ts'
import { createToldFaults } from './told-faults.ts'

export interface PostgresEngineOptions {
  /** Resolves to the options of a new connection: a token for it is signed each time. */
  readonly connection: () => Promise<ClientConfig>
  /** For what must not go over the locking session: states, which may be large, and transactions. */
  readonly pool: Pool
  /** Where the database is and who signs in, for messages. */
  readonly place: string
  readonly leaseMs: number
  readonly replica: string
  /** The clock of the host. A clock that is corrected by the time of others would count the lease wrongly. */
  readonly clock: Clock
  readonly random: () => number
  readonly emit: Emit
  readonly keep: Keep
  readonly seen: SeenStore
  /** The newest format of a state that this program reads. */
  readonly stateVersion: number
  /** How long a replica with an older configuration waits for those with a newer one that are gone. */
  readonly newerGoneMs?: number
}

/** A failover takes seconds. Replicas that were cut off together come back at different times. */
const AGAIN = { firstMs: 500, longestMs: 5 * SECOND }
/** An operator acts within minutes. */
const REFUSED_AGAIN_MS = 5 * SECOND
/** A stop takes no longer, whatever the database does: systems that stop a process kill it after 10 s. */
const STOP_WITHIN_MS = 8 * SECOND
const STOPS = 'this replica stops'
/** Signing a token may need an answer of AWS. */
const CONNECT_WITHIN_MS = 10 * SECOND
/** Another replica may be able to serve a refused unit. */
const REST_MS = MINUTE
/** Another replica, or this one, takes a unit that was lost alone after so many beats at most. */
const LONGEST_PAUSE_BEATS = 4
/** The file of the epochs and heads that were seen is written at most so often. Older ones in it are still true. */
const KEEP_SEEN_MS = 10 * SECOND
/** A beat is a sixth of the lease, so that one slow answer costs nothing; never so short that it loads the server. */
const BEATS_OF_A_LEASE = 6
const LEAST_BEAT_MS = 250

/** Replicas on PostgreSQL: a session of this replica holds the locks of its units. */
export const createPostgresEngine = (options: PostgresEngineOptions): Engine => {
  const { connection, place, leaseMs, replica, clock, random, emit } = options
  const beatMs = Math.max(LEAST_BEAT_MS, leaseMs / BEATS_OF_A_LEASE)
  let status: EngineStatus = { state: 'joining', message: undefined }
  let hasJoined = false
  const faults = createToldFaults(clock)
  let failures = 0
  let membership: Membership | undefined
  const restingUntil = new Map<string, Elapsed>()
  /** How often in a row the tenures of a unit were lost while the session went on. */
  const losses = new Map<string, number>()
  /** Why they could not even be opened, as told. They are tried again every few seconds. */
  const notReached = new Map<string, string>()
  const memory = createMemory(options)
  const own: OwnGeneration = { joined: undefined, told: undefined }

  const joined = (next: Extract<EngineStatus, { state: 'joined' }>) => {
    const isFirst = status.state !== 'joined'
    status = next
    if (!isFirst) return
    hasJoined = true
    failures = 0
    faults.ended()
    emit({ event: 'engine-joined', replica, members: next.members, generation: next.generation })
  }

  const away = (message: string) => {
    const since = status.state === 'away' ? status.since : clock.now()
    status = hasJoined ? { state: 'away', since, message } : { state: 'joining', message }
    if (faults.isNews('away', message)) emit({ event: 'engine-away', message })
  }

  const refused = ({ why, message }: EngineRefused) => {
    status = { state: 'refused', why, message }
    if (faults.isNews(why, why)) emit({ event: 'engine-refused', why, message })
  }

  const failed = (error: unknown, session: OpenSession | undefined) => {
    failures++
    const because = session?.because() ?? reasonOf(error)
    // Every tenure ends before anybody hears of it.
    session?.lose(because)
    if (error instanceof EngineRefused) refused(error)
    else away(`${place}: ${because}`)
  }

  /** Lives through one session, from its begin to its end. */
  const live = async (wants: Wants, stop: AbortSignal, held: ReturnType<typeof createHeldUnits>) => {
    let session: OpenSession | undefined
    const onStop = () => {
      // Before it has joined, there is nothing to give back.
      if (membership === undefined) session?.lose(STOPS)
      else if (session !== undefined) void loseLater(session)
    }
    try {
      const found = await within(clock, CONNECT_WITHIN_MS, connection(), stop)
      if (found === 'late') throw new SessionOver('no credentials for the database')
      session = await openSession(found, { leaseMs, clock, stop })
      setMaxListeners(0, session.over)
      onAborted(stop, onStop)
      const { incarnation } = await admit(session)
      await showLease(session, leaseMs)
      membership = createMembership(session, incarnation, {
        ...options,
        beatMs,
        wants,
        held,
        stop,
        isResting,
        seen: memory,
        own,
        newerGoneMs: options.newerGoneMs ?? NEWER_GONE_MS,
        tell: joined,
      })
      await membership.run()
      if (!stop.aborted) throw new SessionOver(session.because())
    } catch (error) {
      if (!stop.aborted) failed(error, session)
    } finally {
      stop.removeEventListener('abort', onStop)
      membership = undefined
      await session?.close()
    }
  }

  const loseLater = async (session: OpenSession) => {
    await clock.sleep(STOP_WITHIN_MS, session.over)
    session.lose(STOPS)
  }

  /** Nothing is wrong with a unit that was lost alone: the next look at the database may find all of it. */
  const restAfter = (unit: string, how: TenureEnd, session: Session): number => {
    const count = how === 'lost' && !session.over.aborted ? (losses.get(unit) ?? 0) + 1 : 0
    losses.set(unit, count)
    if (how === 'refused') return REST_MS
    return count === 0 ? 0 : backoffMs({ firstMs: beatMs, longestMs: LONGEST_PAUSE_BEATS * beatMs }, count, random)
  }

  const isResting = (unit: string): boolean => {
    const until = restingUntil.get(unit)
    return until !== undefined && isBefore(clock.elapsed(), until)
  }

  return {
    replica,
    async run(wants, stop) {
      setMaxListeners(0, stop)
      const held = createHeldUnits(options.keep, wants.work, async ({ session, id, unit, epoch, how, notBegun }) => {
        const restMs = restAfter(unit, how, session)
        if (restMs > 0) restingUntil.set(unit, plusMs(clock.elapsed(), restMs))
        const isNews = how === 'refused' || notReached.get(unit) !== notBegun
        if (notBegun === undefined) notReached.delete(unit)
        else notReached.set(unit, notBegun)
        if (notBegun !== undefined && isNews) emit({ event: 'tenure-ended', unit, epoch, how, because: notBegun })
        try {
          if (!session.over.aborted) await freeUnits(session, [id])
        } catch (error) {
          session.lose(reasonOf(error))
        }
        membership?.wake()
      })
      await memory.load()
      while (!stop.aborted) {
        await live(wants, stop, held)
        if (!stop.aborted) await clock.sleep(pauseMs(), stop)
      }
      await held.settle()
      await memory.keep()
    },
    wantsChanged() {
      restingUntil.clear()
      membership?.wantsChanged()
    },
    status: () => status,
  }

  function pauseMs(): number {
    return status.state === 'refused' ? REFUSED_AGAIN_MS * (0.5 + random() / 2) : backoffMs(AGAIN, failures, random)
  }
}

/** What this replica remembers of the database, kept now and then. */
const createMemory = ({ seen: store, clock }: Pick<PostgresEngineOptions, 'seen' | 'clock'>) => {
  let seen: Seen | undefined
  let isKept = true
  let nextAt = clock.elapsed()
  const keep = async () => {
    if (isKept || seen === undefined) return
    isKept = true
    nextAt = plusMs(clock.elapsed(), KEEP_SEEN_MS)
    await store.save(seen).catch(() => {})
  }
  return {
    async load() {
      seen ??= await store.load().catch(() => undefined)
    },
    now: () => seen,
    put(next: Seen) {
      seen = next
      isKept = false
      if (!isBefore(clock.elapsed(), nextAt)) void keep()
    },
    keep,
  }
}
