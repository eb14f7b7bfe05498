import { partition } from '@aws-sdk/core/client'
import { adviceOnProxy } from '../../app/survey.ts'
import { VpnError, type VpnErrorCode } from '../../app/vpn.ts'
import { withheld } from '../../domain/withheld.ts'
import type { Proxy } from '../proxy/proxy.ts'
import { isOfTls, named, ProxyFailure } from '../proxy/proxy-failure.ts'
import { AWS_ACTIONS } from './actions.ts'
import { RoleNotAssumed } from './assumed-role.ts'
import { awsCodeOf, httpStatusOf, isPlain, requestIdOf, systemCodeOf, vpnErrorCode } from './error-codes.ts'
import type { NoCredentials } from './profile-problem.ts'
import { quotable } from './quotable.ts'
import { type AddressedService, wrongUrl } from './wrong-url.ts'

/** The call that failed, as the message names it. */
interface FailedCall {
  readonly action: string
  /** Undefined for a call that concerns the whole account. */
  readonly endpointId: string | undefined
  /** The name or ARN of the log group that the call reads. */
  readonly logGroup?: string | undefined
  readonly region: string
  /** `host:port`. Undefined if no request was sent. */
  readonly address: string | undefined
  /** The proxy through which the request went. */
  readonly proxy?: Proxy | undefined
  /** The variable that exempts the host from the proxy. */
  readonly exemptBy?: string | undefined
  readonly limitMs: number
  /** Why the SDK found no credentials, if that is known. */
  readonly noCredentials?: NoCredentials | undefined
}

/** The kind of policy that denies, as AWS's message names it at its end. */
const EXPLICIT = /with an explicit deny in an? (?<kind>[A-Za-z -]*?(?:policy|boundary))/
const IMPLICIT = /because no (?<kind>[A-Za-z -]*?(?:policy|boundary)) allows/
const OF_ORGANIZATION = new Set(['service control policy', 'resource control policy'])

/** What to do where allowing the action in IAM does not help; undefined where it does. */
const adviceBeyondAllow = (message: string): string | undefined => {
  const explicit = EXPLICIT.exec(message)?.groups?.kind
  const kind = explicit ?? IMPLICIT.exec(message)?.groups?.kind
  if (kind !== undefined && OF_ORGANIZATION.has(kind)) {
    return `a ${kind} of the organization denies it: ask those who manage the organization, because IAM cannot allow it`
  }
  return explicit && `remove the deny from that ${explicit}: no other policy can allow it`
}

const deniedAdvice = (call: FailedCall, message: string): string => {
  const { action, logGroup } = call
  const beyond = adviceBeyondAllow(message)
  if (beyond !== undefined) return beyond
  const name = AWS_ACTIONS.find((known) => known.endsWith(`:${action}`)) ?? action
  const kind = IMPLICIT.exec(message)?.groups?.kind ?? 'identity-based policy'
  const where = kind === 'identity-based policy' ? '' : `, in the ${kind} too`
  const example = logGroup === undefined ? '' : `, as deploy/iam/backtest.json does`
  return `allow ${name} on ${resourceOf(call)}${where}${example}`
}

/** The resource of a call in a policy of IAM. */
const resourceOf = ({ endpointId, logGroup, region }: FailedCall): string => {
  const of = (service: string) => `arn:${partition(region).name}:${service}:${region}`
  if (logGroup?.startsWith('arn:')) return `${logGroup}:*`
  if (logGroup !== undefined) return `${of('logs')}:*:log-group:${logGroup}:*`
  return endpointId === undefined ? '*' : `${of('ec2')}:*:client-vpn-endpoint/${endpointId}`
}

const unreachableAdvice = ({ address, proxy, exemptBy }: FailedCall, system = ''): string => {
  if (isOfTls(system)) {
    return proxy === undefined
      ? "a proxy may open TLS on the way: name its CA in AWS_CA_BUNDLE; otherwise check the address and the host's clock"
      : `the proxy seems to open TLS: name its CA in AWS_CA_BUNDLE`
  }
  const ofProxy = adviceOnProxy({ ...(address && { address }), proxy, exemptBy })
  return proxy === undefined ? `check the network and DNS; ${ofProxy}` : ofProxy
}

const LOGS = 'CloudWatch Logs'

const MAYBE_DONE = 'AWS may have carried it out: the next snapshot shows whether it did'

type Advice = (call: FailedCall, message: string, error: unknown) => string

const ADVICE: Readonly<Record<VpnErrorCode, Advice>> = {
  throttled: ({ logGroup }) =>
    logGroup === undefined
      ? 'other callers in this account share the limit: lower the rate, or ask AWS for a higher limit'
      : 'other callers in this account share the limit: try again later, or export the log group to S3 and read the files',
  denied: deniedAdvice,
  'no-credentials': ({ noCredentials }) =>
    noCredentials?.advice ?? 'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run with a role',
  'bad-credentials': ({ region }) => `check the access key, and that the account has ${region} enabled`,
  'expired-credentials': () => "renew the credentials, and check the host's clock",
  'endpoint-not-found': () => 'check the id and the region',
  'connection-not-found': () => 'the connection is already gone',
  'user-not-found': () => 'the user has no active connection there any more',
  'too-many-connections': () => 'terminate by connection id',
  'bad-pagination-token': () => 'the next poll reads the list from its start',
  unreachable: (call, _message, error) => unreachableAdvice(call, systemCodeOf(error)),
  timeout: ({ action, logGroup }) =>
    logGroup === undefined
      ? `check the network, or raise poll.requestTimeout${action.startsWith('Terminate') ? `; ${MAYBE_DONE}` : ''}`
      : 'check the network, and try again',
  malformed: ({ logGroup }) =>
    `another server answered instead of ${logGroup === undefined ? 'EC2' : LOGS}: check the proxy and the endpoint URL`,
  'server-error': () => 'wait; if the error persists, see the AWS Health Dashboard',
  'bad-request': () => 'this is a fault in Curfew or its configuration: please report it',
  aborted: ({ action }) => (action.startsWith('Terminate') ? MAYBE_DONE : 'nothing to do'),
  'not-held': () => 'nothing to do: the replica that holds the endpoint decides anew',
}

/** Advice for codes of AWS that say more than the code of Curfew. */
const ADVICE_BY_AWS_CODE: Readonly<Record<string, string>> = {
  InvalidClientVpnActiveAssociationNotFound:
    'the endpoint has no associated subnet now, so nobody can be connected: associate one, or remove the endpoint from watch',
  // Only the name of a log group reaches CloudWatch Logs as a resource.
  ResourceNotFoundException:
    'check the name, the Region and the account: ConnectionLogOptions in the answer of "aws ec2 describe-client-vpn-endpoints" names the log group of each endpoint',
  // A log group of the class Infrequent Access refuses to be read.
  InvalidOperationException:
    'only log groups of the Standard class can be read: save the result of a Logs Insights query, and read that file',
  InvalidParameterException: 'check the name of the log group and the period, and try again',
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '')

const serviceOf = ({ action, address, logGroup }: FailedCall): AddressedService => {
  if (action === 'GetCallerIdentity' || address === 'STS') return 'STS'
  return logGroup === undefined ? 'EC2' : LOGS
}

const PLAIN = 'write http:// in the endpoint URL, or another port'

const adviceOn = (code: VpnErrorCode, error: unknown, call: FailedCall): string =>
  wrongUrl(error, serviceOf(call))?.advice ??
  (isPlain(error) ? PLAIN : undefined) ??
  (error instanceof ProxyFailure ? error.advice : undefined) ??
  ADVICE_BY_AWS_CODE[awsCodeOf(error) ?? ''] ??
  ADVICE[code](call, messageOf(error), error)

const seconds = (ms: number) => `${ms / 1000} s`

/** Whether a message has the words of AWS and of the SDK. They may name people: the caller, or a user. */
type Words = 'shown' | 'withheld'

const WITHHELD = withheld('curfew plan')

/** The answer, or why there is none. */
const resultOf = (code: VpnErrorCode, error: unknown, call: FailedCall, words: Words): string => {
  const { limitMs, noCredentials } = call
  const address = `${call.address ?? 'the source of the credentials'}${call.proxy === undefined ? '' : ` through ${named(call.proxy)}`}`
  if (code === 'aborted') return 'stopped before an answer arrived'
  if (code === 'not-held') return 'not sent, because another replica may hold the endpoint by now'
  if (code === 'timeout') return `no complete answer from ${address} within ${seconds(limitMs)}`
  const wrong = wrongUrl(error, serviceOf(call))
  if (wrong !== undefined) return wrong.found
  if (isPlain(error)) return `${address} does not speak TLS`
  const said = quotable(messageOf(error))
  if (error instanceof ProxyFailure) return said
  const message = said === '' || words === 'shown' ? said : WITHHELD
  if (code === 'no-credentials') {
    return `no usable credentials ${words === 'shown' ? `(${noCredentials?.why ?? message})` : WITHHELD}`
  }
  const awsCode = awsCodeOf(error)
  if (awsCode !== undefined) return message === '' ? awsCode : `${quotable(awsCode)}: ${message}`
  const status = httpStatusOf(error)
  if (status !== undefined && status >= 300) {
    return `HTTP ${status} without ${call.logGroup === undefined ? 'an EC2' : `a ${LOGS}`} error from ${address}`
  }
  const system = systemCodeOf(error)
  if (code === 'unreachable' && system !== undefined) return `no connection to ${address} (${system})`
  return message === '' ? `no usable answer from ${address}` : message
}

const ROLE_REFUSED =
  'check that the role exists, that its trust policy allows these credentials, and that externalId is the value that it requires'

/** What to do about a role of another partition than the Region's; undefined about any other role. */
const otherPartition = (arn: string, region: string): string | undefined => {
  const [, ofRole] = arn.split(':')
  const { name } = partition(region)
  return ofRole === name
    ? undefined
    : `${region} belongs to the partition ${name}, where a role of ${ofRole} is not valid: name a role of an account in ${name}`
}

/** The result of a call, and what to do. */
interface Failure {
  readonly found: string
  readonly advice: string
}

const roleNotAssumed = (
  code: VpnErrorCode,
  { arn, cause }: RoleNotAssumed,
  call: FailedCall,
  words: Words,
): Failure => {
  const answered = awsCodeOf(cause) !== undefined
  const refused = answered && code === 'no-credentials'
  return {
    found: `cannot assume ${arn}: ${resultOf(refused ? 'denied' : code, cause, call, words)}`,
    advice:
      (answered ? otherPartition(arn, call.region) : undefined) ??
      (refused ? (adviceBeyondAllow(messageOf(cause)) ?? ROLE_REFUSED) : adviceOn(code, cause, call)),
  }
}

const failureOf = (code: VpnErrorCode, error: unknown, call: FailedCall, words: Words): Failure => {
  const { action, endpointId, logGroup, region } = call
  const subject = endpointId ?? logGroup
  const name = `${action}${subject === undefined ? '' : ` of ${subject}`} in ${region}`
  const { found, advice } =
    error instanceof RoleNotAssumed
      ? roleNotAssumed(code, error, { ...call, address: 'STS', proxy: undefined }, words)
      : { found: resultOf(code, error, call, words), advice: adviceOn(code, error, call) }
  return { found: `${name}: ${found}`, advice }
}

/** The `VpnError` of any failure of a call. Give `code` where the error alone does not determine it. */
export const vpnErrorOf = (error: unknown, call: FailedCall, code: VpnErrorCode = vpnErrorCode(error)): VpnError => {
  const answered = error instanceof RoleNotAssumed ? error.cause : error
  const { found, advice } = failureOf(code, error, call, 'shown')
  return new VpnError(code, found, {
    cause: error,
    advice,
    nameless: failureOf(code, error, call, 'withheld').found,
    awsCode: awsCodeOf(answered),
    requestId: requestIdOf(answered),
  })
}
