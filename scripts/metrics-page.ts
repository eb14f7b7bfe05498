import { Counter, Gauge, Histogram } from 'prom-client'
import { createInstruments } from '../src/adapters/prometheus/instruments.ts'
import {
  AUDIT_OUTCOMES,
  LAG_STAGES,
  NOTIFICATION_OUTCOMES,
  RELOAD_OUTCOMES,
  SELECTORS,
  SKIP_REASONS,
} from '../src/adapters/prometheus/metrics.ts'
import { OUTCOMES } from '../src/app/outcome.ts'
import { VPN_ERROR_CODES } from '../src/app/vpn.ts'
import { MODES, REASONS } from '../src/domain/policies/policy.ts'
import { POLICY_KINDS } from '../src/domain/policies/registry.ts'

const words = (list: readonly string[]) => list.map((word) => `\`${word}\``).join(', ')

const TYPES = [
  [Counter, 'counter'],
  [Gauge, 'gauge'],
  [Histogram, 'histogram'],
] as const

/** Labels whose values are a closed set. */
const CLOSED: ReadonlyArray<readonly [label: string, values: readonly string[]]> = [
  ['`mode`: of the policy and the daemon together', MODES],
  ['`reason` of violations and terminations', REASONS],
  ['`outcome` of `curfew_terminations_total`', OUTCOMES],
  ['`outcome` of `curfew_polls_total`', ['complete', ...VPN_ERROR_CODES]],
  ['`outcome` of `curfew_terminate_calls_total`', ['accepted', ...VPN_ERROR_CODES]],
  ['`outcome` of `curfew_config_reloads_total`', RELOAD_OUTCOMES],
  ['`outcome` of `curfew_audit_records_total`', AUDIT_OUTCOMES],
  ['`outcome` of `curfew_notifications_total`', NOTIFICATION_OUTCOMES],
  ['`selector`', SELECTORS],
  ['`stage`', LAG_STAGES],
  ['`reason` of `curfew_polls_skipped_total`', SKIP_REASONS],
  ['`kind`', POLICY_KINDS.map(({ kind }) => kind)],
]

const metricRows = () => {
  const { registry: _, ...instruments } = createInstruments()
  return Object.values(instruments).map((metric) => {
    // prom-client keeps these to itself in its types, not in its objects.
    const { name, help, labelNames } = metric as unknown as {
      readonly name: string
      readonly help: string
      readonly labelNames: readonly string[]
    }
    const type = TYPES.find(([made]) => metric instanceof made)?.[1] ?? 'unknown'
    return `| \`${name}\` | ${type} | ${words(labelNames) || '–'} | ${help} |`
  })
}

/** `docs/metrics.md`: tables from the code, so that they cannot be wrong. */
export const metricsPage = (): string => `# Metrics

\`/metrics\` serves these to Prometheus, on \`127.0.0.1:9464\` unless \`server\` in \`curfew.yaml\` says otherwise. No user and no
connection is ever a label: their number does not depend on who is connected. While an endpoint is blind the gauges that
count its connections are absent, never zero. \`account\` is empty as long as it is not known. Whatever the alerts and
dashboards read is there from the start, counters at zero. This page is made from the code by \`npm run generate\`.

| metric | type | labels | what it says |
|---|---|---|---|
${metricRows().join('\n')}

Beside them are prom-client's metrics of the process (\`process_…\`, \`nodejs_…\`), less three whose names promtool refuses.

## Labels

\`vpn_endpoint\` is the endpoint's id: the operator of Prometheus for Kubernetes overwrites a label that is called
\`endpoint\`. \`name\` is what you call it, \`policy\` the name of a policy, \`target\` the \`name\` of an entry of \`notify\`. \`action\`
and \`code\` are AWS's words. The others hold one of these:

| label | values |
|---|---|
${CLOSED.map(([label, values]) => `| ${label} | ${words(values)} |`).join('\n')}

## Health and status

| path | answers |
|---|---|
| \`/healthz\` | 200 as long as the loop turns |
| \`/readyz\` | 200 once every endpoint was tried; blindness is a metric and an alert, not unreadiness |
| \`/status\` | JSON: endpoints, numbers, the head of the audit trail; no users |

Alerts on these metrics are in \`deploy/prometheus\`, with a [runbook](runbook.md); dashboards in \`deploy/grafana\`.
`
