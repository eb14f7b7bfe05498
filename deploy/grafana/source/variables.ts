import {
  ConstantVariableBuilder,
  type DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'

/** The selected data source. */
export const datasource = { type: 'prometheus', uid: '${datasource}' }

/** The selected CloudWatch data source, for the half of the client connect handler. */
export const cloudwatch = { type: 'cloudwatch', uid: '${cloudwatch}' }

/** The selected PostgreSQL data source, for the trail of replicas. */
export const database = { type: 'grafana-postgresql-datasource', uid: '${database}' }

const everything = { selected: true, text: ['All'], value: ['$__all'] }

const choice = (name: string, label: string, query: string) =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .current(everything)

export const datasourceVariable = new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus')

/** All Regions is `.*`, because STS answers from Regions without an endpoint. */
export const regionVariable = choice('region', 'Region', 'label_values(curfew_endpoint_info, region)').allValue('.*')

/** All endpoints are those of the selected Regions, so that metrics without a Region label follow the selection. */
export const endpointVariable = choice(
  'vpn_endpoint',
  'Endpoint',
  'label_values(curfew_endpoint_info{region=~"$region"}, vpn_endpoint)',
)

export const policyVariable = choice(
  'policy',
  'Policy',
  'label_values(curfew_violations_total{vpn_endpoint=~"$vpn_endpoint"}, policy)',
).allValue('.+')

const textBox = (name: string, label: string, description: string, value: string) =>
  new TextBoxVariableBuilder(name)
    .label(label)
    .description(description)
    .defaultValue(value)
    .current({ selected: true, text: value, value })

export const hoursVariable = textBox(
  'hours',
  'Hours a connection would have continued',
  'How much longer a terminated connection would have lasted. This cannot be measured: enter your estimate.',
  '1',
)

export const priceVariable = textBox(
  'price',
  'USD per connection-hour',
  'The price that AWS charges for one connection for one hour. It differs by Region.',
  '0.05',
)

/** The address of your copy of docs/runbook.md: the link of every panel starts with it. */
export const runbookVariable = new ConstantVariableBuilder('runbook_base')
  .description('The address of your copy of docs/runbook.md.')
  .value('https://example.com/curfew/docs/runbook.md')

export const cloudwatchVariable = new DatasourceVariableBuilder('cloudwatch')
  .label('CloudWatch data source')
  .type('cloudwatch')

/** A choice among values that CloudWatch knows. Grafana's editor writes the query as this object. */
const cloudwatchChoice = (
  name: string,
  label: string,
  query: { readonly queryType: string; readonly region: string } & Readonly<Record<string, unknown>>,
) =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(cloudwatch)
    .query({
      refId: `CloudWatchVariableQueryEditor-${name}`,
      namespace: '',
      metricName: '',
      dimensionKey: '',
      dimensionFilters: {},
      ec2Filters: {},
      instanceID: '',
      attributeName: '',
      resourceType: '',
      tags: {},
      ...query,
    })
    .refresh(VariableRefresh.OnDashboardLoad)
    .sort(VariableSort.AlphabeticalAsc)

/** AWS's Region of the handler. `default` is the Region of the data source. */
export const awsRegionVariable = cloudwatchChoice('aws_region', 'Region of the handler', {
  queryType: 'regions',
  region: 'default',
}).current({ selected: true, text: 'default', value: 'default' })

/** AWS requires the prefix of every client connect handler. Lambda knows a function that never wrote a line, too. */
export const handlerVariable = cloudwatchChoice('handler', 'Handler', {
  queryType: 'dimensionValues',
  region: '$aws_region',
  namespace: 'AWS/Lambda',
  metricName: 'Invocations',
  dimensionKey: 'FunctionName',
}).regex('/^AWSClientVPN-/')

/** No metric of AWS tells the reserved concurrency of one function. The default is that of an account. */
export const placesVariable = textBox(
  'places',
  'Places of the handler',
  'The reserved concurrency of the handler; without a reservation, the concurrency of the account in the Region.',
  '1000',
)

/** The address of your copy of docs/connect-handler.md. */
export const connectHandlerPageVariable = new ConstantVariableBuilder('connect_handler_page')
  .description('The address of your copy of docs/connect-handler.md.')
  .value('https://example.com/curfew/docs/connect-handler.md')

export const databaseVariable = new DatasourceVariableBuilder('database')
  .label('PostgreSQL data source')
  .type('grafana-postgresql-datasource')

/** A choice among the values of a query in SQL. Grafana inserts the pattern of "All" as it is. */
const databaseChoice = (name: string, label: string, sql: string) =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(database)
    .query(sql)
    .definition(sql)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue("'*'")
    .current(everything)

export const unitVariable = databaseChoice('unit', 'Unit', 'select unit from curfew.holding order by unit')

export const recordedPolicyVariable = databaseChoice(
  'policy',
  'Policy',
  'select distinct policy from curfew.trail where $__timeFilter(recorded_at) and policy is not null order by policy',
)

export const personVariable = textBox('person', 'Person', 'A part of the user name or common name.', '')

export type Variable = Parameters<DashboardBuilder['withVariable']>[0]
