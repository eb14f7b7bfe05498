import { setMaxListeners } from 'node:events'
import type { LimitFunction } from 'p-limit'
import { AuditError } from './audit.ts'
import type { Clock } from './clock.ts'
import type { Assignment } from './daemon.ts'
import type { Emit } from './events.ts'
import { faultText } from './fault.ts'
import { onAborted } from './on-aborted.ts'
import type { PolicySetWriting } from './policy-set-text.ts'
import type { Ports } from './ports.ts'
import type { Connect } from './site.ts'
import { StateError } from './state.ts'
import { KeepingUnreached, type Tenure, type TenureEnd } from './tenure.ts'
import { createTenureDaemon } from './tenure-daemon.ts'

export type TenureDaemon = Awaited<ReturnType<typeof createTenureDaemon>>

/** How a tenure ended, in words for an operator. `isFault`: an operator must hear of it, also if nothing had begun. */
export interface Ended {
  readonly how: TenureEnd
  readonly because: string
  readonly isFault?: boolean
}

/**
 * Serves one tenure from its state to its end. It never rejects: a fault ends this tenure, and no other.
 *
 * `asked` and `stop` end it in order: calls in flight end, the state is saved, the chain has its `stop` record. A lost
 * tenure, and one with a fault, ends at once and writes nothing: its successor follows the open intents.
 */
export const serveTenure = async (options: {
  readonly tenure: Tenure
  readonly stop: AbortSignal
  readonly assignment: () => Assignment
  readonly ports: Pick<Ports, 'host' | 'random' | 'scheduleOf' | 'readPolicySet' | 'countRecords'>
  readonly connect: Connect
  readonly texts: PolicySetWriting
  readonly clock: Clock
  readonly emit: Emit
  /** Lets few tenures open at a time. */
  readonly opening: LimitFunction
  /** The state and the chain are taken over: the daemon runs from now on. */
  readonly served: (daemon: TenureDaemon) => void
}): Promise<Ended> => {
  const { tenure, stop, served } = options
  /** Aborted once nothing more may be written or sent. */
  const dead = new AbortController()
  /** Aborted once the tenure ends, in whatever way. */
  const over = new AbortController()
  setMaxListeners(0, dead.signal, over.signal)
  let fault: { readonly error: unknown } | undefined
  const end = () => over.abort()
  const die = () => {
    dead.abort()
    end()
  }
  const onFault = (error: unknown) => {
    fault ??= { error }
    die()
  }
  onAborted(tenure.lost, die)
  onAborted(tenure.asked, end)
  onAborted(stop, end)

  const endedBy = (): Ended => {
    if (tenure.lost.aborted) return { how: 'lost', because: reasonOf(tenure.lost) ?? 'another replica may hold it' }
    if (fault?.error instanceof KeepingUnreached) return { how: 'lost', because: fault.error.message, isFault: true }
    if (fault !== undefined) return { how: 'refused', because: refusalOf(fault.error), isFault: true }
    if (stop.aborted) return { how: 'returned', because: 'the replica stops' }
    return { how: 'returned', because: reasonOf(tenure.asked) ?? 'another replica is to hold it' }
  }

  const open = async (): Promise<TenureDaemon | 'aborted'> => {
    if (over.signal.aborted) return 'aborted'
    const opened = createTenureDaemon({
      ...options,
      keeping: tenure,
      tenure: { epoch: tenure.epoch, holds: () => !dead.signal.aborted && tenure.holds(), lost: dead.signal },
      onFault,
    })
    const first = await unlessAborted(opened, over.signal)
    if (first === 'aborted') void opened.then(abandon, () => {})
    return first
  }
  const opening = options.opening(open)
  let daemon: TenureDaemon | 'aborted' = 'aborted'
  try {
    // A tenure that has ended waits for no other one.
    daemon = await unlessAborted(opening, over.signal)
    if (daemon === 'aborted') return endedBy()
    served(daemon)
    await daemon.daemon.run(over.signal)
    if (!dead.signal.aborted) await daemon.close()
  } catch (error) {
    onFault(error)
  } finally {
    stop.removeEventListener('abort', end)
    if (daemon === 'aborted') void opening.then(abandon, () => {})
    else if (dead.signal.aborted) abandon(daemon)
  }
  return endedBy()
}

const abandon = (daemon: TenureDaemon | 'aborted') => {
  if (daemon !== 'aborted') daemon.abandon()
}

/** The value of the work, or `aborted`. The work goes on. */
const unlessAborted = <Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value | 'aborted'> =>
  Promise.race([work, new Promise<'aborted'>((resolve) => onAborted(signal, () => resolve('aborted')))])

/** The words of an operator in the reason of a signal. An abort without a reason has the platform's own. */
const reasonOf = ({ reason }: AbortSignal): string | undefined => {
  if (typeof reason === 'string') return reason
  return reason instanceof Error && reason.name !== 'AbortError' ? reason.message : undefined
}

const refusalOf = (error: unknown): string =>
  error instanceof StateError || error instanceof AuditError ? error.message : faultText(error)
