import { boundsOf, hostTime, nextAwsTime } from '../domain/time/aws-time.ts'
import { type Elapsed, isBefore, LONG_AGO, msBetween } from '../domain/time/elapsed.ts'
import { type Instant, MINUTE, SECOND } from '../domain/time/instant.ts'
import type { Clock, Trust } from './clock.ts'

/** A well-formed answer of AWS with its `Date` header, which has whole seconds. */
export interface TimedAnswer {
  /** When the request left and when the answer began. */
  readonly startedAt: Elapsed
  readonly endedAt: Elapsed
  readonly date: Instant
}

/** How far the clock may be ahead of AWS's time and still be right. */
const AHEAD_MS = 2 * SECOND

const WARNED_ABOVE_MS = 5 * SECOND

/** At a larger difference one of the two clocks is wrong, and it is not known which one. */
const APART_ABOVE_MS = 5 * MINUTE

/**
 * The clock of the whole daemon: elapsed time, set by AWS's answers and the host's clock. AWS dates connections by its
 * own clock. By a wrong clock every session would look older or younger than it is.
 */
export const createSkewClock = (
  host: Clock,
  onSkew: (skew: { readonly skewMs: number; readonly warned: boolean; readonly apart: boolean }) => void,
) => {
  let elapsed = host.elapsed()
  let time = hostTime(host.now() - elapsed.monotonicMs)
  let jumpedAt = LONG_AGO
  /** The last time shown, in ms. Undefined after a confirmation: nothing has been decided since. */
  let shown: Instant | undefined

  /** Looks at the host's clock, then lets the time go on to now. Returns how far it is ahead of AWS's, in ms. */
  const goOn = (): number => {
    const passedMs = msBetween(elapsed, host.elapsed())
    elapsed = host.elapsed()
    const before = time
    time = nextAwsTime(time, { what: 'host-read', hostBase: host.now() - elapsed.monotonicMs })
    if (before.state !== time.state) jumpedAt = elapsed
    const awsAt = time.base + elapsed.monotonicMs
    const ahead = shown === undefined ? 0 : shown + passedMs - awsAt
    // A correction must neither move time back between two decisions nor stop it. Time runs at half speed until the
    // correction is reached.
    shown = shown === undefined || ahead <= 0 || ahead > APART_ABOVE_MS ? awsAt : Math.max(awsAt, shown + passedMs / 2)
    return shown - awsAt
  }

  const skewMs = () => time.base - time.hostBase

  return {
    now(): Instant {
      goOn()
      return Math.floor(shown ?? host.now())
    },
    elapsed: () => host.elapsed(),
    sleep: (ms: number, signal: AbortSignal) => host.sleep(ms, signal),

    trust(): Trust {
      const aheadMs = goOn()
      if (time.state === 'unconfirmed') return 'unconfirmed'
      return aheadMs > AHEAD_MS || Math.abs(skewMs()) > APART_ABOVE_MS ? 'wrong' : 'confirmed'
    },

    hear({ startedAt, endedAt, date }: TimedAnswer): void {
      goOn()
      // AWS may have dated the answer before the machine slept.
      if (isBefore(startedAt, jumpedAt)) return
      const { state, hostBase } = time
      const bounds = boundsOf(date, startedAt.monotonicMs, endedAt.monotonicMs)
      time = nextAwsTime(time, { what: 'answered', bounds, hostBase })
      if (time.state === 'unconfirmed') return
      // By an unconfirmed clock nothing was decided, so that it may be set back.
      if (state === 'unconfirmed') shown = undefined
      const [by, size] = [skewMs(), Math.abs(skewMs())]
      onSkew({ skewMs: by, warned: size > WARNED_ABOVE_MS, apart: size > APART_ABOVE_MS })
    },
  }
}
