import type { Assignment } from './daemon.ts'
import type { EngineOverview } from './engine-overview.ts'
import { createOverview } from './overview.ts'
import { createPolicySetWriting } from './policy-set-text.ts'
import type { Ports } from './ports.ts'
import { createRuntime } from './runtime.ts'
import { serviceStatusOf } from './service-status.ts'
import { isEditToAudit } from './settings.ts'
import type { Keeping } from './tenure.ts'
import { createTenureDaemon } from './tenure-daemon.ts'

const FILES: EngineOverview = { kind: 'files' }

/** The daemon with its clock, trail, state and listeners: the whole application, given its ports. */
export const createService = async (assignment: Assignment, ports: Ports & Keeping) => {
  const { clock, tell, isStarted, lastReload, ongoing, isTurning } = createRuntime(ports)
  let inForce = assignment
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

  const others = () => ({
    lastReload: lastReload(),
    audit: audit.head(),
    engine: FILES,
    ongoing: ongoing(),
    unmatched: daemon.unmatched(),
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
      if (!isEditToAudit(inForce.settings.mode, next.settings.mode)) await daemon.meet(next)
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
    status: (names = false) => serviceStatusOf(inForce, others(), daemon.status(), names),
    overview: createOverview({ clock, inForce: () => inForce, status: daemon.status, ends: daemon.ends, others }),

    /** True before the start, because the loop does not run yet. */
    isHealthy: (): boolean => !isStarted() || isTurning(daemon.turnedAt()),
    /** Whether the first read of every endpoint has ended, with a snapshot or with an error. */
    isReady: (): boolean => isStarted() && daemon.status().every(({ view }) => view.state !== 'unseen'),

    close: served.close,
  }
}
