import { SECOND } from '../domain/instant.ts'
import type { Rate } from '../domain/token-bucket.ts'
import type { Clock } from './clock.ts'
import type { Emit } from './events.ts'
import { createTerminationQueue, type TerminationQueue } from './termination-queue.ts'
import { VpnError, type VpnSite } from './vpn.ts'

/** Where requests share their rates: one account's Region, reached in one way. */
export interface Site {
  readonly region: string
  readonly endpointUrl: string | undefined
  readonly assumeRole: { readonly arn: string; readonly externalId: string | undefined } | undefined
}

/** Tells sites apart; part of the keys of the state file. */
export const siteKey = ({ region, endpointUrl, assumeRole }: Site): string =>
  [region, endpointUrl ?? '-', assumeRole?.arn ?? '-', assumeRole?.externalId ?? '-'].join(' ')

export interface LiveSite {
  readonly vpn: VpnSite
  /** Undefined where AWS does not say. */
  readonly account: string | undefined
  readonly queue: TerminationQueue
  /** The queue has come to its end. */
  readonly done: Promise<void>
  /** How AWS is reached has changed. */
  reconnect(): void
}

/** Reaches a site and starts its queue, which runs until `stop` and lets calls in flight finish until `abort`. */
export const openSite = async (
  site: Site,
  options: {
    readonly connect: (site: Site) => VpnSite
    /** Bounds how many snapshots are read at once over all sites. */
    readonly limit: <Value>(read: () => Promise<Value>) => Promise<Value>
    readonly clock: Clock
    readonly random: () => number
    readonly emit: Emit
    readonly nextCallId: () => string
    readonly rate: Rate
    readonly stop: AbortSignal
    readonly abort: AbortSignal
  },
): Promise<LiveSite> => {
  const { connect, limit, clock, random, emit, nextCallId, rate, stop, abort } = options
  let connected = connect(site)
  const vpn: VpnSite = {
    snapshot: (endpointId, signal) => limit(() => connected.snapshot(endpointId, signal)),
    terminate: (termination, signal) => connected.terminate(termination, signal),
    endpoints: (signal) => connected.endpoints(signal),
    missingPermissions: (endpointId, signal) => connected.missingPermissions(endpointId, signal),
    account: (signal) => connected.account(signal),
  }
  const account = await accountOf(vpn, clock, stop)
  const onLength = (length: number, etaSeconds: number) =>
    emit({ event: 'queue', region: site.region, account, length, etaSeconds })
  const queue = createTerminationQueue({ vpn, clock, random, nextCallId, onLength, rate })
  return {
    vpn,
    account,
    queue,
    done: queue.run(stop, abort),
    reconnect() {
      connected = connect(site)
    },
  }
}

/** The account's number is a label: nothing waits for it for long. */
const ACCOUNT_WITHIN_MS = 5 * SECOND

const accountOf = async (vpn: VpnSite, clock: Clock, stop: AbortSignal): Promise<string | undefined> => {
  const [late, known] = [new AbortController(), new AbortController()]
  void clock.sleep(ACCOUNT_WITHIN_MS, known.signal).then(() => late.abort())
  try {
    return await vpn.account(AbortSignal.any([stop, late.signal]))
  } catch (error) {
    // A label without the account's number is no reason to leave its endpoints alone.
    if (error instanceof VpnError) return undefined
    throw error
  } finally {
    known.abort()
  }
}
