import { formatDuration } from '../time/duration.ts'
import { SECOND } from '../time/instant.ts'

/** When the last call for the terminations of a minute would leave. */
export const lastCallWords = (etaSeconds: number): string =>
  `the last call leaves ${etaSeconds === 0 ? 'at once' : `after ${formatDuration(Math.ceil(etaSeconds) * SECOND)}`} at the rate of "termination.rate"`
