import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Gauges of prom-client's defaults whose names end in `_total`, which promtool refuses. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/** From one page on loopback to the 126 pages of the largest endpoint, read at the default rate and with repeats. */
const POLL_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** A deadline is met within a second; a closing that AWS's rates stretch takes up to two hours. 30 is the objective. */
const LAG_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 15, 30, 60, 300, 1800, 7200]

/** Every metric of Curfew on a registry of its own. No user and no connection is ever a label. */
export const createInstruments = () => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of MISNAMED) registry.removeSingleMetric(name)

  const registers = [registry]
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name: `curfew_${name}`, help, labelNames: [...labelNames], registers })
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Counter({ name: `curfew_${name}`, help, labelNames: [...labelNames], registers })
  const histogram = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    buckets: number[],
  ) => new Histogram({ name: `curfew_${name}`, help, labelNames: [...labelNames], buckets, registers })

  return {
    registry,
    buildInfo: gauge('build_info', 'The version of Curfew and of Node.js it runs on; always 1.', ['version', 'node']),
    enforcing: gauge(
      'enforcing',
      '1 while sessions can be ended: the mode in force is enforce, the audit trail can be written and the clock is trusted.',
    ),
    endpointInfo: gauge('endpoint_info', 'The endpoints under watch; always 1.', [
      'vpn_endpoint',
      'name',
      'account',
      'region',
    ]),
    connections: gauge('connections', 'Active connections in the last complete snapshot; absent while blind.', [
      'vpn_endpoint',
    ]),
    pollDuration: histogram(
      'poll_duration_seconds',
      'How long reading all pages of an endpoint took, failed polls included.',
      ['vpn_endpoint'],
      POLL_BUCKETS,
    ),
    polls: counter('polls_total', 'Polls of an endpoint by outcome: complete, or why it was not.', [
      'vpn_endpoint',
      'outcome',
    ]),
    snapshotAt: gauge(
      'last_complete_snapshot_timestamp_seconds',
      'When the last complete snapshot of an endpoint was finished.',
      ['vpn_endpoint'],
    ),
    skipped: counter('polls_skipped_total', 'Polls that did not begin.', ['reason']),
    skew: gauge('clock_skew_seconds', 'How far the host’s clock is behind AWS’s.'),
    clockTrusted: gauge(
      'clock_trusted',
      '0 while the host’s clock and AWS’s are more than five minutes apart: then nothing is ended.',
    ),
    due: gauge(
      'due_connections',
      'Connections that a policy finds violated beyond their deadline; absent while blind.',
      ['vpn_endpoint', 'policy', 'mode'],
    ),
    unknown: gauge('unknown_verdicts', 'Connections that lack a fact a policy needs; they are kept.', [
      'vpn_endpoint',
      'policy',
    ]),
    isProtected: gauge('protected_connections', 'Active connections that `protect` exempts from every policy.', [
      'vpn_endpoint',
    ]),
    violations: counter('violations_total', 'Connections that came to violate a policy, once per connection.', [
      'vpn_endpoint',
      'policy',
      'reason',
      'mode',
    ]),
    warnings: counter('warnings_total', 'Warnings of an end to come, once per connection, policy and lead.', [
      'vpn_endpoint',
      'policy',
    ]),
    held: gauge('guard_held_connections', 'Connections that the guard keeps a policy from ending.', [
      'vpn_endpoint',
      'policy',
    ]),
    terminations: counter('terminations_total', 'Terminations by what became of them.', [
      'vpn_endpoint',
      'policy',
      'reason',
      'outcome',
    ]),
    calls: counter('terminate_calls_total', 'Calls to TerminateClientVpnConnections by answer.', [
      'vpn_endpoint',
      'selector',
      'outcome',
    ]),
    lag: histogram(
      'enforcement_lag_seconds',
      'From the instant at which a connection had to go, could be seen and its policy was loaded, to each stage.',
      ['stage'],
      LAG_BUCKETS,
    ),
    queueLength: gauge('termination_queue_length', 'Calls that wait for their turn.', ['account', 'region']),
    queueEta: gauge('termination_eta_seconds', 'How long until the last waiting call may leave.', [
      'account',
      'region',
    ]),
    reconnects: counter('reconnects_total', 'Who came back within five minutes of a cut, by the policy that cut.', [
      'vpn_endpoint',
      'policy',
    ]),
    requests: counter('api_requests_total', 'Requests to AWS by action and answer, repeated ones included.', [
      'account',
      'region',
      'action',
      'code',
    ]),
    throttles: counter('api_throttles_total', 'Requests that AWS throttled.', ['account', 'region', 'action']),
    missingPermissions: gauge(
      'missing_permissions',
      '1 for an action that IAM does not allow on an endpoint; asked again every five minutes.',
      ['vpn_endpoint', 'action'],
    ),
    auditRecords: counter('audit_records_total', 'Records of the audit trail by outcome.', ['outcome']),
    auditWritable: gauge(
      'audit_writable',
      '0 from a record that could not be written to the next that could: meanwhile nothing is ended.',
    ),
    notifications: counter(
      'notifications_total',
      'Notifications by what became of them; a retried one counts each time.',
      ['target', 'outcome'],
    ),
    policyCount: gauge('policies', 'Policies by kind and by the mode in force, the daemon’s and their own together.', [
      'kind',
      'mode',
    ]),
    reloadSuccessful: gauge('config_last_reload_successful', '1 if the last configuration was taken, 0 if not.'),
    reloadedAt: gauge(
      'config_last_reload_success_timestamp_seconds',
      'When a configuration was last taken, the first one included.',
    ),
    reloads: counter('config_reloads_total', 'Reloads of the configuration by outcome.', ['outcome']),
  }
}
