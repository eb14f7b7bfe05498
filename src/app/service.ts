import { policySetText } from '../config/bind/policy-set-hash.ts'
import { msBetween } from '../domain/time/elapsed.ts'
import { type Instant, SECOND } from '../domain/time/instant.ts'
import type { AuditTrail, ReplayedRecord } from './audit.ts'
import { createAuditEvents } from './audit-events.ts'
import { auditHead } from './audit-heads.ts'
import type { Clock } from './clock.ts'
import { type Assignment, createDaemon } from './daemon.ts'
import type { CurfewEvent, Emit } from './events.ts'
import { createKnownByTrail } from './known-by-trail.ts'
import { type LastReload, nextReload } from './last-reload.ts'
import { onAborted } from './on-aborted.ts'
import { createOngoing } from './ongoing.ts'
import { createOverview } from './overview.ts'
import type { ReadPolicySet } from './policy-sets.ts'
import type { Schedule } from './schedule.ts'
import type { Site } from './site.ts'
import { createSkewClock, type TimedAnswer } from './skew-clock.ts'
import type { StateStore } from './state.ts'
import { endpointStatusOf } from './status.ts'
import type { VpnSite } from './vpn.ts'
import { watchTrail } from './watched-trail.ts'
import { within } from './within.ts'

/** The outside systems that the daemon needs. */
interface Ports {
  readonly host: Clock
  readonly random: () => number
  /**
   * Makes a client for a site. `account` is undefined while AWS has not returned it. The client uses `clock` for waiting, and reports the time in AWS's answers to
   * `hear`.
   */
  readonly connect: (
    site: Site,
    account: string | undefined,
    through: { readonly clock: Clock; readonly hear: (answer: TimedAnswer) => void },
  ) => VpnSite
  readonly scheduleOf: (cron: string) => Schedule
  /** The audit trail, opened and locked by this process. */
  readonly trail: AuditTrail
  /** Gives `read` the intents, outcomes and extensions of the trail since an instant, in their order. */
  readonly replay: (
    since: (newestAt: Instant | undefined) => Instant,
    read: (record: ReplayedRecord) => void,
  ) => Promise<void>
  readonly store: StateStore
  readonly readPolicySet: ReadPolicySet
  /** The listeners of all events, in this order. */
  readonly listeners: (clock: Clock) => readonly Emit[]
  readonly countRecords?: (outcome: 'written' | 'failed', records: number) => void
  readonly observeSkew?: (skewMs: number) => void
}

/** The loop runs once a second. If it has not run for this long, the process is unhealthy. */
const STUCK_AFTER_MS = 30_000

/** How long a stop waits for the last records. */
const CLOSED_WITHIN_MS = 1.5 * SECOND

/** The daemon with its clock, trail, state and listeners: the whole application, given its ports. */
export const createService = async (assignment: Assignment, ports: Ports) => {
  const { host, store } = ports
  let inForce = assignment
  let isStarted = false
  let lastReload: LastReload = { outcome: 'none' }
  const listeners: Emit[] = []
  const emit: Emit = (event: CurfewEvent) => {
    if (event.event === 'started') isStarted = true
    lastReload = nextReload(lastReload, event)
    for (const listen of listeners) listen(event)
  }

  let reported = { warned: false, apart: false }
  const clock = createSkewClock(host, ({ skewMs, warned, apart }) => {
    ports.observeSkew?.(skewMs)
    if (warned !== reported.warned || apart !== reported.apart) emit({ event: 'clock-skew', skewMs, apart, warned })
    reported = { warned, apart }
  })
  const audit = watchTrail(ports.trail, host, emit, ports.countRecords ?? (() => {}))
  const auditEvents = createAuditEvents({
    audit,
    policySetHash: () => inForce.settings.policySetHash,
    policySetText: () => policySetText(inForce.written),
    clock: host,
    emit,
  })
  const ongoing = createOngoing(clock)
  listeners.push(...ports.listeners(clock), auditEvents.observe, ongoing.observe)
  emit(auditHead('start', audit, clock.now()))
  onAborted(ports.trail.lost, () => emit({ event: 'lock-lost' }))
  const { state: last, setAside } = await store.load()
  if (setAside !== undefined) emit({ event: 'state-set-aside', ...setAside })
  const trail = createKnownByTrail(last, assignment.policies.policies, host.now())
  await ports.replay(trail.since, trail.read)
  const { state, unproven } = trail.known()
  if (unproven.length > 0) emit({ event: 'calls-dropped', calls: unproven })

  const daemon = createDaemon({
    assignment,
    connect: (site, account) => ports.connect(site, account, { clock, hear: clock.hear }),
    scheduleOf: ports.scheduleOf,
    clock,
    random: ports.random,
    emit,
    audit,
    state,
    readPolicySet: ports.readPolicySet,
    store: { save: (next) => store.save(next, () => audit.held()) },
  })

  const overview = createOverview({
    clock,
    inForce: () => inForce,
    status: daemon.status,
    ends: daemon.ends,
    others: () => ({ lastReload, audit: audit.head(), ongoing: ongoing.now(), unmatched: daemon.unmatched() }),
  })

  return {
    run: daemon.run,
    once: daemon.once,
    reconnect: daemon.reconnect,
    changedAt: daemon.changedAt,
    extensions: daemon.extensions,
    clock,
    emit,

    /**
     * Puts a new configuration in force for all parts at once. Throws, and changes nothing, if the daemon cannot judge by
     * it. `accepted` is called before it is in force.
     */
    async reload(next: Assignment, accepted: () => void = () => {}): Promise<void> {
      await daemon.reload(next, () => {
        inForce = next
        accepted()
      })
    },

    /** Puts the mode `audit` of a refused configuration in force. */
    obeyAudit(): void {
      inForce = { ...inForce, settings: { ...inForce.settings, mode: 'audit' } }
      daemon.obeyAudit()
    },

    endpoints: daemon.status,
    /** The content of `/status`. `names`: whether a text may name people. */
    status: (names = false) => ({
      mode: inForce.settings.mode,
      lastReload:
        'problems' in lastReload ? { outcome: lastReload.outcome, problems: lastReload.problems.length } : lastReload,
      policySetHash: inForce.settings.policySetHash,
      policies: inForce.policies.policies.map(({ name, kind, mode }) => ({ name, kind: kind.kind, mode })),
      audit: audit.head(),
      unmatched: daemon.unmatched(),
      endpoints: daemon.status().map((one) => endpointStatusOf(one, names)),
    }),

    overview,

    /** True before the start, because the loop does not run yet. */
    isHealthy: (): boolean => !isStarted || msBetween(daemon.turnedAt(), host.elapsed()) < STUCK_AFTER_MS,
    /** Whether the first read of every endpoint has ended, with a snapshot or with an error. */
    isReady: (): boolean => isStarted && daemon.status().every(({ view }) => view.state !== 'unseen'),

    /** Waits for running writes, but not for a disk that hangs, then releases the trail and tells its head. */
    async close(): Promise<void> {
      const closed = auditEvents.close().then(() => audit.close())
      await within(host, CLOSED_WITHIN_MS, closed)
      emit(auditHead('stop', audit, clock.now()))
    },
  }
}
