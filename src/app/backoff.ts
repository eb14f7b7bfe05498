/** Pauses that double with each failure, from the first to the longest. */
export interface BackoffRule {
  readonly firstMs: number
  readonly longestMs: number
}

/**
 * The pause after the given number of failures in a row, in ms. Half of it is random, so that clients that failed
 * together do not retry together.
 */
export const backoffMs = ({ firstMs, longestMs }: BackoffRule, failures: number, random: () => number): number => {
  const pause = Math.min(longestMs, firstMs * 2 ** (failures - 1))
  return pause / 2 + (pause / 2) * random()
}
