import { SECOND } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'
import { VpnError, type VpnSite } from './vpn.ts'

/** One account's Region, reached in one way. */
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
  /** How AWS is reached has changed. */
  reconnect(): void
}

/** Where requests share AWS's limits: an account's Region, whatever role reaches it. An account that is not known is one of its own. */
export const budgetKey = (site: Site, account: string | undefined): string =>
  account === undefined ? siteKey(site) : [site.region, site.endpointUrl ?? '-', account].join(' ')

/** Reaches a site. */
export const openSite = async (
  site: Site,
  options: {
    readonly connect: (site: Site) => VpnSite
    /** Bounds how many snapshots are read at once over all sites. */
    readonly limit: <Value>(read: () => Promise<Value>) => Promise<Value>
    readonly clock: Clock
    readonly stop: AbortSignal
  },
): Promise<LiveSite> => {
  const { connect, limit, clock, stop } = options
  let connected = connect(site)
  const vpn: VpnSite = {
    snapshot: (endpointId, signal) => limit(() => connected.snapshot(endpointId, signal)),
    terminate: (termination, signal) => connected.terminate(termination, signal),
    endpoints: (signal) => connected.endpoints(signal),
    missingPermissions: (endpointId, signal) => connected.missingPermissions(endpointId, signal),
    account: (signal) => connected.account(signal),
  }
  const account = await accountOf(vpn, clock, stop)
  return {
    vpn,
    account,
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
