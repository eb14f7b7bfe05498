import { VpnError, type VpnErrorCode } from '../../app/vpn.ts'
import { AWS_ACTIONS } from './actions.ts'
import { RoleNotAssumed } from './assumed-role.ts'
import { awsCodeOf, httpStatusOf, requestIdOf, systemCodeOf, vpnErrorCode } from './error-codes.ts'

/** What was asked of AWS, in the words of the message. */
interface Asked {
  readonly action: string
  /** Undefined: asked of the account. */
  readonly endpointId: string | undefined
  readonly region: string
  /** `host:port`, once a request was on its way. */
  readonly address: string | undefined
  readonly limitMs: number
}

const LONGEST = 300

/**
 * The first line of somebody else's message, without what must not reach a log: authorization blobs, signatures,
 * access keys, and the command line of a failed `credential_process`.
 */
const quotable = (text: string): string => {
  const line = (text.trim().split(/[\r\n\u2028\u2029]/, 1)[0] ?? '')
    .replace(/\s*Encoded authorization failure message:.*/i, '')
    .replace(/\bCommand failed:.*/i, 'Command failed')
    .replace(/\bA[KS]IA[A-Z0-9]{8,}/g, '…')
    // A secret key has 40 characters; ids and ARNs hold no such run, their dashes and colons part it.
    .replace(/[A-Za-z0-9+/=_]{40,}/g, '…')
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .replace(/\.$/, '')
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line
}

const partitionOf = (region: string) => {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

const NOT_EC2 = 'something else answered in place of EC2: check the proxy and the endpoint URL'
const MAYBE_DONE = 'it may have been carried out: the next snapshot tells'

const ADVICE: Readonly<Record<VpnErrorCode, (asked: Asked) => string>> = {
  throttled: () => 'other callers of this account share the limit: lower the rate, or ask AWS for a higher one',
  denied: ({ action, endpointId, region }) =>
    endpointId === undefined
      ? `allow ${AWS_ACTIONS.find((known) => known.endsWith(`:${action}`)) ?? action} on *`
      : `allow ec2:${action} on arn:${partitionOf(region)}:ec2:${region}:*:client-vpn-endpoint/${endpointId}`,
  'no-credentials': () => 'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run with a role',
  'bad-credentials': ({ region }) => `check the access key, and that the account has ${region} enabled`,
  'expired-credentials': () => "renew the credentials, and check the host's clock",
  'endpoint-not-found': () => 'check the id and the region',
  'connection-not-found': () => 'it is already gone',
  'user-not-found': () => 'the user has no active connection there any more',
  'too-many-connections': () => 'terminate by connection id',
  'bad-pagination-token': () => 'the list is read anew at the next poll',
  unreachable: () => 'check the network, DNS and proxy, and NODE_EXTRA_CA_CERTS where a certificate is refused',
  timeout: ({ action }) =>
    `check the network, or raise poll.requestTimeout${action.startsWith('Terminate') ? `; ${MAYBE_DONE}` : ''}`,
  malformed: () => NOT_EC2,
  'server-error': () => 'wait, and see the AWS Health Dashboard if it goes on',
  'bad-request': () => 'this is a fault in Curfew or in its configuration: please report it',
  aborted: ({ action }) => (action.startsWith('Terminate') ? MAYBE_DONE : 'nothing to do'),
}

const seconds = (ms: number) => `${ms / 1000} s`

const cameBack = (code: VpnErrorCode, error: unknown, { address = 'AWS', limitMs }: Asked): string => {
  if (code === 'aborted') return 'stopped before an answer came'
  if (code === 'timeout') return `no complete answer from ${address} within ${seconds(limitMs)}`
  const said = error instanceof Error ? quotable(error.message) : ''
  if (code === 'no-credentials') return `no usable credentials (${said})`
  const awsCode = awsCodeOf(error)
  if (awsCode !== undefined) return said === '' ? awsCode : `${quotable(awsCode)}: ${said}`
  const status = httpStatusOf(error)
  if (status !== undefined && status >= 300) return `HTTP ${status} without an EC2 error from ${address}`
  const system = systemCodeOf(error)
  if (code === 'unreachable' && system !== undefined) return `no connection to ${address} (${system})`
  return said === '' ? `no usable answer from ${address}` : said
}

const ROLE_REFUSED =
  'check that the role exists, that its trust policy names these credentials, and that externalId is the one it asks for'

const roleNotAssumed = (code: VpnErrorCode, { arn, cause }: RoleNotAssumed, asked: Asked): string => {
  const refused = awsCodeOf(cause) !== undefined && code === 'no-credentials'
  return `cannot assume ${arn}: ${cameBack(refused ? 'denied' : code, cause, asked)}; ${refused ? ROLE_REFUSED : ADVICE[code](asked)}`
}

/** One line for an operator: what was asked, what came back, what to do. */
const failureMessage = (code: VpnErrorCode, error: unknown, asked: Asked): string => {
  const { action, endpointId, region } = asked
  const what = `${action}${endpointId === undefined ? '' : ` of ${endpointId}`} in ${region}`
  if (error instanceof RoleNotAssumed) return `${what}: ${roleNotAssumed(code, error, { ...asked, address: 'STS' })}`
  return `${what}: ${cameBack(code, error, asked)}; ${ADVICE[code](asked)}`
}

/** Any failure of a call, in our words; `code` where the caller knows better than the error. */
export const vpnErrorOf = (error: unknown, asked: Asked, code: VpnErrorCode = vpnErrorCode(error)): VpnError => {
  const said = error instanceof RoleNotAssumed ? error.cause : error
  return new VpnError(code, failureMessage(code, error, asked), {
    cause: error,
    awsCode: awsCodeOf(said),
    requestId: requestIdOf(said),
  })
}
