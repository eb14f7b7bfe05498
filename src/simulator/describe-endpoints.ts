import { DAY } from '../domain/time/instant.ts'
import { AwsError } from './aws-error.ts'
import type { Filter } from './aws-query.ts'
import { type Action, type ActionContext, findEndpoint, isHere } from './ec2-action.ts'
import { element, endpointTime, listElement, textElement } from './ec2-xml.ts'
import { type PageRequest, readPageRequest } from './page.ts'
import type { EndpointScenario } from './scenario.ts'
import { CLIENT_CIDR_BLOCK } from './world.ts'

const TRANSPORT = 'udp'

const FILTERS = ['endpoint-id', 'transport-protocol']

/** The exact age does not matter, but every endpoint must be older than its connections. */
const ENDPOINT_AGE_MS = 90 * DAY

interface Input {
  readonly ids: readonly string[]
  readonly filters: readonly Filter[]
  readonly page: PageRequest
}

const authenticationXml = ({ authentication, account, region, name }: EndpointScenario): string => {
  const type = (kind: string) => textElement('type', `${kind}-authentication`)
  switch (authentication) {
    case 'certificate': {
      const chain = `arn:aws:acm:${region}:${account}:certificate/00000000-0000-4000-8000-000000000000`
      return type('certificate') + element('mutualAuthentication', textElement('clientRootCertificateChain', chain))
    }
    case 'directory':
      return type('directory-service') + element('activeDirectory', textElement('directoryId', 'd-0123456789'))
    case 'federated': {
      const provider = `arn:aws:iam::${account}:saml-provider/${name}`
      return type('federated') + element('federatedAuthentication', textElement('samlProviderArn', provider))
    }
  }
}

const endpointXml = (endpoint: EndpointScenario, { world }: ActionContext): string =>
  [
    textElement('clientVpnEndpointId', endpoint.id),
    textElement('description', endpoint.description),
    element('status', textElement('code', endpoint.status)),
    textElement('creationTime', endpointTime(world.startedAt - ENDPOINT_AGE_MS)),
    textElement('dnsName', `*.${endpoint.id}.prod.clientvpn.${endpoint.region}.amazonaws.com`),
    textElement('clientCidrBlock', CLIENT_CIDR_BLOCK),
    textElement('splitTunnel', true),
    textElement('vpnProtocol', 'openvpn'),
    textElement('transportProtocol', TRANSPORT),
    textElement('vpnPort', 443),
    textElement(
      'serverCertificateArn',
      `arn:aws:acm:${endpoint.region}:${endpoint.account}:certificate/00000000-0000-4000-8000-000000000001`,
    ),
    listElement('authenticationOptions', [authenticationXml(endpoint)]),
    element(
      'connectionLogOptions',
      textElement('Enabled', endpoint.logGroup !== undefined) + textElement('CloudwatchLogGroup', endpoint.logGroup),
    ),
    listElement(
      'tagSet',
      Object.entries({ Name: endpoint.name, ...endpoint.tags }).map(
        ([key, value]) => textElement('key', key) + textElement('value', value),
      ),
    ),
    textElement('sessionTimeoutHours', 24),
    textElement('disconnectOnSessionTimeout', true),
  ].join('')

const passes = ({ id }: EndpointScenario, filters: readonly Filter[]) =>
  filters.every(({ name, values }) => values.includes(name === 'endpoint-id' ? id : TRANSPORT))

export const describeEndpoints: Action<Input> = {
  name: 'DescribeClientVpnEndpoints',
  bucket: 'describe',
  read(query) {
    const ids = query.list('ClientVpnEndpointId')
    const page = readPageRequest(query)
    if (ids.length > 0 && page.limit !== undefined) {
      throw new AwsError('InvalidParameterCombination', 'ClientVpnEndpointId and MaxResults cannot be used together')
    }
    return { ids, page, filters: query.filters(FILTERS) }
  },
  perform({ ids, filters, page }, context) {
    const { world, account, region } = context
    const named = new Set(ids.map((id) => findEndpoint(context, id)))
    const listed = world.endpoints.filter(
      (endpoint) =>
        isHere(endpoint, context) && (named.size === 0 || named.has(endpoint)) && passes(endpoint.scenario, filters),
    )
    const { rows, nextToken } = context.pager.page(
      page,
      {
        scope: ['endpoints', account, region, ids, filters],
        after: (order) => listed.filter((endpoint) => endpoint.order > order),
        orderOf: (endpoint) => endpoint.order,
      },
      context.now,
    )
    const items = rows.map(({ scenario }) => endpointXml(scenario, context))
    return listElement('clientVpnEndpoint', items) + textElement('nextToken', nextToken)
  },
}
