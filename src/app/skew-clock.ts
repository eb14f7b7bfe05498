import { type Instant, MINUTE, SECOND } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'

/** An answer of AWS, which carries its time, cut to the second. */
export interface TimedAnswer {
  /** When the request left and when the answer began, by this clock. */
  readonly startedAt: Instant
  readonly endedAt: Instant
  readonly date: Instant
}

/** As many answers as must agree before the clock is moved: one that dawdled on the way is outvoted. */
const ANSWERS = 5

/** Smaller differences are the header's half second and the network's own. */
const CORRECTED_ABOVE_MS = 2 * SECOND

const WARNED_ABOVE_MS = 5 * SECOND

/** Beyond this one of the two clocks is wrong, and nobody knows which. */
const APART_ABOVE_MS = 5 * MINUTE

/**
 * The one clock for everything: the host's, moved by what AWS's answers say. AWS measures ages by its own clock; on a
 * host that is wrong every session would look older, or younger, than it is.
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
    // The host was set back a little: time goes on as it did until AWS says otherwise.
    if (hostAt < hostSeenAt && hostSeenAt - hostAt <= APART_ABOVE_MS) {
      offsetMs += hostSeenAt - hostAt
      skews.length = 0
    }
    const passedMs = Math.max(0, hostAt - hostSeenAt)
    hostSeenAt = hostAt
    const at = hostAt + offsetMs
    // A correction must not move time back between two decisions, nor stop it: it runs at half its pace until it has caught up.
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
      // While time catches up with a correction it is ahead of what it is corrected to.
      const aheadMs = now() - (host.now() + offsetMs)
      // The header is cut to the second: on average half of one is missing.
      const sample = offsetMs + date + SECOND / 2 - ((startedAt + endedAt) / 2 - aheadMs)
      // An answer that dawdled is wrong by at most half of its own duration: more is a jump of a clock, and what was
      // known of it is void. Waiting for a majority would act for three answers on a time that is wrong.
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
