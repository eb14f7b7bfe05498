import { type Instant, MINUTE, SECOND } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'

/** An answer of AWS with its `Date` header, which has whole seconds. */
export interface TimedAnswer {
  /** When the request left and when the answer began, by the corrected clock. */
  readonly startedAt: Instant
  readonly endedAt: Instant
  readonly date: Instant
}

/** The correction is the median of this many answers, so that one slow answer does not change it. */
const ANSWERS = 5

/** Smaller differences come from the whole seconds of the header and from the network, and are not corrected. */
const CORRECTED_ABOVE_MS = 2 * SECOND

const WARNED_ABOVE_MS = 5 * SECOND

/** At a larger difference one of the two clocks is wrong, and it is not known which one. */
const APART_ABOVE_MS = 5 * MINUTE

/**
 * The clock of the whole daemon: the host's clock, corrected by the time in AWS's answers. AWS dates connections by its
 * own clock. On a host whose clock is wrong every session would look older or younger than it is.
 */
export const createSkewClock = (
  host: Clock,
  onSkew: (skew: { readonly skewMs: number; readonly warned: boolean; readonly apart: boolean }) => void,
) => {
  const skews: number[] = []
  let offsetMs = 0
  let apart = false
  let hostSeenAt = host.now()
  let last: Instant = -Infinity

  const now = (): Instant => {
    const hostAt = host.now()
    // The host's clock was set back a little. Time continues from before until the next answer of AWS.
    if (hostAt < hostSeenAt && hostSeenAt - hostAt <= APART_ABOVE_MS) {
      offsetMs += hostSeenAt - hostAt
      skews.length = 0
    }
    const passedMs = Math.max(0, hostAt - hostSeenAt)
    hostSeenAt = hostAt
    const at = hostAt + offsetMs
    // A correction must neither move time back between two decisions nor stop it. Time runs at half speed until the
    // correction is reached.
    last = at >= last || last - at > APART_ABOVE_MS ? at : last + passedMs / 2
    return last
  }

  const median = () => [...skews].sort((a, b) => a - b)[skews.length >> 1] ?? 0

  return {
    now,
    elapsed: () => host.elapsed(),
    sleep: (ms: number, signal: AbortSignal) => host.sleep(ms, signal),
    trusted: () => !apart,

    hear({ startedAt, endedAt, date }: TimedAnswer): void {
      // While time runs at half speed it is ahead of the corrected time.
      const aheadMs = now() - (host.now() + offsetMs)
      // The header has whole seconds: on average half a second is missing.
      const sample = offsetMs + date + SECOND / 2 - ((startedAt + endedAt) / 2 - aheadMs)
      // A slow answer is wrong by at most half of its duration. A larger difference is a jump of a clock, and the
      // earlier samples are discarded. Waiting for a majority would use a wrong time for three answers.
      const slackMs = (endedAt - startedAt) / 2 + CORRECTED_ABOVE_MS
      if (skews.length > 0 && Math.abs(sample - median()) > slackMs) skews.length = 0
      skews.push(sample)
      if (skews.length > ANSWERS) skews.shift()
      const skewMs = median()
      apart = Math.abs(skewMs) > APART_ABOVE_MS
      offsetMs = Math.abs(skewMs) > CORRECTED_ABOVE_MS && !apart ? skewMs : 0
      onSkew({ skewMs, warned: Math.abs(skewMs) > WARNED_ABOVE_MS, apart })
    },
  }
}
