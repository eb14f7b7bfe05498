import { SECOND } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'
import { VpnError, type VpnSite } from './vpn.ts'
import { endedWithin } from './within.ts'

/** One account and Region, with one role and endpoint URL to reach it. */
export interface Site {
  readonly region: string
  readonly endpointUrl: string | undefined
  readonly assumeRole: { readonly arn: string; readonly externalId: string | undefined } | undefined
}

/** The key of a way to reach AWS: its Region, role and URL. */
export const siteKey = ({ region, endpointUrl, assumeRole }: Site): string =>
  JSON.stringify([region, endpointUrl, assumeRole?.arn, assumeRole?.externalId])

/**
 * The key of an endpoint, also in the state file. It does not hold the way to the endpoint, which the operator may edit,
 * nor its account, which may be unknown. A Region belongs to one partition, and AWS gives an id there only once.
 */
export const endpointKey = (region: string, endpointId: string): string => JSON.stringify([region, endpointId])

export interface LiveSite {
  readonly vpn: VpnSite
  /** Undefined while AWS has not returned it. */
  account(): string | undefined
  /** Asks AWS for the account if it is not known. Resolves to whether it was learned. */
  identify(): Promise<boolean>
  /** Makes a new client, because the settings of requests have changed. */
  reconnect(): void
}

/**
 * The key of the request limits of AWS: account and Region, whatever the way is. An unknown account has its own key.
 */
export const budgetKey = (site: Site, account: string | undefined): string =>
  account === undefined ? siteKey(site) : JSON.stringify([site.region, account])

/** Makes a client for a site. `account` is undefined while AWS has not returned it. */
export type Connect = (site: Site, account: string | undefined) => VpnSite

/** How long to wait for the account's number, which is only a label. */
const ACCOUNT_WITHIN_MS = 5 * SECOND

/** Connects to a site. Waits for its account at most `ACCOUNT_WITHIN_MS`. */
export const openSite = async (
  site: Site,
  options: { readonly connect: Connect; readonly clock: Clock; readonly stop: AbortSignal },
): Promise<LiveSite> => {
  const { connect, clock, stop } = options
  let account: string | undefined
  let connected = connect(site, account)
  const vpn: VpnSite = {
    snapshot: (...asked) => connected.snapshot(...asked),
    lookUp: (...asked) => connected.lookUp(...asked),
    terminate: (termination, signal) => connected.terminate(termination, signal),
    endpoints: (signal) => connected.endpoints(signal),
    missingPermissions: (endpointId, signal) => connected.missingPermissions(endpointId, signal),
    account: (signal) => connected.account(signal),
  }
  const identify = async (): Promise<boolean> => {
    if (account !== undefined) return false
    try {
      const found = await endedWithin(clock, ACCOUNT_WITHIN_MS, stop, vpn.account)
      account = found === 'late' ? undefined : found
    } catch (error) {
      // An endpoint is watched even if the label of its account is missing.
      if (!(error instanceof VpnError)) throw error
    }
    return account !== undefined
  }
  await identify()
  return {
    vpn,
    account: () => account,
    identify,
    reconnect() {
      connected = connect(site, account)
    },
  }
}
