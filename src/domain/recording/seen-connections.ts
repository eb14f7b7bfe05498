import type { Connection } from '../connection.ts'
import type { Snapshot } from '../snapshot.ts'
import { HOUR, type Instant, NEVER } from '../time/instant.ts'
import type { EndedBy, HistoryLine } from './history-line.ts'

/** A connection as the history of its endpoint knows it. One that it does not know is `undefined`. */
export type Seen =
  /** The last snapshot showed it. */
  | { readonly state: 'up'; readonly connection: Connection; readonly firstSeenAt: Instant }
  /** The last snapshot did not show it, or its end is not in the history yet. */
  | { readonly state: 'absent'; readonly connection: Connection; readonly lastSeenAt: Instant | undefined }
  /** Its end is in the history. */
  | { readonly state: 'gone'; readonly knownAt: Instant }

/** AWS lists a connection for an hour after its end. A gone one is known for longer, so that it is never new again. */
const GONE_FOR_MS = 2 * HOUR

/** The sight of one connection in a complete snapshot. */
interface Shown {
  /** Undefined where the snapshot does not show it. */
  readonly row: Connection | undefined
  /** When the snapshot began. */
  readonly at: Instant
  /** The instant of the last snapshot before. */
  readonly shownAt: Instant
}

/** The connection after a complete snapshot. `first`, `gone`: whether its begin and its end are new to the history. */
interface Step {
  readonly next: Seen | undefined
  readonly first?: true
  readonly gone?: { readonly connection: Connection; readonly lastSeenAt: Instant | undefined }
}

/**
 * The step of one connection. A connection is gone if a snapshot shows it as terminated, or two running do not show it: the
 * list moves while it is read, so that one absence proves nothing.
 */
const nextSeen = (seen: Seen | undefined, { row, at, shownAt }: Shown): Step => {
  const isOver = row?.status === 'terminated'
  switch (seen?.state) {
    case undefined:
      if (row === undefined) return { next: undefined }
      return isOver
        ? { next: { state: 'gone', knownAt: at }, first: true, gone: { connection: row, lastSeenAt: undefined } }
        : { next: { state: 'up', connection: row, firstSeenAt: at }, first: true }
    case 'up': {
      const { connection, firstSeenAt } = seen
      const lastSeenAt = Math.min(at, Math.max(firstSeenAt, shownAt))
      if (row === undefined) return { next: { state: 'absent', connection, lastSeenAt } }
      return isOver
        ? { next: { state: 'gone', knownAt: at }, gone: { connection: row, lastSeenAt } }
        : { next: { state: 'up', connection: row, firstSeenAt } }
    }
    case 'absent': {
      const { connection, lastSeenAt } = seen
      return row === undefined || isOver
        ? { next: { state: 'gone', knownAt: at }, gone: { connection: row ?? connection, lastSeenAt } }
        : { next: { state: 'up', connection: row, firstSeenAt: at } }
    }
    case 'gone':
      if (row !== undefined) return { next: { state: 'gone', knownAt: at } }
      return { next: at - seen.knownAt > GONE_FOR_MS ? undefined : seen }
  }
}

/** The lines that a snapshot adds to the history of one connection. It is known only once its lines are written. */
export interface Addition {
  readonly connectionId: string
  readonly lines: readonly HistoryLine[]
  readonly next: Seen | undefined
}

/** A termination by Curfew, which ends the connection sooner or later. */
interface Claim extends Extract<EndedBy, { by: 'curfew' }> {
  readonly at: Instant
}

/** A snapshot that is being read, part by part. */
export interface Look {
  /** How many parts there are. */
  readonly length: number
  read(from: number, to: number): void
  /** The additions of the snapshot, once all parts are read. */
  end(): readonly Addition[]
}

/**
 * The connections of one endpoint that its history knows. The lines of the history are given to `replay` at the start, and
 * each complete snapshot to `look`. Its maps are changed in place: the largest endpoint has 126,000 connections.
 */
export const createSeenConnections = () => {
  const seen = new Map<string, Seen>()
  const claims = new Map<string, Claim>()
  /** The connections that have no end yet, and of which the history may have no line any more. */
  const doubted = new Set<string>()
  /** When a snapshot last showed every connection that is up. */
  let shownAt = -NEVER

  const instantOf = ({ establishedAt = -NEVER }: Connection, begunAt: Instant) => Math.max(begunAt, establishedAt)

  const endedBy = (id: string): EndedBy => {
    const claim = claims.get(id)
    return claim === undefined ? { by: 'unknown' } : { by: 'curfew', policy: claim.policy, reason: claim.reason }
  }

  return {
    /** The history may have lost lines. Those that it holds are replayed next. */
    doubt(): void {
      for (const [id, { state }] of seen) if (state !== 'gone') doubted.add(id)
    },

    /** Takes in a line that the history holds. */
    replay(line: HistoryLine): void {
      const { time } = line
      if (line.event === 'shown') {
        shownAt = Math.max(shownAt, time)
        return
      }
      const { id } = line.connection
      doubted.delete(id)
      if (line.event === 'gone') seen.set(id, { state: 'gone', knownAt: time })
      // What it had carried by then says nothing of its end.
      const connection = { ...line.connection, ingressBytes: undefined, egressBytes: undefined }
      if (line.event === 'first-seen' && !seen.has(id)) seen.set(id, { state: 'up', connection, firstSeenAt: time })
    },

    /** AWS has accepted a termination of the connection by Curfew, or a later answer confirmed one. */
    claim(connectionId: string, { policy, reason }: Pick<Claim, 'policy' | 'reason'>, at: Instant): void {
      if (seen.get(connectionId)?.state !== 'gone') claims.set(connectionId, { by: 'curfew', policy, reason, at })
    },

    /** Curfew has given up the termination, or AWS has refused it. */
    disclaim(connectionId: string): void {
      claims.delete(connectionId)
    },

    look({ begunAt, connections }: Pick<Snapshot, 'begunAt' | 'connections'>): Look {
      const additions = new Map<string, Addition>()
      const ids = new Set<string>()
      const before = [shownAt, seen.size] as const
      let rest: Iterator<[string, Seen]> | undefined

      const take = (id: string, row: Connection | undefined) => {
        const at = row === undefined ? begunAt : instantOf(row, begunAt)
        const known = seen.get(id)
        const { next, first, gone } = nextSeen(known, { row, at, shownAt: before[0] })
        const isToldAgain = row !== undefined && doubted.has(id)
        if (first === undefined && gone === undefined && !isToldAgain) {
          if (next === undefined) seen.delete(id)
          else seen.set(id, next)
          return
        }
        const lines: HistoryLine[] = []
        if ((first || isToldAgain) && row) lines.push({ event: 'first-seen', time: at, connection: row })
        if (gone) {
          lines.push({ event: 'gone', time: at, ...gone, endedBy: endedBy(id) })
          // Until the line is written the end is not known, and the connection is not up either.
          if (known !== undefined) seen.set(id, { state: 'absent', ...gone })
        }
        additions.set(id, { connectionId: id, lines, next })
      }

      return {
        length: connections.length + before[1],
        read(from, to) {
          for (let index = from; index < to; index++) {
            const row = connections[index]
            if (row === undefined) {
              rest ??= seen.entries()
              const [id] = (rest.next().value ?? []) as readonly string[]
              if (id !== undefined && !ids.has(id)) take(id, undefined)
            } else if (!ids.has(row.id)) {
              ids.add(row.id)
              take(row.id, row)
            }
          }
        },
        end() {
          shownAt = begunAt
          for (const [id, { at }] of claims) if (begunAt - at > GONE_FOR_MS) claims.delete(id)
          return [...additions.values()]
        },
      }
    },

    /** The lines of these additions are in the history. */
    written(additions: readonly Addition[]): void {
      for (const { connectionId, next } of additions) {
        if (next === undefined) seen.delete(connectionId)
        else seen.set(connectionId, next)
        doubted.delete(connectionId)
        if (next?.state === 'gone') claims.delete(connectionId)
      }
    },

    /** The line that tells when all connections were last shown. Undefined while one is absent, or before the first snapshot. */
    shownLine({ endpointId, region }: Pick<Connection, 'endpointId' | 'region'>): HistoryLine | undefined {
      let connections = 0
      for (const { state } of seen.values()) {
        if (state === 'absent') return undefined
        if (state === 'up') connections++
      }
      return Number.isFinite(shownAt) ? { event: 'shown', time: shownAt, endpointId, region, connections } : undefined
    },
  }
}
