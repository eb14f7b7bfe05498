import { AWS_ACTIONS, type AwsAction } from '../src/adapters/aws/actions.ts'
import type { Mode } from '../src/domain/policies/policy.ts'

/** The purpose of each action. A new action does not compile until it has one. */
const PURPOSES: Readonly<Record<AwsAction, Purpose>> = {
  'ec2:DescribeClientVpnConnections': 'Watch',
  'ec2:TerminateClientVpnConnections': 'End',
  'ec2:DescribeClientVpnEndpoints': 'Discover',
  'logs:FilterLogEvents': 'ReadLogs',
  'sts:AssumeRole': 'Enter',
  'sts:GetCallerIdentity': 'NeedsNoPermission',
}

type Purpose = 'Watch' | 'End' | 'Discover' | 'ReadLogs' | 'Enter' | 'NeedsNoPermission'

type Equal = Readonly<Record<string, string>>

interface Limit {
  readonly Resource?: string | readonly string[]
  readonly Condition?: { readonly StringEquals: Equal }
}

export interface Statement extends Limit {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Principal?: { readonly AWS: string }
  readonly Action: string | readonly string[]
}

export interface IamPolicy {
  readonly Version: '2012-10-17'
  readonly Statement: readonly Statement[]
}

/** Endpoints of one account and Region: those with the ids, or all with the tags. */
export interface Place {
  readonly region: string
  readonly account: string
  readonly endpoints: { readonly ids: readonly string[] } | { readonly tags: Equal }
}

const policy = (Statement: readonly Statement[]): IamPolicy => ({ Version: '2012-10-17', Statement })

/** IAM accepts a single value in place of a list of one, which is easier to read. */
const valueOrList = (values: readonly string[]) => (values.length === 1 ? (values[0] ?? []) : values)

const actionsFor = (purpose: Purpose) => valueOrList(AWS_ACTIONS.filter((action) => PURPOSES[action] === purpose))

const allow = (purpose: Purpose, limit: Limit): Statement => ({
  Sid: purpose,
  Effect: 'Allow',
  Action: actionsFor(purpose),
  ...limit,
})

/** AWS has no narrower resource for listing endpoints. */
const inRegion = (region: string): Limit => ({ Resource: '*', Condition: { StringEquals: { 'ec2:Region': region } } })

const onEndpoints = ({ region, account, endpoints }: Place): Limit => {
  const arn = (id: string) => `arn:aws:ec2:${region}:${account}:client-vpn-endpoint/${id}`
  if ('ids' in endpoints) return { Resource: valueOrList(endpoints.ids.map(arn)) }
  const tags = Object.entries(endpoints.tags).map(([key, value]) => [`aws:ResourceTag/${key}`, value])
  return { Resource: arn('*'), Condition: { StringEquals: Object.fromEntries(tags) } }
}

/** The permissions to watch endpoints; in `enforce` to terminate connections too, and with tags to discover endpoints. */
export const endpointPolicy = (mode: Mode, place: Place): IamPolicy =>
  policy([
    ...('tags' in place.endpoints ? [allow('Discover', inRegion(place.region))] : []),
    allow('Watch', onEndpoints(place)),
    ...(mode === 'enforce' ? [allow('End', onEndpoints(place))] : []),
  ])

/** The permission to read the tags of endpoints by id, in addition to one of those. With tags it is there already. */
const tagsPolicy = (region: string): IamPolicy => policy([allow('Discover', inRegion(region))])

/**
 * The permission to read a log group, for `curfew backtest`. The end `:*` stands for its streams: without it IAM would
 * match no call that reads.
 */
export const logsPolicy = (place: { readonly region: string; readonly account: string; readonly logGroup: string }) =>
  policy([
    allow('ReadLogs', { Resource: `arn:aws:logs:${place.region}:${place.account}:log-group:${place.logGroup}:*` }),
  ])

/** The permissions of the daemon's own credentials to assume roles in other accounts. */
export const hubPolicy = (roles: readonly string[]): IamPolicy =>
  policy([allow('Enter', { Resource: valueOrList(roles) })])

/** The trust policy of a role in another account. */
export const trustPolicy = (hub: string, externalId: string): IamPolicy => {
  const { Sid, Effect, Action } = allow('Enter', {})
  const Condition = { StringEquals: { 'sts:ExternalId': externalId } }
  return policy([{ Sid, Effect, Principal: { AWS: hub }, Action, Condition }])
}

/** The function that an endpoint asks, as the template in deploy/connect-handler names it. */
export interface Handler {
  readonly region: string
  readonly account: string
  readonly functionName: string
}

const functionArn = ({ region, account, functionName }: Handler) =>
  `arn:aws:lambda:${region}:${account}:function:${functionName}`

const grant = (Sid: string, Action: Statement['Action'], Resource: string): Statement => ({
  Sid,
  Effect: 'Allow',
  Action,
  Resource,
})

/**
 * The permissions of the pipeline that puts new code behind the alias. The end `:*` stands for the versions of the function:
 * without it IAM would match no call that names one.
 */
export const updateHandlerPolicy = (handler: Handler): IamPolicy =>
  policy([
    grant(
      'PublishCode',
      ['lambda:UpdateFunctionCode', 'lambda:GetFunctionConfiguration', 'lambda:PublishVersion'],
      functionArn(handler),
    ),
    grant('AskVersion', ['lambda:GetFunctionConfiguration', 'lambda:InvokeFunction'], `${functionArn(handler)}:*`),
    grant('MoveAlias', ['lambda:GetAlias', 'lambda:UpdateAlias'], functionArn(handler)),
    allow('Discover', inRegion(handler.region)),
  ])

/** The permissions of an operator to make endpoints ask the handler or nobody, and to move the alias back. */
export const switchHandlerPolicy = (handler: Handler, endpointIds: readonly string[]): IamPolicy =>
  policy([
    grant(
      'MoveAlias',
      ['lambda:GetAlias', 'lambda:ListVersionsByFunction', 'lambda:UpdateAlias'],
      functionArn(handler),
    ),
    {
      Sid: 'Switch',
      Effect: 'Allow',
      Action: 'ec2:ModifyClientVpnEndpoint',
      ...onEndpoints({ ...handler, endpoints: { ids: endpointIds } }),
    },
    allow('Discover', inRegion(handler.region)),
  ])

/**
 * The permissions of a Grafana that shows the handler. Metrics cannot be limited to a function, nor a stop to a log. Explore
 * lists the names of the log groups to choose one: https://grafana.com/docs/grafana/latest/datasources/aws-cloudwatch/
 */
export const showHandlerPolicy = ({ region, account, functionName }: Handler): IamPolicy =>
  policy([
    grant('Metrics', ['cloudwatch:GetMetricData', 'cloudwatch:ListMetrics'], '*'),
    grant('Regions', 'ec2:DescribeRegions', '*'),
    grant(
      'AskLog',
      ['logs:StartQuery', 'logs:GetQueryResults', 'logs:GetLogGroupFields'],
      `arn:aws:logs:${region}:${account}:log-group:/aws/lambda/${functionName}:*`,
    ),
    grant('StopAsking', 'logs:StopQuery', '*'),
    grant('ListLogs', 'logs:DescribeLogGroups', '*'),
  ])

/** A user of a database in RDS or Aurora. `resourceId` is that of the instance or of the cluster, not its name. */
export interface DatabaseUser {
  readonly region: string
  readonly account: string
  readonly resourceId: string
  readonly user: string
}

/**
 * The permission to sign in to the database of replicas with a token of IAM. No API has this action: the server asks IAM
 * when it gets the token.
 */
export const databasePolicy = ({ region, account, resourceId, user }: DatabaseUser): IamPolicy =>
  policy([grant('SignIn', 'rds-db:connect', `arn:aws:rds-db:${region}:${account}:dbuser:${resourceId}/${user}`)])

const REGION = 'eu-central-1'
const HUB = '111122223333'
const MEMBER = '444455556666'

const ENDPOINTS = ['cvpn-endpoint-0123456789abcdef0']
const byId: Place = { region: REGION, account: HUB, endpoints: { ids: ENDPOINTS } }
const byTag: Place = { region: REGION, account: HUB, endpoints: { tags: { 'vpn-policy': 'enforced' } } }
const handler: Handler = { region: REGION, account: HUB, functionName: 'AWSClientVPN-curfew' }

/** The files in deploy/iam, by path from the root. */
export const iamFiles = (): Readonly<Record<string, IamPolicy>> => ({
  'deploy/iam/audit-by-id.json': endpointPolicy('audit', byId),
  'deploy/iam/audit-by-tag.json': endpointPolicy('audit', byTag),
  'deploy/iam/enforce-by-id.json': endpointPolicy('enforce', byId),
  'deploy/iam/enforce-by-tag.json': endpointPolicy('enforce', byTag),
  'deploy/iam/read-tags.json': tagsPolicy(REGION),
  'deploy/iam/database.json': databasePolicy({
    region: REGION,
    account: HUB,
    resourceId: 'cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    user: 'curfew_by_iam',
  }),
  'deploy/iam/backtest.json': logsPolicy({ region: REGION, account: HUB, logGroup: '/aws/clientvpn' }),
  'deploy/iam/connect-handler-update.json': updateHandlerPolicy(handler),
  'deploy/iam/connect-handler-switch.json': switchHandlerPolicy(handler, ENDPOINTS),
  'deploy/iam/connect-handler-grafana.json': showHandlerPolicy(handler),
  'deploy/iam/other-account/daemon.json': hubPolicy([`arn:aws:iam::${MEMBER}:role/curfew`]),
  'deploy/iam/other-account/role-audit.json': endpointPolicy('audit', { ...byTag, account: MEMBER }),
  'deploy/iam/other-account/role-enforce.json': endpointPolicy('enforce', { ...byTag, account: MEMBER }),
  'deploy/iam/other-account/role-trust.json': trustPolicy(`arn:aws:iam::${HUB}:role/curfew`, 'curfew'),
})
