/** A point in time: milliseconds since 1970-01-01T00:00:00Z, on the one clock that everything shares. */
export type Instant = number

/** Later than every instant. Written as `null` in JSON and as `never` in policy tests. */
export const NEVER = Number.POSITIVE_INFINITY

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** ISO 8601, UTC, milliseconds; `null` for NEVER (and for its opposite: "always has been"). */
export const toIso = (at: Instant): string | null => (Number.isFinite(at) ? new Date(at).toISOString() : null)

/** For people: ISO 8601, UTC, to the second. */
export const toText = (at: Instant): string => `${new Date(at).toISOString().slice(0, 19)}Z`
