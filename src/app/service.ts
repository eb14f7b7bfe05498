import { msBetween } from '../domain/time/elapsed.ts'
import type { Assignment } from './daemon.ts'
import { type EngineOverview, engineStatusOf } from './engine-overview.ts'
import type { CurfewEvent, Emit } from './events.ts'
import { type LastReload, nextReload } from './last-reload.ts'
import { createOngoing } from './ongoing.ts'
import { createOverview } from './overview.ts'
import { createPolicySetWriting } from './policy-set-text.ts'
import type { Ports } from './ports.ts'
import { createSkewClock } from './skew-clock.ts'
import { endpointStatusOf } from './status.ts'
import type { Keeping } from './tenure.ts'
import { createTenureDaemon } from './tenure-daemon.ts'

/** The loop runs once a second. If it has not run for this long, the process is unhealthy. */
const STUCK_AFTER_MS = 30_000

const FILES: EngineOverview = { kind: 'files' }

/** The daemon with its clock, trail, state and listeners: the whole application, given its ports. */
export const createService = async (assignment: Assignment, ports: Ports & Keeping) => {
  const { host } = ports
  let inForce = assignment
  let isStarted = false
  let lastReload: LastReload = { outcome: 'none' }
  const listeners: Emit[] = []
  const tell: Emit = (event: CurfewEvent) => {
    if (event.event === 'started') isStarted = true
    lastReload = nextReload(lastReload, event)
    for (const listen of listeners) listen(event)
  }

  let reported = { warned: false, apart: false }
  const clock = createSkewClock(host, ({ skewMs, warned, apart }) => {
    ports.observeSkew?.(skewMs)
    if (warned !== reported.warned || apart !== reported.apart) tell({ event: 'clock-skew', skewMs, apart, warned })
    reported = { warned, apart }
  })
  const ongoing = createOngoing(clock)
  listeners.push(...ports.listeners(clock), ongoing.observe)
  const served = await createTenureDaemon({
    assignment: () => inForce,
    keeping: ports,
    ports,
    connect: (site, account) => ports.connect(site, account, { clock, hear: clock.hear }),
    texts: createPolicySetWriting(),
    clock,
    emit: tell,
  })
  const { daemon, audit } = served

  const overview = createOverview({
    clock,
    inForce: () => inForce,
    status: daemon.status,
    ends: daemon.ends,
    others: () => ({
      lastReload,
      audit: audit.head(),
      engine: FILES,
      ongoing: ongoing.now(),
      unmatched: daemon.unmatched(),
    }),
  })

  return {
    run: daemon.run,
    once: daemon.once,
    reconnect: daemon.reconnect,
    changedAt: daemon.changedAt,
    extensions: daemon.extensions,
    clock,
    emit: served.emit,

    /**
     * Puts a new configuration in force for all parts at once. Throws, and changes nothing, if the daemon cannot judge by
     * it. `accepted` is called before it is in force.
     */
    async reload(next: Assignment, accepted: () => void = () => {}): Promise<void> {
      // An edit to `audit` does not wait: calls would leave meanwhile.
      if (next.settings.mode !== 'audit') await daemon.meet(next)
      const put = served.prepare(next)
      inForce = next
      accepted()
      put()
    },

    /** Puts the mode `audit` of a refused configuration in force. */
    obeyAudit(): void {
      inForce = { ...inForce, settings: { ...inForce.settings, mode: 'audit' } }
      served.obeyAudit()
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
      engine: engineStatusOf(FILES),
      unmatched: daemon.unmatched(),
      endpoints: daemon.status().map((one) => endpointStatusOf(one, names)),
    }),

    overview,

    /** True before the start, because the loop does not run yet. */
    isHealthy: (): boolean => !isStarted || msBetween(daemon.turnedAt(), host.elapsed()) < STUCK_AFTER_MS,
    /** Whether the first read of every endpoint has ended, with a snapshot or with an error. */
    isReady: (): boolean => isStarted && daemon.status().every(({ view }) => view.state !== 'unseen'),

    close: served.close,
  }
}
