import { cronSchedule } from '../../src/adapters/cron/cron-schedule.ts'
import type { ReplayedRecord } from '../../src/app/audit.ts'
import { type Assignment, createDaemon } from '../../src/app/daemon.ts'
import type { CurfewEvent } from '../../src/app/events.ts'
import { createKnownByTrail } from '../../src/app/known-by-trail.ts'
import type { Schedule } from '../../src/app/schedule.ts'
import { createSkewClock } from '../../src/app/skew-clock.ts'
import { EMPTY_STATE, type State } from '../../src/app/state.ts'
import type { Connection } from '../../src/domain/connection.ts'
import type { Mode, Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { type Instant, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { ENDPOINT, NOON } from '../domain/build.ts'
import { rememberedSet, rememberSet } from '../domain/policy-sets.ts'
import { datedVpn } from './dated-vpn.ts'
import { createManualClock, settled } from './manual-clock.ts'
import { createStandInTrail } from './stand-in-trail.ts'
import { createStandInVpn } from './stand-in-vpn.ts'

export const SITE = { region: 'eu-central-1', endpointUrl: undefined, assumeRole: undefined }

export const assignment = (policies: readonly Policy[], mode: Mode = 'enforce'): Assignment => {
  const set = createPolicySet(policies, [])
  const policySetHash = rememberSet(policies, set)
  return { ...SETTINGS, policies: set, written: policySetHash, settings: { ...SETTINGS.settings, mode, policySetHash } }
}

const SETTINGS = {
  settings: {
    staleAfterMs: 5 * MINUTE,
    minGapMs: 5 * SECOND,
    termination: { verifyWithinMs: MINUTE, attempts: 3 },
    guard: { maxPercent: 50, minConnections: 10, lookAheadMs: 0 },
  },
  schedule: '*/15 * * * * *',
  terminationRate: { burst: 40, perSecond: 4 },
  watch: [{ site: SITE, endpoints: [{ id: ENDPOINT, name: 'office' }], discover: undefined }],
}

/** The schedule of the settings is asked millions of times, and computed without the library of the daemon. */
export const scheduleOf = (schedule: string): Schedule =>
  schedule === SETTINGS.schedule
    ? { next: (now) => (Math.floor(now / (15 * SECOND)) + 1) * 15 * SECOND }
    : cronSchedule(schedule)

/** A daemon with a manual clock and a stand-in endpoint. It is stopped at the end of the test. */
export const startWorld = (options: {
  readonly assignment: Assignment
  readonly connections: readonly Connection[]
  readonly start?: boolean
  readonly state?: State
  readonly random?: () => number
  readonly save?: () => Promise<void>
  /** The trail of the last process. */
  readonly trail?: readonly ReplayedRecord[]
  /**
   * How far the host's clock is ahead of AWS's at the start. Without it AWS uses the host's clock, and dates no
   * answers.
   */
  readonly hostAheadMs?: number
  readonly startAt?: Instant
  readonly scheduleOf?: () => Schedule
}) => {
  const { hostAheadMs, startAt = NOON } = options
  const host = createManualClock(startAt + (hostAheadMs ?? 0))
  const truth = { ...host, now: () => startAt + host.elapsed().monotonicMs }
  const aws = createStandInVpn(hostAheadMs === undefined ? host : truth, options.connections)
  const skewClock = createSkewClock(host, () => {})
  const dated = datedVpn(aws.vpn, truth, skewClock)
  const audit = createStandInTrail()
  const events: CurfewEvent[] = []
  const before = options.state ?? EMPTY_STATE
  let saved = JSON.stringify(before)
  const known = createKnownByTrail(before, options.assignment.policies.policies, host.now())
  for (const record of options.trail ?? []) known.read(record)
  const daemon = createDaemon({
    assignment: options.assignment,
    connect: () => (hostAheadMs === undefined ? aws.vpn : dated),
    scheduleOf: options.scheduleOf ?? scheduleOf,
    clock: hostAheadMs === undefined ? host : skewClock,
    random: options.random ?? (() => 0.5),
    emit: (event) => events.push(event),
    audit: audit.trail,
    state: options.trail === undefined ? before : known.known().state,
    readPolicySet: rememberedSet,
    store: {
      save: async (state) => {
        await options.save?.()
        saved = JSON.stringify(state)
      },
    },
  })
  const stop = new AbortController()
  const stopped = options.start === false ? Promise.resolve() : daemon.run(stop.signal)

  return {
    clock: host,
    aws,
    audit,
    daemon,
    events,
    stop,
    stopped,
    /** The last saved state. */
    saved: () => JSON.parse(saved) as State,
    of: <Name extends CurfewEvent['event']>(name: Name) =>
      events.filter((event): event is Extract<CurfewEvent, { event: Name }> => event.event === name),
    endedIds: () => aws.calls.map(({ id }) => id),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await settled()
      await host.advance(MINUTE)
      await stopped
    },
  }
}
