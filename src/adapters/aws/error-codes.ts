import type { VpnErrorCode } from '../../app/vpn.ts'
import { RoleNotAssumed } from './assumed-role.ts'

/**
 * AWS's, the SDK's and Node's words for a failure, under ours. Sources: the EC2 error list and the common errors of
 * the API reference, the SDK's retry tables, Node's system, TLS and HTTP parser codes.
 */
const WORDS: Readonly<Record<VpnErrorCode, readonly string[]>> = {
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
  // EC2 says RequestExpired of old credentials and of a wrong clock alike.
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
  // DryRunOperation is what a dry run wants to hear; elsewhere it would be a request that we did not mean.
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
}

const CODES: ReadonlyMap<string, VpnErrorCode> = new Map(
  Object.entries(WORDS).flatMap(([code, words]) => words.map((word) => [word, code as VpnErrorCode] as const)),
)

interface Failure {
  readonly name?: unknown
  /** Node's word. */
  readonly code?: unknown
  /** Only on an error that AWS itself put into words. */
  readonly $fault?: unknown
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string }
}

const failureOf = (error: unknown): Failure => (typeof error === 'object' && error !== null ? error : {})

export const httpStatusOf = (error: unknown): number | undefined => failureOf(error).$metadata?.httpStatusCode

export const requestIdOf = (error: unknown): string | undefined => failureOf(error).$metadata?.requestId

/** Node's or the TLS library's word for a failed connection. */
export const systemCodeOf = (error: unknown): string | undefined => {
  const { code } = failureOf(error)
  return typeof code === 'string' ? code : undefined
}

/** The SDK's stand-ins where the body of an error held no `<Code>`: a proxy answered, not EC2. */
const NO_CODE = new Set(['Unknown', 'NotFound'])

/** AWS's own word, if AWS answered. */
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

/** Our word for any failure of a call: by Node's code, then by name, then by HTTP status. */
export const vpnErrorCode = (error: unknown): VpnErrorCode => {
  // The SDK calls a reset connection a TimeoutError: Node's code is the truer word.
  const system = systemCodeOf(error)
  if (system?.startsWith('HPE_')) return 'malformed'
  const { name } = failureOf(error)
  const known = CODES.get(system ?? '') ?? (typeof name === 'string' ? CODES.get(name) : undefined)
  if (known !== undefined) return known
  const status = httpStatusOf(error)
  return status === undefined ? 'bad-request' : codeByStatus(status, awsCodeOf(error) !== undefined)
}

/**
 * Our word for a failure before anything was sent to EC2: the search for credentials failed, be it that STS denied a
 * role or that a token file is not there, unless the endpoint's URL is none.
 */
export const codeBeforeSending = (failure: unknown): VpnErrorCode => {
  const error = failure instanceof RoleNotAssumed ? failure.cause : failure
  const code = vpnErrorCode(error)
  const ofCredentials = (code === 'denied' || code === 'bad-request') && systemCodeOf(error) !== 'ERR_INVALID_URL'
  return ofCredentials ? 'no-credentials' : code
}
