/**
 * A reading of the monotonic clock, which no correction of the time of day moves. It is not a number: comparing it with an
 * `Instant`, storing it or showing it does not compile. Everything that only paces work counts in it.
 */
export interface Elapsed {
  /** Milliseconds since an arbitrary start. Only this file and the clocks read it. */
  readonly monotonicMs: number
}

/** Earlier than every reading. */
export const LONG_AGO: Elapsed = { monotonicMs: Number.NEGATIVE_INFINITY }

/** Later than every reading. */
export const FAR_AHEAD: Elapsed = { monotonicMs: Number.POSITIVE_INFINITY }

export const elapsedAt = (monotonicMs: number): Elapsed => ({ monotonicMs })

export const plusMs = ({ monotonicMs }: Elapsed, ms: number): Elapsed => elapsedAt(monotonicMs + ms)

/** Milliseconds from one reading to another; negative where the second one is earlier. */
export const msBetween = (from: Elapsed, to: Elapsed): number => to.monotonicMs - from.monotonicMs

export const isBefore = (one: Elapsed, other: Elapsed): boolean => one.monotonicMs < other.monotonicMs

export const later = (...readings: readonly [Elapsed, ...Elapsed[]]): Elapsed =>
  readings.reduce((latest, one) => (isBefore(latest, one) ? one : latest))
