import pLimit from 'p-limit'
import { createVpn } from '../adapters/aws/vpn.ts'
import { hostClock } from '../adapters/host/clock.ts'
import type { ObservedRequest } from '../adapters/prometheus/metrics.ts'
import type { Clock } from '../app/clock.ts'
import { createDiscovery } from '../app/discovery.ts'
import type { Endpoint } from '../app/events.ts'
import { createReadBudgets, type ReadBudgets } from '../app/read-budget.ts'
import { budgetKey, type Site, siteKey } from '../app/site.ts'
import type { TimedAnswer } from '../app/skew-clock.ts'
import { type Snapshot, VpnError, type VpnSite } from '../app/vpn.ts'
import type { Configuration } from '../config/configuration.ts'
import { createPolicySet } from '../domain/policies/policy-set.ts'

export { peekState } from '../adapters/files/state-file.ts'

export const clock = hostClock

export const policySetOf = ({ policies, protect }: Configuration) => createPolicySet(policies, protect)

export const siteOf = ({ region, endpointUrl, assumeRole }: Configuration['watch'][number]): Site => ({
  region,
  endpointUrl,
  assumeRole,
})

export const connectVpn = (
  site: Site,
  poll: () => Configuration['poll'],
  budgets: ReadBudgets,
  clockOf: Clock = hostClock,
  observe?: (request: ObservedRequest) => void,
  hear?: (answer: TimedAnswer) => void,
): VpnSite => {
  const { requestTimeoutMs, rate } = poll()
  const { region } = site
  let account: string | undefined
  const vpn = createVpn({
    ...site,
    requestTimeoutMs,
    clock: clockOf,
    beforePage: (signal) => budgets(budgetKey(site, account), rate)(signal),
    onRequest: ({ action, code, throttled, startedAt, endedAt, dateHeader: date }) => {
      observe?.({ account, region, action, code, throttled })
      if (date !== undefined) hear?.({ startedAt, endedAt, date })
    },
  })
  return {
    ...vpn,
    async account(signal) {
      account = await vpn.account(signal)
      return account
    },
  }
}

/** How many endpoints a command reads at once, as the daemon does. */
const READS_AT_ONCE = 4

/** Every watched endpoint read once, or why it could not be; those that cannot even be listed among them. */
export const readEndpoints = async (configuration: Configuration) => {
  const { signal } = new AbortController()
  const reads = pLimit(READS_AT_ONCE)
  const sites = new Map<string, VpnSite>()
  const budgets = createReadBudgets(clock)
  const vpnOf = (site: Site) => {
    const known = sites.get(siteKey(site)) ?? connectVpn(site, () => configuration.poll, budgets)
    sites.set(siteKey(site), known)
    return known
  }
  const orFailure = async <Value>(work: Promise<Value>): Promise<Value | VpnError> => {
    try {
      return await work
    } catch (error) {
      if (error instanceof VpnError) return error
      throw error
    }
  }
  interface Read {
    /** Under which the state file keeps what is remembered of it. */
    readonly key: string
    readonly endpoint: Endpoint
    readonly snapshot: Snapshot | VpnError
  }
  const read = await Promise.all(
    configuration.watch.map(async (entry): Promise<readonly Read[]> => {
      const site = siteOf(entry)
      const { region } = site
      const vpn = vpnOf(site)
      const discovery = createDiscovery({ vpn, wanted: entry })
      const { endpoints, failure } = await discovery.refresh(signal)
      const found = await orFailure(vpn.account(signal))
      const account = found instanceof VpnError ? undefined : found
      const unlisted: Read = {
        key: '',
        endpoint: { id: '(discovery)', name: '(discovery)', region, account },
        snapshot: failure ?? new VpnError('aborted', ''),
      }
      const all = endpoints.map(
        async ({ id, name }): Promise<Read> => ({
          key: `${siteKey(site)} ${id}`,
          endpoint: { id, name, region, account },
          snapshot: await reads(() => orFailure(vpn.snapshot(id, signal))),
        }),
      )
      return [...(await Promise.all(all)), ...(failure === undefined ? [] : [unlisted])]
    }),
  )
  return read.flat()
}
