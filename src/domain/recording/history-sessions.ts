import type { Connection } from '../connection.ts'
import { DAY, type Instant, NEVER } from '../time/instant.ts'
import type { EndedBy, HistoryLine } from './history-line.ts'

/** One session of a history. */
export interface HistorySession {
  readonly connection: Connection
  /** Undefined where the line of its begin is not in the history. */
  readonly firstSeenAt: Instant | undefined
  /** Undefined if no snapshot has shown it up. */
  readonly lastSeenAt: Instant | undefined
  /**
   * `up`: no line tells its end. `lost`: neither, and it cannot be up any more, because AWS ends every session after a day:
   * its endpoint is not watched any more, or Curfew did not run.
   */
  readonly state: 'up' | 'lost' | 'gone'
  /** Undefined unless it is gone. */
  readonly endedBy: EndedBy | undefined
}

/** When a session began, as far as the history tells. */
const begunAtOf = ({ connection, firstSeenAt, lastSeenAt }: HistorySession): Instant =>
  connection.establishedAt ?? firstSeenAt ?? lastSeenAt ?? connection.endedAt ?? -NEVER

/** Until when a session was up, as far as the history tells. */
export const upUntilOf = ({ connection, lastSeenAt }: HistorySession): Instant | undefined =>
  connection.endedAt ?? lastSeenAt

/** Joins the lines of a history into the sessions that `isWanted` selects. */
export const createHistorySessions = (isWanted: (connection: Connection) => boolean) => {
  const sessions = new Map<string, Omit<HistorySession, 'state'>>()
  const shownAt = new Map<string, Instant>()
  const placeOf = ({ region, endpointId }: Pick<Connection, 'region' | 'endpointId'>) => `${region} ${endpointId}`

  const sessionOf = (session: Omit<HistorySession, 'state'>, now: Instant): HistorySession => {
    if (session.endedBy !== undefined) return { ...session, state: 'gone' }
    const { connection, firstSeenAt = -NEVER } = session
    const isOver = now - (connection.establishedAt ?? firstSeenAt) > DAY
    const lastSeenAt = Math.max(firstSeenAt, isOver ? -NEVER : (shownAt.get(placeOf(connection)) ?? -NEVER))
    return { ...session, lastSeenAt, state: isOver ? 'lost' : 'up' }
  }

  return {
    add(line: HistoryLine): void {
      if (line.event === 'shown') {
        const place = placeOf(line)
        shownAt.set(place, Math.max(line.time, shownAt.get(place) ?? -NEVER))
        return
      }
      const { connection, time } = line
      if (!isWanted(connection)) return
      const known = sessions.get(connection.id)
      if (line.event === 'first-seen') {
        // What it carried by then says nothing of the whole session.
        const begun = { ...connection, ingressBytes: undefined, egressBytes: undefined }
        const session = known ?? { connection: begun, lastSeenAt: undefined, endedBy: undefined }
        // A history that was removed while it was written has told of it again.
        sessions.set(connection.id, { ...session, firstSeenAt: Math.min(time, known?.firstSeenAt ?? time) })
      } else {
        const { lastSeenAt, endedBy } = line
        sessions.set(connection.id, { connection, firstSeenAt: known?.firstSeenAt, lastSeenAt, endedBy })
      }
    },

    /** The sessions that were up at `since` or later, the newest first. */
    since(since: Instant, now: Instant): readonly HistorySession[] {
      return [...sessions.values()]
        .map((session) => sessionOf(session, now))
        .filter((session) => session.state === 'up' || (upUntilOf(session) ?? begunAtOf(session)) >= since)
        .sort((a, b) => begunAtOf(b) - begunAtOf(a) || (a.connection.id < b.connection.id ? -1 : 1))
    },
  }
}
