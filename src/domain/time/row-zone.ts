import { HOUR, type Instant, MINUTE } from './instant.ts'

/** The times of the active connections of an endpoint, each read as if it were UTC. */
export interface TimesOfRows {
  /** The latest time at which AWS wrote a row. Undefined if no row has one. */
  readonly rowAt: Instant | undefined
  readonly establishedAt: readonly Instant[]
}

/**
 * The zone that times without a zone are in:
 * - `not-known`: there are no times.
 * - `utc`: nothing contradicts UTC.
 * - `offset`: the latest row was written at AWS's clock in another zone.
 * - `ahead`: connections were established in the future, so the zone is ahead of UTC.
 */
export type RowZone =
  | { readonly state: 'not-known' | 'utc' }
  | { readonly state: 'offset'; readonly awayMs: number; readonly offsetMs: number }
  | { readonly state: 'ahead'; readonly ahead: number; readonly awayMs: number; readonly offsetMs: number }

/** Offsets of zones are multiples of a quarter of an hour, and none is larger than 14 hours. */
const STEP_MS = 15 * MINUTE
const LARGEST_OFFSET_MS = 14 * HOUR

/** AWS's servers may be this far ahead of the one that dated the answer. */
const AHEAD_MS = MINUTE

/**
 * AWS writes rows late: what counts is that some row is fresh. A zone behind UTC is told from late rows by its size,
 * because each of its rows is at least as far away.
 */
const LATE_MS = 45 * MINUTE

/** Which zone the times are in, as far as they tell. `now` is AWS's time. */
export const zoneOf = ({ rowAt, establishedAt }: TimesOfRows, now: Instant): RowZone => {
  if (rowAt === undefined && establishedAt.length === 0) return { state: 'not-known' }
  if (rowAt !== undefined) {
    const awayMs = rowAt - now
    const offsetMs = Math.round(awayMs / STEP_MS) * STEP_MS
    const isOffset = offsetMs !== 0 && Math.abs(offsetMs) <= LARGEST_OFFSET_MS
    if (isOffset && (awayMs > AHEAD_MS || awayMs < -LATE_MS)) return { state: 'offset', awayMs, offsetMs }
  }
  const ahead = establishedAt.filter((at) => at > now + AHEAD_MS)
  if (ahead.length === 0) return { state: 'utc' }
  const awayMs = ahead.reduce((most, at) => Math.max(most, at - now), 0)
  return { state: 'ahead', ahead: ahead.length, awayMs, offsetMs: Math.ceil(awayMs / STEP_MS) * STEP_MS }
}
