import type { Snapshot } from '../domain/snapshot.ts'
import type { Clock } from './clock.ts'
import type { Vpn } from './vpn.ts'

/** After this many answers a majority has confirmed the clock, unless they contradict each other. */
const READS = 3

/**
 * Reads a snapshot. While AWS has not confirmed the clock, it is read again at once, because each answer of AWS tells the
 * time. Fails with a `VpnError`.
 */
export const confirmedSnapshot = async (
  vpn: Pick<Vpn, 'snapshot'>,
  clock: Pick<Clock, 'trust'>,
  endpointId: string,
  signal: AbortSignal,
): Promise<Snapshot> => {
  let snapshot = await vpn.snapshot(endpointId, signal)
  for (let reads = 1; reads < READS && clock.trust() === 'unconfirmed'; reads++) {
    snapshot = await vpn.snapshot(endpointId, signal)
  }
  return snapshot
}
