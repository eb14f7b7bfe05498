import { MINUTE, SECOND } from '../../../src/domain/time/instant.ts'

/** The settings of `poll` that no test is about. */
export const POLL = {
  schedule: '*/15 * * * * *',
  requestTimeoutMs: 20 * SECOND,
  staleAfterMs: 5 * MINUTE,
  minGapMs: 5 * SECOND,
  rate: { burst: 50, perSecond: 10 },
}
