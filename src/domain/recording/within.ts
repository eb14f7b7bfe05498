import type { Instant } from '../time/instant.ts'
import type { Recording } from './recorded-session.ts'

/** The part that `--from`, `--to` and `--endpoint` ask for. */
export interface Within {
  /** The first instant that counts. */
  readonly from?: Instant | undefined
  /** The first instant that no longer counts. */
  readonly to?: Instant | undefined
  /** Undefined: all. */
  readonly endpoints?: readonly string[] | undefined
}

/**
 * The part of a recording that is asked for. Sessions that were up at some instant of the period are kept whole, because
 * their age before it counts. Those that were over before it are replayed too: a cooldown may reach into the period.
 */
export const within = <Recorded extends Recording>(recording: Recorded, { from, to, endpoints }: Within): Recorded => {
  const ids = endpoints && new Set(endpoints)
  const replayed = recording.sessions.filter(
    ({ endpointId, establishedAt }) =>
      (ids === undefined || ids.has(endpointId)) && (to === undefined || establishedAt < to),
  )
  return {
    ...recording,
    from: from ?? recording.from,
    to: to ?? recording.to,
    // A session of no length was up at the instant at which it was established.
    sessions:
      from === undefined
        ? replayed
        : replayed.filter(({ establishedAt, endedAt }) => endedAt > from || establishedAt >= from),
    replayed,
  }
}
