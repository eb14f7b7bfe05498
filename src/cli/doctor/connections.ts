import type { ListedEndpoint, VpnSite } from '../../app/vpn.ts'
import { VpnError } from '../../app/vpn.ts'
import { isActive } from '../../domain/connection.ts'
import { firstNames } from '../../domain/shortened.ts'
import type { Snapshot } from '../../domain/snapshot.ts'
import { plural } from '../number-text.ts'
import type { Check } from './examination.ts'
import { failedCall } from './failure.ts'
import { type Finding, failed, ok, warning } from './finding.ts'

/** A Region that is watched, and the way to it. */
export interface WatchedRegion {
  readonly region: string
  readonly vpn: Pick<VpnSite, 'endpoints'>
}

/** The endpoints of a Region; undefined if they cannot be listed. */
const listed = async ({ vpn }: WatchedRegion, signal: AbortSignal): Promise<readonly ListedEndpoint[] | undefined> =>
  vpn.endpoints(signal).catch((error: unknown) => {
    // Only a hint: the permission to list endpoints may be missing.
    if (error instanceof VpnError) return undefined
    throw error
  })

/** The finding for an endpoint that its Region does not have: where it is, or which endpoints are there. */
const notThere = async (
  endpointId: string,
  here: WatchedRegion,
  others: readonly WatchedRegion[],
  signal: AbortSignal,
): Promise<Finding> => {
  const expected = 'an endpoint of this account and Region'
  const found = `there is no endpoint ${endpointId} in ${here.region}`
  for (const other of others) {
    if (!(await listed(other, signal))?.some(({ id }) => id === endpointId)) continue
    const advice = `write it under "region: ${other.region}"`
    return failed({ found: `${found}, but in ${other.region}`, expected, advice })
  }
  const there = await listed(here, signal)
  if (there?.length === 0) {
    const advice = 'check the Region first, then the account of the credentials'
    return failed({ found: `${found}: this account has no endpoint at all in that Region`, expected, advice })
  }
  const names = there?.map(({ id, name }) => (name === undefined ? id : `${id} (${name})`))
  const has = names === undefined ? '' : `; the Region has ${firstNames(names).join(', ')}`
  return failed({ found: `${found}${has}`, expected, advice: 'check the id, the Region and the account' })
}

/** The expectation where an endpoint cannot be read. */
export const ALL_CONNECTIONS = 'all connections of the endpoint'

/** Whether an endpoint is where the configuration says, and all its connections can be read. */
export const connectionsCheck = (
  vpn: Pick<VpnSite, 'snapshot'>,
  endpointId: string,
  {
    subject,
    here,
    others,
  }: { readonly subject: string; readonly here: WatchedRegion; readonly others: readonly WatchedRegion[] },
): Check<unknown, Snapshot> => ({
  name: 'connections',
  subject,
  late: {
    finding: warning({
      found: 'the list of connections was not complete in the time for all checks',
      expected: 'the whole list within half a minute',
      advice: 'raise poll.rate, if other programs leave room for it in the request limits of the account',
    }),
  },
  async ask(_needed, signal) {
    try {
      const snapshot = await vpn.snapshot(endpointId, signal)
      const active = snapshot.connections.filter(isActive).length
      return { finding: ok(plural(active, 'active connection')), value: snapshot }
    } catch (error) {
      if (error instanceof VpnError && error.code === 'endpoint-not-found') {
        return { finding: await notThere(endpointId, here, others, signal) }
      }
      return failedCall(error, ALL_CONNECTIONS, 'connections')
    }
  },
})
