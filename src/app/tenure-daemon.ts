import { isOpen } from '../domain/terminate/termination.ts'
import { SECOND } from '../domain/time/instant.ts'
import { createAuditEvents } from './audit-events.ts'
import { auditHead } from './audit-heads.ts'
import type { Clock } from './clock.ts'
import { type Assignment, createDaemon } from './daemon.ts'
import type { Emit } from './events.ts'
import { createKnownByTrail } from './known-by-trail.ts'
import { onAborted } from './on-aborted.ts'
import type { PolicySetWriting } from './policy-set-text.ts'
import type { Ports } from './ports.ts'
import type { Connect } from './site.ts'
import type { State } from './state.ts'
import type { Keeping, Tenure } from './tenure.ts'
import { watchTrail } from './watched-trail.ts'
import { within } from './within.ts'

/** How long a stop waits for the last records. */
const CLOSED_WITHIN_MS = 1.5 * SECOND

/**
 * A daemon with its trail and its state, from their opening to their end. It begins with what earlier daemons left there.
 * Rejects if the state or the trail cannot be taken over.
 */
export const createTenureDaemon = async (options: {
  /** The configuration in force, as far as this daemon serves it. A reload may replace it during the start. */
  readonly assignment: () => Assignment
  readonly keeping: Keeping
  /** The tenure, where an engine grants it. Without one the trail belongs to this process alone. */
  readonly tenure?: Pick<Tenure, 'epoch' | 'holds' | 'lost'>
  readonly ports: Pick<Ports, 'host' | 'random' | 'scheduleOf' | 'readPolicySet' | 'countRecords'>
  readonly connect: Connect
  /** What the daemons of a process share to write the texts of their policy sets. */
  readonly texts: PolicySetWriting
  /** The clock by which is judged. */
  readonly clock: Clock
  /** Hears the events first, before the trail. */
  readonly emit: Emit
  /** Hears of a fault that nobody foresaw. Without it, the fault ends the process. */
  readonly onFault?: (error: unknown) => void
}) => {
  const { keeping, ports, clock, tenure } = options
  const { trail, store } = keeping
  const { host } = ports
  let inForce = options.assignment()

  const audit = watchTrail(trail, host, (event) => emit(event), ports.countRecords ?? (() => {}))
  const auditEvents = createAuditEvents({
    audit,
    policySetHash: () => inForce.settings.policySetHash,
    policySetParts: () => options.texts.partsOf(inForce.written),
    inTurn: options.texts.inTurn,
    clock: host,
    emit: (event) => emit(event),
  })
  const emit: Emit = (event) => {
    options.emit(event)
    auditEvents.observe(event)
  }

  const takeOver = async (assignment: Assignment, last: State) => {
    const byTrail = createKnownByTrail(last, assignment.policies.policies, host.now())
    await keeping.replay(byTrail.since, byTrail.read)
    return byTrail.known()
  }

  emit(auditHead('start', audit, clock.now()))
  onAborted(trail.lost, () => emit({ event: 'lock-lost' }))
  const { state: last, setAside } = await store.load()
  if (setAside !== undefined) emit({ event: 'state-set-aside', ...setAside })
  let known = await takeOver(inForce, last)
  while (inForce !== options.assignment()) {
    inForce = options.assignment()
    known = await takeOver(inForce, last)
  }
  const { state, unproven } = known
  if (unproven.length > 0) emit({ event: 'calls-dropped', calls: unproven })

  const daemon = createDaemon({
    assignment: inForce,
    connect: options.connect,
    scheduleOf: ports.scheduleOf,
    clock,
    random: ports.random,
    emit,
    audit,
    state,
    readPolicySet: ports.readPolicySet,
    store: { save: (next) => store.save(next, () => audit.held()) },
    tenure,
    onFault: options.onFault,
  })

  const put = (next: Assignment, putDaemon: () => void) => {
    inForce = next
    putDaemon()
  }

  return {
    daemon,
    emit,
    audit,
    inForce: (): Assignment => inForce,
    /** The terminations of earlier daemons that this one follows to their ends. */
    openIntents: Object.values(state.endpoints).reduce(
      (sum, { terminations }) => sum + terminations.filter(isOpen).length,
      0,
    ),

    /**
     * Tries a configuration, and throws if the daemon cannot judge by it. Returns what puts it in force. What was read
     * since then may be the first that it cannot judge: that is a fault of this daemon, as after any other read.
     */
    prepare(next: Assignment): () => void {
      const putDaemon = daemon.prepare(next)
      return () => {
        try {
          put(next, putDaemon)
        } catch (error) {
          if (options.onFault === undefined) throw error
          options.onFault(error)
        }
      }
    },

    /** Puts the mode `audit` of a refused configuration in force. */
    obeyAudit(): void {
      put({ ...inForce, settings: { ...inForce.settings, mode: 'audit' } }, daemon.obeyAudit)
    },

    /** Waits for running writes, but not for a disk that hangs, then releases the trail and tells its head. */
    async close(): Promise<void> {
      const closed = auditEvents.close().then(() => audit.close())
      await within(host, CLOSED_WITHIN_MS, closed)
      emit(auditHead('stop', audit, clock.now()))
    },

    /** Writes nothing more, because another process may write the trail. */
    abandon(): void {
      auditEvents.abandon()
      void within(host, CLOSED_WITHIN_MS, audit.close()).catch(() => {})
    },
  }
}
