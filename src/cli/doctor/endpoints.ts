import type { Clock } from '../../app/clock.ts'
import { createDiscovery, type EndpointSelection, type FoundEndpoint } from '../../app/discovery.ts'
import type { ListedEndpoint, VpnSite } from '../../app/vpn.ts'
import { firstNames } from '../../domain/shortened.ts'
import { plural } from '../number-text.ts'
import type { Check } from './examination.ts'
import { failedCall } from './failure.ts'
import { failed, ok, warning } from './finding.ts'

/** The statuses of an endpoint to which clients can connect, or soon can again. */
const OPEN: ReadonlySet<string> = new Set(['available'])

/** Whether the endpoints of an entry of `watch` are known. AWS is asked where they are discovered, or their tags are read. */
export const endpointsCheck = (
  { vpn, clock }: { readonly vpn: Pick<VpnSite, 'endpoints'>; readonly clock: Pick<Clock, 'sleep'> },
  selection: EndpointSelection,
  { subject, region }: { readonly subject: string; readonly region: string },
): Check<unknown, readonly FoundEndpoint[]> => ({
  name: 'endpoints',
  subject,
  asked: `EC2 in ${region}`,
  async ask(_needed, signal) {
    const discovery = createDiscovery({ vpn, clock, selection })
    const { endpoints, failure } = await discovery.refresh(signal)
    if (failure !== undefined) {
      return {
        ...failedCall(failure, 'the list of endpoints, because "discover" or a policy needs it', 'endpoints'),
        ...(endpoints.length === 0 ? {} : { value: endpoints }),
      }
    }
    if (endpoints.length === 0) {
      const found = `no endpoint of the Region ${selection.discover === 'all' ? 'exists' : 'has the tags of "discover"'}`
      const advice = 'check the Region and the tags: keys and values are compared exactly'
      return { finding: failed({ found, expected: 'at least one endpoint', advice }) }
    }
    const listed = discovery.answer()?.filter(({ id }) => endpoints.some((one) => one.id === id))
    const [first] = listed?.filter(({ status }) => !OPEN.has(status)) ?? []
    if (first !== undefined) {
      const found = `${first.id} is ${first.status}: nobody can connect to it`
      const advice = 'associate a subnet with it, or take it out of "watch"'
      return { finding: warning({ found, expected: 'endpoints that are available', advice }), value: endpoints }
    }
    return { finding: ok(`${plural(endpoints.length, 'endpoint')}${logsText(listed)}`), value: endpoints }
  },
})

/** Where the connection logs are, which a backtest reads. If AWS was not asked, nobody knows whether the endpoints exist. */
const logsText = (listed: readonly ListedEndpoint[] | undefined): string => {
  if (listed === undefined) return ' named by id, not looked up'
  const groups = new Set(listed.flatMap(({ logGroup }) => logGroup ?? []))
  const off = listed.filter(({ logGroup }) => logGroup === undefined)
  if (groups.size === 0) return '; connection logs are off'
  const without = off.length === 0 ? '' : `, and off for ${firstNames(off.map(({ id }) => id)).join(', ')}`
  return `; connection logs are in ${firstNames([...groups]).join(', ')}${without}`
}
