import type { Instant } from '../domain/time/instant.ts'
import type { VpnError } from './vpn.ts'

/** The services of AWS that Curfew calls. */
export type Service = 'EC2' | 'STS'

/**
 * Why no answer of a service arrives:
 * - `proxy`: the proxy opens no tunnel.
 * - `name`: DNS does not know its host.
 * - `refused`: the host refuses the connection.
 * - `certificate`: its certificate is not trusted.
 * - `no-tls`: it does not speak TLS.
 * - `url`: its address is no URL.
 * - `silence`: nothing answers in time.
 * - `another-server`: something else answered.
 * - `broken`: the connection failed in another way.
 */
export type Obstacle =
  | 'proxy'
  | 'name'
  | 'refused'
  | 'certificate'
  | 'no-tls'
  | 'url'
  | 'silence'
  | 'another-server'
  | 'broken'

/** The way to a service. */
export interface Way {
  /** `host:port`. */
  readonly address: string
  /** The proxy on the way, and the environment variable that names it; undefined: none. */
  readonly proxy: { readonly address: string; readonly variable: string } | undefined
  /** The variable that exempts the host from a proxy, such as NO_PROXY; undefined: none does. */
  readonly exemptBy?: string | undefined
}

/** What to do about the proxy where the network fails behind it, or without it. */
export const adviceOnProxy = (way: Partial<Way> | undefined): string => {
  const { address = '', proxy, exemptBy } = way ?? {}
  if (proxy !== undefined) return `check the log of the proxy ${proxy.address}, and that it lets ${address} through`
  if (exemptBy !== undefined) {
    const host = address.replace(/:\d+$/, '')
    return `${exemptBy} exempts ${host} from the proxy: correct it if only the proxy reaches this host`
  }
  return 'if AWS is reached through a proxy, set HTTPS_PROXY'
}

/** Whether a service of AWS answers at all. `way` is undefined where no request could be sent. */
export type Reach =
  | { readonly state: 'reached'; readonly way: Way }
  | {
      readonly state: 'not-reached'
      readonly way: Way | undefined
      readonly obstacle: Obstacle
      /** The code of Node or the TLS library. */
      readonly systemCode: string | undefined
      /** What the proxy or the network did, in words. */
      readonly detail: string
      /** What the cause itself advises. */
      readonly advice: string
    }

/** The identity behind the credentials. */
export interface Caller {
  readonly account: string
  readonly arn: string
}

/** Questions about one account and Region that watching it does not ask. Every failure is a `VpnError`. */
export interface Survey {
  /** Sends a request without a signature, which AWS refuses. Its refusal is an answer. */
  reach(service: Service, signal: AbortSignal): Promise<Reach>
  caller(signal: AbortSignal): Promise<Caller>
  /** The denied actions of those that an endpoint needs, as IAM spells them. Nothing is read or ended. */
  denials(endpointId: string, signal: AbortSignal): Promise<ReadonlyMap<string, VpnError>>
  /** The latest `Timestamp` in the first page of an endpoint's active connections; undefined if none has one. */
  newestRowAt(endpointId: string, signal: AbortSignal): Promise<Instant | undefined>
}
