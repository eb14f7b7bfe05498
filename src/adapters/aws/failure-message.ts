import { VpnError, type VpnErrorCode } from '../../app/vpn.ts'
import { AWS_ACTIONS } from './actions.ts'
import { RoleNotAssumed } from './assumed-role.ts'
import { awsCodeOf, httpStatusOf, requestIdOf, systemCodeOf, vpnErrorCode } from './error-codes.ts'

/** The call that failed, as the message names it. */
interface FailedCall {
  readonly action: string
  /** Undefined for a call that concerns the whole account. */
  readonly endpointId: string | undefined
  readonly region: string
  /** `host:port`. Undefined if no request was sent. */
  readonly address: string | undefined
  readonly limitMs: number
}

const LONGEST_CHARACTERS = 300

/**
 * The first line of a message of AWS, the SDK or Node, without the parts that must not reach a log: authorization
 * messages, signatures, access keys, and the command line of a failed `credential_process`.
 */
const quotable = (text: string): string => {
  const line = (text.trim().split(/[\r\n\u2028\u2029]/, 1)[0] ?? '')
    .replace(/\s*Encoded authorization failure message:.*/i, '')
    .replace(/\bCommand failed:.*/i, 'Command failed')
    .replace(/\bA[KS]IA[A-Z0-9]{8,}/g, '…')
    // A secret key has 40 characters. Ids and ARNs hold no such run: dashes and colons divide them.
    .replace(/[A-Za-z0-9+/=_]{40,}/g, '…')
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .replace(/\.$/, '')
  return line.length > LONGEST_CHARACTERS ? `${line.slice(0, LONGEST_CHARACTERS)}…` : line
}

const partitionOf = (region: string) => {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

const NOT_EC2 = 'another server answered instead of EC2: check the proxy and the endpoint URL'
const MAYBE_DONE = 'AWS may have carried it out: the next snapshot shows whether it did'

const ADVICE: Readonly<Record<VpnErrorCode, (call: FailedCall) => string>> = {
  throttled: () => 'other callers in this account share the limit: lower the rate, or ask AWS for a higher limit',
  denied: ({ action, endpointId, region }) =>
    endpointId === undefined
      ? `allow ${AWS_ACTIONS.find((known) => known.endsWith(`:${action}`)) ?? action} on *`
      : `allow ec2:${action} on arn:${partitionOf(region)}:ec2:${region}:*:client-vpn-endpoint/${endpointId}`,
  'no-credentials': () => 'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run with a role',
  'bad-credentials': ({ region }) => `check the access key, and that the account has ${region} enabled`,
  'expired-credentials': () => "renew the credentials, and check the host's clock",
  'endpoint-not-found': () => 'check the id and the region',
  'connection-not-found': () => 'the connection is already gone',
  'user-not-found': () => 'the user has no active connection there any more',
  'too-many-connections': () => 'terminate by connection id',
  'bad-pagination-token': () => 'the next poll reads the list from its start',
  unreachable: () => 'check the network, DNS and proxy; for a refused certificate, check NODE_EXTRA_CA_CERTS',
  timeout: ({ action }) =>
    `check the network, or raise poll.requestTimeout${action.startsWith('Terminate') ? `; ${MAYBE_DONE}` : ''}`,
  malformed: () => NOT_EC2,
  'server-error': () => 'wait; if the error persists, see the AWS Health Dashboard',
  'bad-request': () => 'this is a fault in Curfew or its configuration: please report it',
  aborted: ({ action }) => (action.startsWith('Terminate') ? MAYBE_DONE : 'nothing to do'),
}

const seconds = (ms: number) => `${ms / 1000} s`

/** The answer, or why there is none. */
const resultOf = (code: VpnErrorCode, error: unknown, { address = 'AWS', limitMs }: FailedCall): string => {
  if (code === 'aborted') return 'stopped before an answer arrived'
  if (code === 'timeout') return `no complete answer from ${address} within ${seconds(limitMs)}`
  const message = error instanceof Error ? quotable(error.message) : ''
  if (code === 'no-credentials') return `no usable credentials (${message})`
  const awsCode = awsCodeOf(error)
  if (awsCode !== undefined) return message === '' ? awsCode : `${quotable(awsCode)}: ${message}`
  const status = httpStatusOf(error)
  if (status !== undefined && status >= 300) return `HTTP ${status} without an EC2 error from ${address}`
  const system = systemCodeOf(error)
  if (code === 'unreachable' && system !== undefined) return `no connection to ${address} (${system})`
  return message === '' ? `no usable answer from ${address}` : message
}

const ROLE_REFUSED =
  'check that the role exists, that its trust policy allows these credentials, and that externalId is the value that it requires'

const roleNotAssumed = (code: VpnErrorCode, { arn, cause }: RoleNotAssumed, call: FailedCall): string => {
  const refused = awsCodeOf(cause) !== undefined && code === 'no-credentials'
  return `cannot assume ${arn}: ${resultOf(refused ? 'denied' : code, cause, call)}; ${refused ? ROLE_REFUSED : ADVICE[code](call)}`
}

/** One line for an operator: the call, the result, the advice. */
const failureMessage = (code: VpnErrorCode, error: unknown, call: FailedCall): string => {
  const { action, endpointId, region } = call
  const name = `${action}${endpointId === undefined ? '' : ` of ${endpointId}`} in ${region}`
  if (error instanceof RoleNotAssumed) return `${name}: ${roleNotAssumed(code, error, { ...call, address: 'STS' })}`
  return `${name}: ${resultOf(code, error, call)}; ${ADVICE[code](call)}`
}

/** The `VpnError` of any failure of a call. Give `code` where the error alone does not determine it. */
export const vpnErrorOf = (error: unknown, call: FailedCall, code: VpnErrorCode = vpnErrorCode(error)): VpnError => {
  const answered = error instanceof RoleNotAssumed ? error.cause : error
  return new VpnError(code, failureMessage(code, error, call), {
    cause: error,
    awsCode: awsCodeOf(answered),
    requestId: requestIdOf(answered),
  })
}
