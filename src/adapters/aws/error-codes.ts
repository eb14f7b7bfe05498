import type { VpnErrorCode } from '../../app/vpn.ts'
import { ProxyFailure } from '../proxy/proxy-failure.ts'
import { RoleNotAssumed } from './assumed-role.ts'

/**
 * The codes of AWS, the SDK and Node for a failure, by Curfew's code. Sources: the EC2 error list and the common errors
 * of the API reference, the SDK's retry tables, Node's system, TLS and HTTP parser codes.
 */
const FOREIGN_CODES: Readonly<Record<VpnErrorCode, readonly string[]>> = {
  throttled: [
    'RequestLimitExceeded',
    'EC2ThrottledException',
    'Throttling',
    'ThrottlingException',
    'ThrottledException',
    'RequestThrottled',
    'RequestThrottledException',
    'TooManyRequestsException',
    'BandwidthLimitExceeded',
    'SlowDown',
    'PriorRequestNotComplete',
  ],
  denied: [
    'UnauthorizedOperation',
    'AccessDenied',
    'AccessDeniedException',
    'NotAuthorized',
    'Blocked',
    'PendingVerification',
  ],
  'no-credentials': ['CredentialsProviderError', 'ProviderError', 'TokenProviderError'],
  'bad-credentials': [
    'AuthFailure',
    'InvalidClientTokenId',
    'UnrecognizedClientException',
    'IncompleteSignature',
    'IncompleteSignatureException',
    'SignatureDoesNotMatch',
    'InvalidSignatureException',
    'MissingAuthenticationToken',
    'MissingAuthenticationTokenException',
    'InvalidIdentityToken',
    'OptInRequired',
  ],
  // EC2 sends RequestExpired both for expired credentials and for a wrong clock.
  'expired-credentials': ['RequestExpired', 'ExpiredToken', 'ExpiredTokenException', 'RequestTimeTooSkewed'],
  'endpoint-not-found': ['InvalidClientVpnEndpointId.NotFound'],
  'connection-not-found': ['InvalidClientVpnConnection.IdNotFound'],
  'user-not-found': ['InvalidClientVpnConnection.UserNotFound'],
  'too-many-connections': ['ClientVpnTerminateConnectionsLimitExceeded'],
  'bad-pagination-token': ['InvalidPaginationToken', 'InvalidNextToken'],
  unreachable: [
    'ENOTFOUND',
    'EAI_AGAIN',
    'ECONNREFUSED',
    'ECONNRESET',
    'ECONNABORTED',
    'EHOSTUNREACH',
    'EHOSTDOWN',
    'ENETUNREACH',
    'ENETDOWN',
    'EPIPE',
    'EPROTO',
    'CERT_HAS_EXPIRED',
    'CERT_NOT_YET_VALID',
    'CERT_REVOKED',
    'CERT_UNTRUSTED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ],
  timeout: ['TimeoutError', 'ETIMEDOUT', 'RequestTimeout', 'RequestTimeoutException'],
  malformed: ['MalformedAnswer'],
  'server-error': ['InternalError', 'InternalFailure', 'ServerInternal', 'Unavailable', 'ServiceUnavailable'],
  // DryRunOperation is the success of a dry run. Any other call that gets it was sent with DryRun by mistake.
  'bad-request': [
    'InvalidParameter',
    'InvalidParameterValue',
    'InvalidParameterCombination',
    'MissingParameter',
    'UnknownParameter',
    'InvalidFilter',
    'FilterLimitExceeded',
    'InvalidAction',
    'InvalidClientVpnActiveAssociationNotFound',
    'UnsupportedOperation',
    'DryRunOperation',
    'ERR_INVALID_URL',
  ],
  aborted: ['AbortError'],
  'not-held': ['NotHeld'],
}

const CODES: ReadonlyMap<string, VpnErrorCode> = new Map(
  Object.entries(FOREIGN_CODES).flatMap(([code, foreign]) =>
    foreign.map((name) => [name, code as VpnErrorCode] as const),
  ),
)

interface Failure {
  readonly name?: unknown
  /** Node's code. */
  readonly code?: unknown
  /** Present only on an error that AWS itself sent. */
  readonly $fault?: unknown
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string }
}

const failureOf = (error: unknown): Failure => (typeof error === 'object' && error !== null ? error : {})

export const httpStatusOf = (error: unknown): number | undefined => failureOf(error).$metadata?.httpStatusCode

export const requestIdOf = (error: unknown): string | undefined => failureOf(error).$metadata?.requestId

/** The code of Node or the TLS library for a failed connection. */
export const systemCodeOf = (error: unknown): string | undefined => {
  const { code } = failureOf(error)
  return typeof code === 'string' ? code : undefined
}

/** OpenSSL's number for bytes that are no TLS. Some versions of Node give it only in the message of an EPROTO. */
const NOT_TLS = 'error:0A00010B:'

/** Whether a server answered a TLS handshake with something else, such as plain HTTP. */
export const isPlain = (error: unknown): boolean => {
  const code = systemCodeOf(error)
  return (
    code === 'ERR_SSL_WRONG_VERSION_NUMBER' ||
    (code === 'EPROTO' && error instanceof Error && error.message.includes(NOT_TLS))
  )
}

/** The SDK uses these names if the body of an error holds no `<Code>`: then a proxy answered, not EC2. */
const NO_CODE = new Set(['Unknown', 'NotFound'])

/** AWS's own code. Undefined unless AWS answered. */
export const awsCodeOf = (error: unknown): string | undefined => {
  const { name, $fault } = failureOf(error)
  return $fault !== undefined && typeof name === 'string' && !NO_CODE.has(name) ? name : undefined
}

const codeByStatus = (status: number, fromAws: boolean): VpnErrorCode => {
  if (status >= 500) return 'server-error'
  if (status === 429) return 'throttled'
  if (!fromAws) return 'malformed'
  if (status === 401) return 'bad-credentials'
  return status === 403 ? 'denied' : 'bad-request'
}

/** Curfew's code for any failure of a call: by Node's code, then by the error's name, then by the HTTP status. */
export const vpnErrorCode = (error: unknown): VpnErrorCode => {
  if (error instanceof ProxyFailure) return 'unreachable'
  // Node's code comes first: the SDK names a reset connection a TimeoutError.
  const system = systemCodeOf(error)
  if (system?.startsWith('HPE_')) return 'malformed'
  const { name } = failureOf(error)
  const known = CODES.get(system ?? '') ?? (typeof name === 'string' ? CODES.get(name) : undefined)
  if (known !== undefined) return known
  const status = httpStatusOf(error)
  return status === undefined ? 'bad-request' : codeByStatus(status, awsCodeOf(error) !== undefined)
}

/**
 * Curfew's code for a failure before anything was sent to EC2. Unless the URL of EC2 is invalid, the search for
 * credentials failed: for example, STS denied a role, or a token file is missing.
 */
export const codeBeforeSending = (failure: unknown): VpnErrorCode => {
  const error = failure instanceof RoleNotAssumed ? failure.cause : failure
  const code = vpnErrorCode(error)
  const ofCredentials = (code === 'denied' || code === 'bad-request') && systemCodeOf(error) !== 'ERR_INVALID_URL'
  return ofCredentials ? 'no-credentials' : code
}
