import type { Lookup } from '../domain/lookup.ts'
import type { Shown, Snapshot } from '../domain/snapshot.ts'

/** The codes of errors in calls to AWS: a closed list that logs and metrics share. */
export const VPN_ERROR_CODES = [
  'throttled',
  'denied',
  'no-credentials',
  'bad-credentials',
  'expired-credentials',
  'endpoint-not-found',
  'connection-not-found',
  'user-not-found',
  'too-many-connections',
  'bad-pagination-token',
  'unreachable',
  'timeout',
  'malformed',
  'server-error',
  'bad-request',
  'aborted',
  /** The call was not sent: another process may hold the unit of the endpoint. */
  'not-held',
] as const
export type VpnErrorCode = (typeof VPN_ERROR_CODES)[number]

/** A call to AWS that failed. `message` is one line for an operator: the request, the answer, and what to do. */
export class VpnError extends Error {
  override name = 'VpnError'
  /** The message without what others wrote, such as AWS, which may name people. */
  readonly nameless: string
  readonly code: VpnErrorCode
  /** The error code of AWS, if AWS answered. */
  readonly awsCode: string | undefined
  readonly requestId: string | undefined
  /** What to do, the end of the message. */
  readonly advice: string | undefined

  constructor(
    code: VpnErrorCode,
    message: string,
    details: {
      cause?: unknown
      awsCode?: string | undefined
      requestId?: string | undefined
      advice?: string | undefined
      /** Default: the message, if all of it is Curfew's own. */
      nameless?: string | undefined
    } = {},
  ) {
    const advised = (text: string) => (details.advice === undefined ? text : `${text}; ${details.advice}`)
    super(advised(message), { cause: details.cause })
    this.nameless = advised(details.nameless ?? message)
    this.code = code
    this.awsCode = details.awsCode
    this.requestId = details.requestId
    this.advice = details.advice
  }
}

/** The target of a call: one connection, or the connections of one user, at most five, by the name as AWS spells it. */
export type TerminateTarget =
  | { readonly endpointId: string; readonly connectionId: string }
  | { readonly endpointId: string; readonly username: string }

/**
 * The answer of AWS to a termination. It says only that AWS begins to terminate; a later lookup or
 * snapshot confirms the termination.
 */
export interface TerminateAnswer {
  readonly requestId: string | undefined
  readonly statuses: ReadonlyArray<{
    readonly connectionId: string
    readonly previous: string | undefined
    readonly current: string | undefined
  }>
}

/** An endpoint as AWS lists it. */
export interface ListedEndpoint {
  readonly id: string
  /** The tag `Name`, unless it is empty. */
  readonly name: string | undefined
  readonly tags: ReadonlyMap<string, string>
  /** The status that AWS returns: `available`, `pending-associate`, `pending`, `deleting`, `deleted`. */
  readonly status: string
  /** The log group of its connection log. Undefined: it has none. */
  readonly logGroup?: string | undefined
}

/** The calls that watching an endpoint needs. Every failure is a `VpnError`. */
export interface Vpn {
  /**
   * All pages, or a failure. Never a part of them. `begins` is called when the first page no longer waits for the rate. A row
   * that equals the one of `shown` is the same object.
   */
  snapshot(endpointId: string, signal: AbortSignal, begins?: () => void, shown?: Shown): Promise<Snapshot>
  /**
   * The connections with these ids, at most `LOOKUP_SIZE`: all pages, or a failure. Reading ends at a page with a connection
   * that was not asked for, because AWS does not filter then.
   */
  lookUp(endpointId: string, ids: readonly string[], signal: AbortSignal): Promise<Lookup>
  /** Sends one request and does not repeat it. The queue repeats calls, so that each counts against the rate. */
  terminate(target: TerminateTarget, signal: AbortSignal): Promise<TerminateAnswer>
}

/** All calls to Client VPN in one account and Region, including those outside the cycles of endpoints. */
export interface VpnSite extends Vpn {
  /** All endpoints: all pages, or a failure. */
  endpoints(signal: AbortSignal): Promise<readonly ListedEndpoint[]>
  /** The missing permissions of those that an endpoint needs, as IAM spells them. Nothing is read or ended. */
  missingPermissions(endpointId: string, signal: AbortSignal): Promise<readonly string[]>
  /** The twelve digits of the account. */
  account(signal: AbortSignal): Promise<string>
}
