import type { Clock } from '../../app/clock.ts'
import type { Survey } from '../../app/survey.ts'
import { within } from '../../app/within.ts'
import { formatDuration } from '../../domain/time/duration.ts'
import { MINUTE, SECOND } from '../../domain/time/instant.ts'
import type { Check } from './examination.ts'
import { failed, ok, warning } from './finding.ts'

/** A clock that hears the dates of AWS's answers. */
export interface HearingClock extends Pick<Clock, 'trust' | 'sleep'> {
  /** AWS's time less the host's, in ms, when they were furthest apart. */
  skewMs(): number
}

/** After so many answers a majority has confirmed the clock, unless they contradict each other. */
const MOST_ANSWERS = 5

const WARNED_ABOVE_MS = 5 * SECOND
/** At a larger difference the daemon ends nobody. */
const APART_ABOVE_MS = 5 * MINUTE

/** The longest wait for what later checks ask, which leaves time for those that need a right clock. */
const HEARD_WITHIN_MS = 20 * SECOND

/**
 * Whether the host's clock agrees with AWS's, by which connections are dated. `reads` ends with the answers of EC2 to
 * later checks: the daemon judges by their dates too.
 */
export const clockCheck = (clock: HearingClock, reads: Promise<unknown>): Check<Pick<Survey, 'reach'>, true> => ({
  name: 'clock',
  async ask(survey, signal) {
    for (let answers = 0; answers < MOST_ANSWERS && clock.trust() === 'unconfirmed'; answers++) {
      await survey.reach('EC2', signal)
    }
    await within(clock, HEARD_WITHIN_MS, reads, signal)
    const expected = `at most ${formatDuration(WARNED_ABOVE_MS)} between the clocks`
    if (clock.trust() === 'unconfirmed') {
      const found = "AWS's answers have no date that can be used, or contradict each other"
      return { finding: failed({ found, expected, advice: 'look for a proxy that changes or keeps answers' }) }
    }
    const skewMs = clock.skewMs()
    const size = formatDuration(Math.round(Math.abs(skewMs) / SECOND) * SECOND)
    const found = `this machine's clock is ${size} ${skewMs > 0 ? 'behind' : 'ahead of'} AWS's`
    const advice = 'set the clock, and see that a time service runs (chrony, systemd-timesyncd)'
    if (Math.abs(skewMs) > APART_ABOVE_MS) {
      return { finding: failed({ found: `${found}, so the daemon ends nobody`, expected, advice }) }
    }
    if (Math.abs(skewMs) > WARNED_ABOVE_MS) return { finding: warning({ found, expected, advice }), value: true }
    return { finding: ok("this machine's clock agrees with AWS's"), value: true }
  },
})
