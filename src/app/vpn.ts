import type { Connection } from '../domain/connection.ts'
import type { Instant } from '../domain/time/instant.ts'

/** What can go wrong between Curfew and AWS: the closed set that logs and metrics share. */
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
] as const
export type VpnErrorCode = (typeof VPN_ERROR_CODES)[number]

/** A call to AWS that failed. `message` is one line for an operator: what was asked, what came back, what to do. */
export class VpnError extends Error {
  override name = 'VpnError'
  readonly code: VpnErrorCode
  /** AWS's own word, if AWS answered. */
  readonly awsCode: string | undefined
  readonly requestId: string | undefined

  constructor(
    code: VpnErrorCode,
    message: string,
    details: { cause?: unknown; awsCode?: string | undefined; requestId?: string | undefined } = {},
  ) {
    super(message, { cause: details.cause })
    this.code = code
    this.awsCode = details.awsCode
    this.requestId = details.requestId
  }
}

/** Every row of one endpoint, complete, those of the last hour's ended connections included. */
export interface Snapshot {
  readonly endpointId: string
  /** When the first page was asked for: what happened before is in it. */
  readonly begunAt: Instant
  readonly completedAt: Instant
  readonly connections: readonly Connection[]
}

/** One call ends one connection, or all of one user: at most five, by the name as AWS spells it. */
export type Termination =
  | { readonly endpointId: string; readonly connectionId: string }
  | { readonly endpointId: string; readonly username: string }

/** What AWS said of a termination. It only promises to begin: the proof is a later snapshot. */
export interface TerminationAnswer {
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
  /** AWS's word: `available`, `pending-associate`, `pending`, `deleting`, `deleted`. */
  readonly status: string
}

/** What watching an endpoint takes of AWS. Every failure is a `VpnError`. */
export interface Vpn {
  /** All pages or a failure: never a part. */
  snapshot(endpointId: string, signal: AbortSignal): Promise<Snapshot>
  /** One attempt, not repeated: the queue repeats, so that every call is counted against the rate. */
  terminate(termination: Termination, signal: AbortSignal): Promise<TerminationAnswer>
}

/** The Client VPN of one account in one Region, whole: what is asked beside the endpoints' own cycles. */
export interface VpnSite extends Vpn {
  /** Every endpoint that there is: all pages or a failure. */
  endpoints(signal: AbortSignal): Promise<readonly ListedEndpoint[]>
  /** Which of the permissions that an endpoint needs are missing, as IAM spells them; nothing is read or ended. */
  missingPermissions(endpointId: string, signal: AbortSignal): Promise<readonly string[]>
  /** The account's twelve digits. */
  account(signal: AbortSignal): Promise<string>
}
