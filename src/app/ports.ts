import type { Clock } from './clock.ts'
import type { Emit } from './events.ts'
import type { ReadPolicySet } from './policy-sets.ts'
import type { Schedule } from './schedule.ts'
import type { Site } from './site.ts'
import type { TimedAnswer } from './skew-clock.ts'
import type { VpnSite } from './vpn.ts'

/** The outside systems that the daemon needs, wherever it keeps its trail and its state. */
export interface Ports {
  readonly host: Clock
  readonly random: () => number
  /**
   * Makes a client for a site. `account` is undefined while AWS has not returned it. The client uses `clock` for waiting, and reports the time in AWS's answers to
   * `hear`. `holds`: the last question of a Terminate call, see `Tenure`; undefined where no engine grants the site.
   */
  readonly connect: (
    site: Site,
    account: string | undefined,
    through: {
      readonly clock: Clock
      readonly hear: (answer: TimedAnswer) => void
      readonly holds?: (() => boolean) | undefined
    },
  ) => VpnSite
  readonly scheduleOf: (cron: string) => Schedule
  readonly readPolicySet: ReadPolicySet
  /** The listeners of all events, in this order. */
  readonly listeners: (clock: Clock) => readonly Emit[]
  readonly countRecords?: (outcome: 'written' | 'failed', records: number) => void
  readonly observeSkew?: (skewMs: number) => void
}
