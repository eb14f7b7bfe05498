import { type HistoryLine, historyText } from '../domain/recording/history-line.ts'
import { type Addition, createSeenConnections } from '../domain/recording/seen-connections.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { type Instant, MINUTE, NEVER, SECOND } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'
import type { Endpoint } from './endpoint.ts'
import type { CurfewEvent, Emit } from './events.ts'
import { endpointKey } from './site.ts'
import { inSlices } from './slices.ts'
import { within } from './within.ts'

/** The file of the history. Its methods reject with an error whose message is for an operator. */
export interface HistoryFile {
  /**
   * Opens the file for this process, before each snapshot: another process or program may have changed it. `unread`: it
   * may hold other lines than this process knows. `stop` ends a wait for another process.
   */
  open(stop: AbortSignal): Promise<'known' | 'unread'>
  /** Gives the lines that the file holds to `take`. */
  read(take: (line: HistoryLine) => void): Promise<void>
  /** Resolves once the lines are in the file. After a failure none of them is. */
  append(lines: readonly string[], now: Instant): Promise<void>
  close(): Promise<void>
}

/** The connections whose lines are written at once. In between other work may run. */
const WRITTEN_TOGETHER = 500

/** How often the history tells that connections are still up. A kill loses at most this much of when they were last seen. */
const SHOWN_EVERY_MS = 5 * MINUTE

/** A disk that has not answered by then is reported. The write waits on. */
const WRITTEN_WITHIN_MS = 30 * SECOND

/** As `WRITTEN_WITHIN_MS`, and 30 s for a sign of life of another process that holds the file. */
const OPENED_WITHIN_MS = MINUTE

type Place = Pick<Endpoint, 'id' | 'region'>

interface EndpointHistory {
  readonly place: Place
  readonly seen: ReturnType<typeof createSeenConnections>
  /** The time of the last line that tells that connections are still up. */
  toldAt: Instant
}

/** A snapshot is always read to its end: at a stop too, it is in the history. */
const UNENDING = new AbortController().signal

/**
 * Writes the history of connections: a line for each that is first seen, and one when it is gone. What the file says is
 * known, so a write that fails loses nothing: the next snapshot shows the same again. No policy waits for it.
 */
export const createConnectionHistory = (options: {
  readonly file: HistoryFile
  readonly clock: Clock
  readonly emit: Emit
}) => {
  const { file, clock, emit } = options
  const endpoints = new Map<string, EndpointHistory>()
  /** The snapshots that are not in the history yet, by endpoint. A newer one takes the place of one that waits. */
  const waiting = new Map<EndpointHistory, Snapshot>()
  let working: Promise<void> | undefined
  let isOpen = false
  let isUnwritable = false
  const stop = new AbortController()

  const report = (message: string) => {
    if (!isUnwritable) emit({ event: 'unwritable', what: 'history', message })
    isUnwritable = true
  }

  const of = ({ id, region }: Place): EndpointHistory => {
    const key = endpointKey(region, id)
    const known = endpoints.get(key) ?? { place: { id, region }, seen: createSeenConnections(), toldAt: -NEVER }
    endpoints.set(key, known)
    return known
  }

  const replay = (line: HistoryLine) => {
    const { endpointId: id, region } = line.event === 'shown' ? line : line.connection
    const known = of({ id, region })
    known.seen.replay(line)
    if (line.event === 'shown') known.toldAt = line.time
  }

  /** Waits for the disk, and reports it if it does not answer within `ms`. */
  const answered = async (ms: number, work: Promise<void>) => {
    if ((await within(clock, ms, work)) === 'late') {
      report(`the disk has not answered for ${formatDuration(ms)}`)
      await work
    }
  }

  const opened = async () => {
    if ((await file.open(stop.signal)) === 'unread') {
      for (const { seen } of endpoints.values()) seen.doubt()
      await file.read(replay)
    }
    isOpen = true
  }

  const append = async (lines: readonly HistoryLine[], now: Instant) => {
    await answered(WRITTEN_WITHIN_MS, file.append(lines.map(historyText), now))
    if (isUnwritable) emit({ event: 'writable', what: 'history' })
    isUnwritable = false
  }

  const writeAdditions = async ({ seen }: EndpointHistory, additions: readonly Addition[], now: Instant) => {
    for (let from = 0; from < additions.length; from += WRITTEN_TOGETHER) {
      const part = additions.slice(from, from + WRITTEN_TOGETHER)
      const lines = part.flatMap((addition) => addition.lines)
      await append(lines, now)
      seen.written(part)
    }
  }

  const writeShown = async (one: EndpointHistory, now: Instant) => {
    const line = one.seen.shownLine({ endpointId: one.place.id, region: one.place.region })
    if (line === undefined || line.time === one.toldAt) return
    await append([line], now)
    one.toldAt = line.time
  }

  const take = async (one: EndpointHistory, snapshot: Snapshot) => {
    const now = snapshot.completedAt
    await answered(OPENED_WITHIN_MS, opened())
    const look = one.seen.look(snapshot)
    await inSlices(clock, look.length, look.read, UNENDING)
    await writeAdditions(one, look.end(), now)
    // After a clock was set back, the last line may lie in the future.
    if (Math.abs(now - one.toldAt) >= SHOWN_EVERY_MS) await writeShown(one, now)
  }

  const attempt = async (work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      if (isOpen || !stop.signal.aborted) report(error instanceof Error ? error.message : String(error))
    }
  }

  const work = async () => {
    // What the snapshot confirms is told in the same turn of the event loop, after the snapshot itself.
    await Promise.resolve()
    for (const [one, snapshot] of waiting) {
      waiting.delete(one)
      await attempt(() => take(one, snapshot))
    }
    working = undefined
  }

  return {
    observe: ((event: CurfewEvent) => {
      if (stop.signal.aborted) return
      switch (event.event) {
        case 'polled':
          // By a wrong clock a connection would seem to begin or end at another time.
          if (clock.trust() !== 'confirmed') return
          waiting.set(of(event.endpoint), event.snapshot)
          working ??= work()
          break
        case 'accepted':
        case 'also-ended':
          of(event.endpoint).seen.claim(event.violation.connectionId, event.violation, event.at)
          break
        case 'termination': {
          const { violation, outcome, at } = event
          const { seen } = of(event.endpoint)
          if (outcome === 'confirmed') seen.claim(violation.connectionId, violation, at)
          else seen.disclaim(violation.connectionId)
          break
        }
        default:
      }
    }) satisfies Emit,

    /** Writes what waits and when the connections were last shown, then closes the file. */
    async close(): Promise<void> {
      stop.abort()
      await working
      if (isOpen) {
        await attempt(async () => {
          for (const one of endpoints.values()) await writeShown(one, clock.now())
        })
      }
      await file.close()
    },
  }
}
