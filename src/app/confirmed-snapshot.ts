import type { Shown, Snapshot } from '../domain/snapshot.ts'
import { formatDuration } from '../domain/time/duration.ts'
import type { Clock } from './clock.ts'
import { type Vpn, VpnError } from './vpn.ts'
import { endedWithin, within } from './within.ts'

/** After this many answers a majority has confirmed the clock, unless they contradict each other. */
const READS = 3

/**
 * Reads a snapshot. While AWS has not confirmed the clock, it is read again at once, because each answer of AWS tells the
 * time. `staleAfterMs` limits the wait for the first page, and then the read: a list that takes longer is too old when it
 * is complete. Fails with a `VpnError`.
 */
export const confirmedSnapshot = async (
  vpn: Pick<Vpn, 'snapshot'>,
  clock: Pick<Clock, 'trust' | 'sleep'>,
  {
    endpointId,
    staleAfterMs,
    shown,
  }: { readonly endpointId: string; readonly staleAfterMs: number; readonly shown?: Shown },
  stop: AbortSignal,
): Promise<Snapshot> => {
  const readFrom = async (signal: AbortSignal, begins: () => void) => {
    let snapshot = await vpn.snapshot(endpointId, signal, begins, shown)
    for (let reads = 1; reads < READS && clock.trust() === 'unconfirmed'; reads++) {
      snapshot = await vpn.snapshot(endpointId, signal, undefined, shown)
    }
    return snapshot
  }
  const read = await endedWithin(clock, 2 * staleAfterMs, stop, async (signal) => {
    let begins: () => void = () => {}
    const begun = new Promise<void>((resolve) => {
      begins = resolve
    })
    const whole = readFrom(signal, begins)
    if ((await within(clock, staleAfterMs, Promise.race([begun, whole]), signal)) === 'late') return 'late'
    return within(clock, staleAfterMs, whole, signal)
  })
  if (read !== 'late') return read
  if (stop.aborted) throw new VpnError('aborted', `${endpointId}: stopped before the list was complete`)
  const limit = formatDuration(staleAfterMs)
  throw new VpnError(
    'timeout',
    `${endpointId}: the list of connections was not complete after ${limit} (poll.staleAfter): check the network, and raise poll.rate or poll.staleAfter`,
  )
}
