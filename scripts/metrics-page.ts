import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { FAILED_LOGINS } from '../src/adapters/http/logins.ts'
import { createEngineInstruments } from '../src/adapters/prometheus/engine-instruments.ts'
import { TENURE_OUTCOMES, UNIT_STATES } from '../src/adapters/prometheus/engine-metrics.ts'
import { createInstruments } from '../src/adapters/prometheus/instruments.ts'
import {
  AUDIT_OUTCOMES,
  LAG_STAGES,
  NOTIFICATION_OUTCOMES,
  RELOAD_OUTCOMES,
  SELECTORS,
  SKIP_REASONS,
} from '../src/adapters/prometheus/metrics.ts'
import { ENGINE_REFUSALS } from '../src/app/tenure.ts'
import { VPN_ERROR_CODES } from '../src/app/vpn.ts'
import { MODES } from '../src/domain/policies/policy.ts'
import { POLICY_KINDS, REASONS } from '../src/domain/policies/registry.ts'
import { OUTCOMES } from '../src/domain/terminate/termination.ts'

const codes = (list: readonly string[]) => list.map((word) => `\`${word}\``).join(', ')

const TYPES = [
  [Counter, 'counter'],
  [Gauge, 'gauge'],
  [Histogram, 'histogram'],
] as const

/** The labels with a closed set of values. */
const CLOSED: ReadonlyArray<readonly [label: string, values: readonly string[]]> = [
  ['`mode`: `enforce` only if both the daemon and the policy enforce', MODES],
  ['`reason` of violations and terminations', REASONS],
  ['`outcome` of `curfew_terminations_total`', OUTCOMES],
  ['`outcome` of `curfew_polls_total` and `curfew_lookups_total`', ['complete', ...VPN_ERROR_CODES]],
  ['`outcome` of `curfew_terminate_calls_total`', ['accepted', ...VPN_ERROR_CODES]],
  ['`outcome` of `curfew_config_reloads_total`', RELOAD_OUTCOMES],
  ['`outcome` of `curfew_audit_records_total`', AUDIT_OUTCOMES],
  ['`outcome` of `curfew_notifications_total`', NOTIFICATION_OUTCOMES],
  ['`outcome` of `curfew_failed_logins_total`', FAILED_LOGINS],
  ['`outcome` of `curfew_engine_tenures_total`', TENURE_OUTCOMES],
  ['`state`', UNIT_STATES],
  ['`selector`', SELECTORS],
  ['`stage`', LAG_STAGES],
  ['`reason` of `curfew_polls_skipped_total`', SKIP_REASONS],
  ['`kind`', POLICY_KINDS.map(({ kind }) => kind)],
]

const metricRows = (instruments: Readonly<Record<string, object>>) =>
  Object.values(instruments).map((metric) => {
    // prom-client's objects have these properties, but its types do not declare them.
    const { name, help, labelNames } = metric as unknown as {
      readonly name: string
      readonly help: string
      readonly labelNames: readonly string[]
    }
    const type = TYPES.find(([type]) => metric instanceof type)?.[1] ?? 'unknown'
    return `| \`${name}\` | ${type} | ${codes(labelNames) || '–'} | ${help} |`
  })

const { registry: _, ...instruments } = createInstruments()

/** The text of `docs/metrics.md`, with tables from the code. */
export const metricsPage = (): string => `# Metrics

\`/metrics\` serves these metrics to Prometheus, on \`127.0.0.1:9464\` unless \`server\` in \`curfew.yaml\` sets another
address. Users and connections are never labels, so the number of series does not grow with the number of connections.
While an endpoint is blind, the gauges that count its connections are absent, never zero. \`account\` is empty until it is
known. Every counter of the alerts and dashboards exists from the start, at zero. \`npm run generate\` writes this page
from the code.

| metric | type | labels | meaning |
|---|---|---|---|
${metricRows(instruments).join('\n')}

The default metrics of prom-client about the process (\`process_…\`, \`nodejs_…\`) are served too, except three whose names
promtool refuses.

## Replicas

With \`engine: { kind: postgres }\` there are these metrics too. With the engine of files there are none of them.

| metric | type | labels | meaning |
|---|---|---|---|
${metricRows(createEngineInstruments(new Registry())).join('\n')}

Each replica serves the metrics of the endpoints that it holds. When a unit moves, the series of its endpoints end at one
replica and begin at another, counters at zero, as after a restart. Add replicas up by \`sum\`, and take gauges of an
endpoint by \`max by (vpn_endpoint, …)\` first, because for one scrape two replicas may show the endpoint. A unit
belongs to one replica, but each of them counts all units: take \`curfew_engine_units{state="held"}\` by \`sum\`, the
other states by \`max\`.

- \`curfew_enforcing\` of a replica also needs that it is joined. A replica without a unit needs no endpoint.
- \`curfew_audit_writable\` is 0 from a record of any held unit that could not be written. It becomes 1 when one can be
  written again, or when the replica begins a tenure.
- Give all replicas that share a database one \`job\`, and each database a job of its own: the alerts compare the replicas
  of a job.

## Labels

\`vpn_endpoint\` is the id of the endpoint. It is not called \`endpoint\`, because the Prometheus Operator overwrites a
label with that name. \`name\` is your name for the endpoint, \`policy\` the name of a policy, and \`target\` the \`name\` of an
entry of \`notify\`. \`action\` and \`code\` come from AWS. Each other label has one of these values:

| label | values |
|---|---|
${CLOSED.map(([label, values]) => `| ${label} | ${codes(values)} |`).join('\n')}

## Health and status

| path | answer |
|---|---|
| \`/\` | [a page](page.md) for people |
| \`/healthz\` | 200 while the main loop runs, else 503; a database that does not answer does not change this |
| \`/readyz\` | 200 once every endpoint has been polled, else 503; a blind endpoint is a metric and an alert, and does not change this. A replica is ready while it is joined and has polled every endpoint of the units that it holds |
| \`/status\` | JSON: [endpoints](enforcement.md#where-an-endpoint-stands), counts, the head of the audit trail and the [engine](#the-engine-in-status); no users |

### The engine in \`/status\`

\`engine\` has \`kind\`: \`files\` or \`postgres\`. With \`postgres\` the heads of the chains are in it, \`audit\` beside it is
null, and it also has:

| field | type | meaning |
|---|---|---|
| \`replica\` | text | The name of this replica. |
| \`state\` | text | \`joining\`, \`joined\`, \`away\` (it cannot reach the database), or \`refused\` (somebody must act). |
| \`why\` | text or null | Why it is refused: ${codes(ENGINE_REFUSALS)}. |
| \`message\` | text or null | The same in words, with what to do. |
| \`since\` | text or null | Since when it is away. |
| \`members\`, \`generation\` | number or null | How many replicas are joined, and the generation of this one’s configuration; null unless joined, as the fields below. |
| \`isOld\` | boolean or null | Whether another replica has a newer configuration, so that this one hands its units over. |
| \`units\` | list or null | Each unit: \`unit\`, \`state\` (${codes(UNIT_STATES)}), \`holder\` (the replica of the newest tenure), \`epoch\` (the number of that tenure), and \`audit\`, the head of its chain if it is held here. |

Alerts on these metrics are in \`deploy/prometheus\`, with a [runbook](runbook.md). Dashboards are in \`deploy/grafana\`.
Metrics name nobody: with \`engine: { kind: postgres }\` a fourth dashboard asks the trail in SQL who was ended and why.
The connect handler has [metrics of its own](connect-handler.md#metrics), at CloudWatch.
`
