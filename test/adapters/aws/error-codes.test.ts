import { describe, expect, it } from 'vitest'
import { awsCodeOf, codeBeforeSending, vpnErrorCode } from '../../../src/adapters/aws/error-codes.ts'

const fromAws = (name: string, status: number) =>
  Object.assign(new Error('from AWS'), { name, $fault: 'client', $metadata: { httpStatusCode: status } })

const fromNode = (code: string) => Object.assign(new Error('from Node'), { code })

describe('an error code of AWS', () => {
  it.each([
    ['RequestLimitExceeded', 503, 'throttled'],
    ['EC2ThrottledException', 503, 'throttled'],
    ['Throttling', 400, 'throttled'],
    ['ThrottlingException', 400, 'throttled'],
    ['InternalError', 500, 'server-error'],
    ['InternalFailure', 500, 'server-error'],
    ['ServerInternal', 500, 'server-error'],
    ['Unavailable', 503, 'server-error'],
    ['ServiceUnavailable', 503, 'server-error'],
    ['UnauthorizedOperation', 403, 'denied'],
    ['AuthFailure', 401, 'bad-credentials'],
    ['InvalidClientTokenId', 403, 'bad-credentials'],
    ['IncompleteSignature', 400, 'bad-credentials'],
    ['MissingAuthenticationToken', 403, 'bad-credentials'],
    ['OptInRequired', 403, 'bad-credentials'],
    ['SignatureDoesNotMatch', 403, 'bad-credentials'],
    ['RequestExpired', 400, 'expired-credentials'],
    ['ExpiredToken', 400, 'expired-credentials'],
    ['ExpiredTokenException', 403, 'expired-credentials'],
    ['InvalidClientVpnEndpointId.NotFound', 400, 'endpoint-not-found'],
    ['InvalidClientVpnConnection.IdNotFound', 400, 'connection-not-found'],
    ['InvalidClientVpnConnection.UserNotFound', 400, 'user-not-found'],
    ['ClientVpnTerminateConnectionsLimitExceeded', 400, 'too-many-connections'],
    ['InvalidPaginationToken', 400, 'bad-pagination-token'],
    ['InvalidClientVpnActiveAssociationNotFound', 400, 'bad-request'],
    ['InvalidParameterValue', 400, 'bad-request'],
    ['InvalidParameterCombination', 400, 'bad-request'],
    ['MissingParameter', 400, 'bad-request'],
    ['InvalidFilter', 400, 'bad-request'],
    ['FilterLimitExceeded', 400, 'bad-request'],
    ['UnknownParameter', 400, 'bad-request'],
    ['UnsupportedOperation', 400, 'bad-request'],
    ['DryRunOperation', 412, 'bad-request'],
  ] as const)('%s with %d is %s', (name, status, code) => {
    expect(vpnErrorCode(fromAws(name, status))).toBe(code)
    expect(awsCodeOf(fromAws(name, status))).toBe(name)
  })

  it.each([
    [500, 'server-error'],
    [503, 'server-error'],
    [429, 'throttled'],
    [401, 'bad-credentials'],
    [403, 'denied'],
    [400, 'bad-request'],
    [409, 'bad-request'],
  ] as const)('that is unknown is classified by its HTTP status %d', (status, code) => {
    expect(vpnErrorCode(fromAws('Novelty', status))).toBe(code)
  })
})

describe('an answer without an error code of AWS', () => {
  it.each([
    [502, 'server-error'],
    [429, 'throttled'],
    [403, 'malformed'],
    [404, 'malformed'],
    [301, 'malformed'],
  ] as const)('and with HTTP status %d is %s', (status, code) => {
    expect(vpnErrorCode(fromAws('Unknown', status))).toBe(code)
    expect(awsCodeOf(fromAws('Unknown', status))).toBeUndefined()
  })

  it('is malformed if the SDK cannot parse it', () => {
    const unparsed = Object.assign(new SyntaxError('unexpected'), { $metadata: { httpStatusCode: 200 } })
    expect(vpnErrorCode(unparsed)).toBe('malformed')
  })
})

describe('a failure of the network or the SDK', () => {
  it.each([
    ['ENOTFOUND', 'unreachable'],
    ['EAI_AGAIN', 'unreachable'],
    ['ECONNREFUSED', 'unreachable'],
    ['ECONNRESET', 'unreachable'],
    ['EPIPE', 'unreachable'],
    ['CERT_HAS_EXPIRED', 'unreachable'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'unreachable'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'unreachable'],
    ['ETIMEDOUT', 'timeout'],
    ['HPE_INVALID_CONSTANT', 'malformed'],
  ] as const)('%s is %s', (code, expected) => {
    expect(vpnErrorCode(fromNode(code))).toBe(expected)
  })

  it.each([
    ['TimeoutError', 'timeout'],
    ['AbortError', 'aborted'],
    ['CredentialsProviderError', 'no-credentials'],
  ] as const)('%s is %s', (name, expected) => {
    expect(vpnErrorCode(Object.assign(new Error('from the SDK'), { name }))).toBe(expected)
  })

  it('is classified by Node’s code if the SDK names a reset connection a timeout', () => {
    expect(vpnErrorCode(Object.assign(fromNode('ECONNRESET'), { name: 'TimeoutError' }))).toBe('unreachable')
  })

  it.each([undefined, null, 'text', 7, {}, new TypeError('a bug')])(
    'is bad-request for the unexpected error %s',
    (error) => {
      expect(vpnErrorCode(error)).toBe('bad-request')
    },
  )
})

describe('a failure before anything was sent', () => {
  it.each([
    [fromAws('AccessDenied', 403), 'no-credentials'],
    [new Error('Invalid response from STS'), 'no-credentials'],
    [fromNode('ENOENT'), 'no-credentials'],
    [fromAws('ExpiredTokenException', 400), 'expired-credentials'],
    [fromNode('ENOTFOUND'), 'unreachable'],
    [fromNode('ERR_INVALID_URL'), 'bad-request'],
  ] as const)('%s is %s', (error, code) => {
    expect(codeBeforeSending(error)).toBe(code)
  })
})
