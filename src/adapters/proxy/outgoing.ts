import type { Agent } from 'node:https'
import type { SecureContext } from 'node:tls'
import { readCaBundle } from './ca-bundle.ts'
import { type Environment, type Proxy, readProxy } from './proxy.ts'
import { TunnelAgent } from './tunnel-agent.ts'

/** How requests leave this machine: through which proxy, and which certificates they trust. */
export interface Outgoing {
  /** The proxy for a URL; undefined if the request goes there directly. Only https:// goes through a proxy. */
  proxyFor(url: URL): Proxy | undefined
  /** The certificates that are trusted; undefined: those that Node trusts by itself. */
  readonly secureContext: SecureContext | undefined
  /** The variable that exempts the host of a URL from the proxy; undefined if there is no proxy, or none that exempts it. */
  exemptBy(url: URL): string | undefined
  /**
   * A new agent for https:// with its own connections. `answersWithinMs`: how long a proxy may take to open a tunnel.
   * `connectsWithinMs`: a request gets its socket only once it is connected, and after this time not at all.
   */
  agent(limits: {
    readonly maxSockets: number
    readonly answersWithinMs?: number
    readonly connectsWithinMs?: number | undefined
  }): Agent
}

/** Reads HTTPS_PROXY, NO_PROXY and AWS_CA_BUNDLE; or one line for each that is wrong. No line contains a password. */
export const readOutgoing = (env: Environment): Outgoing | { readonly problems: readonly string[] } => {
  const [proxy, bundle] = [readProxy(env), readCaBundle(env)]
  if ('problem' in proxy || 'problem' in bundle) {
    return { problems: [proxy, bundle].flatMap((read) => ('problem' in read ? [read.problem] : [])) }
  }
  const { proxyFor, exemptBy } = proxy
  const { secureContext } = bundle
  const ofHttps =
    <Found>(find: (host: string, port: number) => Found | undefined) =>
    ({ protocol, hostname, port }: URL) =>
      protocol === 'https:' ? find(hostname.replace(/^\[(.*)\]$/, '$1'), Number(port || 443)) : undefined
  return {
    proxyFor: ofHttps(proxyFor),
    exemptBy: ofHttps(exemptBy),
    secureContext,
    agent: (limits) => new TunnelAgent({ proxyFor, secureContext, ...limits }),
  }
}

/** Without a proxy and without certificates of an own CA. */
export const DIRECT: Outgoing = {
  proxyFor: () => undefined,
  exemptBy: () => undefined,
  secureContext: undefined,
  agent: (limits) => new TunnelAgent({ proxyFor: () => undefined, secureContext: undefined, ...limits }),
}
