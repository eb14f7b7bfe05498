import {
  ConstantVariableBuilder,
  type DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'

/** The data source that is chosen above. */
export const datasource = { type: 'prometheus', uid: '${datasource}' }

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

/** `.*`: STS answers from Regions that hold no endpoint. */
export const regionVariable = choice('region', 'Region', 'label_values(curfew_endpoint_info, region)').allValue('.*')

/** All is the list of those in the chosen Regions: what has no Region of its own follows the choice by its endpoint. */
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
  'Hours a session would have gone on',
  'How much longer a session that was ended would have lasted. Nobody can know: put what you believe.',
  '1',
)

export const priceVariable = textBox(
  'price',
  'USD per connection-hour',
  'What AWS charges for one connection for one hour. It differs by Region.',
  '0.05',
)

/** Where your copy of docs/runbook.md is served: the link of every panel begins with it. */
export const runbookVariable = new ConstantVariableBuilder('runbook_base')
  .description('Where your copy of docs/runbook.md is served.')
  .value('https://example.com/curfew/docs/runbook.md')

export type Variable = Parameters<DashboardBuilder['withVariable']>[0]
