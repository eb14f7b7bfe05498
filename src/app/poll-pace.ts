import { type Instant, NEVER, SECOND } from '../domain/time/instant.ts'

/** The pause after a failed poll; it doubles up to the longest. The schedule is heeded again after it. */
const BACK_OFF_MS = 5 * SECOND
const LONGEST_BACK_OFF_MS = 60 * SECOND

/** When an endpoint may be polled again: not for a while after a failure, and beside the schedule only so often. */
export const createPollPace = (random: () => number) => {
  let failures = 0
  let polledAt: Instant = -NEVER
  let heedScheduleAt: Instant = -NEVER

  return {
    begun(now: Instant): void {
      polledAt = now
    },

    succeeded(): void {
      failures = 0
      heedScheduleAt = -NEVER
    },

    /** How many polls have failed in a row, and when the next one may be. */
    failed(now: Instant): { readonly failures: number; readonly retryAt: Instant } {
      const pause = Math.min(LONGEST_BACK_OFF_MS, BACK_OFF_MS * 2 ** failures++)
      // Half of the pause is chance, so that many endpoints that failed together do not come back together.
      heedScheduleAt = now + pause / 2 + (pause / 2) * random()
      return { failures, retryAt: heedScheduleAt }
    },

    isBackingOff: (now: Instant): boolean => now < heedScheduleAt,

    /** The first instant at which a poll that is wanted at `wantedAt`, beside the schedule, may be. */
    besideSchedule(wantedAt: Instant, now: Instant, minGapMs: number): Instant {
      // The clock was set back: what lies ahead would be waited for twice.
      polledAt = Math.min(polledAt, now)
      heedScheduleAt = Math.min(heedScheduleAt, now + LONGEST_BACK_OFF_MS)
      return Math.max(wantedAt, polledAt + minGapMs, heedScheduleAt)
    },
  }
}
