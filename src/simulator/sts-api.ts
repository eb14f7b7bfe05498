import type { Instant } from '../domain/time/instant.ts'
import { AwsError } from './aws-error.ts'
import { type AwsQuery, createQuery } from './aws-query.ts'
import type { Answer, Request } from './aws-request.ts'
import type { Caller, Callers } from './callers.ts'
import { element, endpointTime, textElement } from './ec2-xml.ts'
import type { Scenario } from './scenario.ts'

/** The lifetimes that STS allows, in seconds: 15 minutes to 12 hours, one hour by default. */
const LIFETIME = { least: 900, most: 43_200, usual: 3600 }

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'

const inNamespace = (name: string, content: string) => `<${name} xmlns="${NAMESPACE}">${content}</${name}>`

const answerXml = (action: string, requestId: string, content: string) =>
  inNamespace(
    `${action}Response`,
    element(`${action}Result`, content) + element('ResponseMetadata', textElement('RequestId', requestId)),
  )

/** The body of an error in the form of STS. */
export const stsErrorXml = ({ code, message }: AwsError, requestId: string): string =>
  inNamespace(
    'ErrorResponse',
    element('Error', textElement('Type', 'Sender') + textElement('Code', code) + textElement('Message', message)) +
      textElement('RequestId', requestId),
  )

export const STS_ACTIONS: ReadonlySet<string> = new Set(['AssumeRole', 'GetCallerIdentity'])

/** Answers STS Query requests: the caller's identity, and credentials for the scenario's roles. */
export const createStsApi = (scenario: Scenario, callers: Callers) => {
  const roles = new Map(scenario.roles.map((role) => [role.arn, role]))

  /** AWS gives the same answer for an unknown role, a wrong external id and a denied action. */
  const assumeRole = (query: AwsQuery, caller: Caller, now: Instant): string => {
    const arn = query.required('RoleArn')
    const sessionName = query.required('RoleSessionName')
    const externalId = query.text('ExternalId')
    const seconds = query.integer('DurationSeconds', LIFETIME.least, LIFETIME.most) ?? LIFETIME.usual
    query.refuseUnread()
    if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
      throw new AwsError('ValidationError', `Value '${sessionName}' at 'roleSessionName' failed to satisfy constraint`)
    }
    const role = roles.get(arn)
    const trusted = role !== undefined && (role.externalId === undefined || role.externalId === externalId)
    if (!trusted || caller.deny.includes('sts:AssumeRole')) {
      throw new AwsError(
        'AccessDenied',
        `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
      )
    }
    const issued = callers.admit(role, sessionName, seconds, now)
    return (
      element(
        'AssumedRoleUser',
        textElement('AssumedRoleId', issued.caller.userId) + textElement('Arn', issued.caller.arn),
      ) +
      element(
        'Credentials',
        textElement('AccessKeyId', issued.accessKeyId) +
          textElement('SecretAccessKey', issued.secretAccessKey) +
          textElement('SessionToken', issued.sessionToken) +
          textElement('Expiration', `${endpointTime(issued.expiresAt)}Z`),
      )
    )
  }

  const getCallerIdentity = (query: AwsQuery, { arn, userId, account }: Caller): string => {
    query.refuseUnread()
    return textElement('Arn', arn) + textElement('UserId', userId) + textElement('Account', account)
  }

  const perform = ({ signature, sessionToken, parameters }: Request, now: Instant): string => {
    const caller = callers.recognise(signature.accessKeyId, sessionToken, now)
    if (caller === 'expired') {
      throw new AwsError('ExpiredToken', 'The security token included in the request is expired')
    }
    if (caller === 'unknown') {
      throw new AwsError('InvalidClientTokenId', 'The security token included in the request is invalid')
    }
    const action = parameters.get('Action')
    const query = createQuery(parameters)
    if (action === 'AssumeRole') return assumeRole(query, caller, now)
    if (action === 'GetCallerIdentity') return getCallerIdentity(query, caller)
    throw new AwsError('InvalidAction', `Could not find operation ${action} for version 2011-06-15`)
  }

  return (request: Request, now: Instant): Answer => {
    const { requestId, parameters } = request
    try {
      const content = perform(request, now)
      return { status: 200, code: undefined, body: answerXml(parameters.get('Action') ?? '', requestId, content) }
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      return { status: error.status, code: error.code, body: stsErrorXml(error, requestId) }
    }
  }
}
