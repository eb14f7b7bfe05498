import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Default gauges of prom-client whose names end in `_total`: promtool refuses such a name for a gauge. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/**
 * In seconds: from one page on loopback to the 126 pages of the largest endpoint, at the default rate and with retries.
 */
const POLL_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** In seconds: usually below 1; up to two hours if AWS's rates delay a mass termination. The objective is 30. */
const LAG_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 15, 30, 60, 300, 1800, 7200]

/**
 * Every metric of Curfew, on a registry of its own. Users and connections must never be labels: their number is
 * unbounded.
 */
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
    buildInfo: gauge('build_info', 'The versions of Curfew and of Node.js; always 1.', ['version', 'node']),
    enforcing: gauge(
      'enforcing',
      '1 while Curfew can terminate connections: the mode is enforce, an endpoint was read since the start, the audit trail can be written and the clock is trusted.',
    ),
    endpointInfo: gauge('endpoint_info', 'The endpoints that Curfew watches; always 1.', [
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
      'How long a poll of all pages of an endpoint took, including failed polls.',
      ['vpn_endpoint'],
      POLL_BUCKETS,
    ),
    polls: counter('polls_total', 'Polls of an endpoint by outcome: complete, or the error.', [
      'vpn_endpoint',
      'outcome',
    ]),
    snapshotAt: gauge(
      'last_complete_snapshot_timestamp_seconds',
      'When the last complete snapshot of an endpoint was completed.',
      ['vpn_endpoint'],
    ),
    skipped: counter('polls_skipped_total', 'Polls that were not started, by reason.', ['reason']),
    lookups: counter(
      'lookups_total',
      'Lookups of terminated connections by outcome: complete, or the error. An answer that is not filtered is in none.',
      ['vpn_endpoint', 'outcome'],
    ),
    lookupsTrusted: gauge(
      'lookups_trusted',
      '0 while whole lists prove the terminations on an endpoint, because AWS refuses or contradicts lookups.',
      ['vpn_endpoint'],
    ),
    skew: gauge('clock_skew_seconds', 'How far the host’s clock is behind AWS’s; negative if it is ahead.'),
    clockTrusted: gauge(
      'clock_trusted',
      '0 while the clocks of the host and AWS differ by more than five minutes: then nothing is ended.',
    ),
    due: gauge('due_connections', 'Connections whose violation of a policy is due; absent while blind.', [
      'vpn_endpoint',
      'policy',
      'mode',
    ]),
    unknown: gauge(
      'unknown_verdicts',
      'Connections without a fact that a policy needs; the policy does not end them.',
      ['vpn_endpoint', 'policy'],
    ),
    isProtected: gauge('protected_connections', 'Active connections that `protect` exempts from every policy.', [
      'vpn_endpoint',
    ]),
    violations: counter('violations_total', 'Violations whose deadline has passed, once per connection and policy.', [
      'vpn_endpoint',
      'policy',
      'reason',
      'mode',
    ]),
    warnings: counter('warnings_total', 'Warnings before an end, once per connection, policy and lead.', [
      'vpn_endpoint',
      'policy',
    ]),
    extensions: counter(
      'extensions_total',
      'Presses of the button that extends a connection, by outcome: granted, or why not.',
      ['vpn_endpoint', 'policy', 'outcome'],
    ),
    holding: gauge('guard_holding', 'Whether the guard holds the policy on the endpoint: 1 or 0.', [
      'vpn_endpoint',
      'policy',
    ]),
    held: gauge('guard_held_connections', 'Connections that a held policy would end now.', ['vpn_endpoint', 'policy']),
    terminations: counter('terminations_total', 'Terminations by outcome.', [
      'vpn_endpoint',
      'policy',
      'reason',
      'outcome',
    ]),
    calls: counter('terminate_calls_total', 'Calls to TerminateClientVpnConnections by selector and answer.', [
      'vpn_endpoint',
      'selector',
      'outcome',
    ]),
    lag: histogram(
      'enforcement_lag_seconds',
      'Time to each stage, from the latest of: the deadline, the start of the connection, and the last change of the policy.',
      ['stage'],
      LAG_BUCKETS,
    ),
    queueLength: gauge('termination_queue_length', 'Terminate calls in the queue.', ['account', 'region']),
    queueEta: gauge('termination_eta_seconds', 'How long until the last call in the queue may leave.', [
      'account',
      'region',
    ]),
    reconnects: counter(
      'reconnects_total',
      'Reconnects within five minutes of a termination, by the policy that ended the connection.',
      ['vpn_endpoint', 'policy'],
    ),
    requests: counter('api_requests_total', 'Requests to AWS by action and answer, including retries.', [
      'account',
      'region',
      'action',
      'code',
    ]),
    throttles: counter('api_throttles_total', 'Requests that AWS throttled.', ['account', 'region', 'action']),
    missingPermissions: gauge(
      'missing_permissions',
      '1 for an action that IAM does not allow on an endpoint; checked every five minutes.',
      ['vpn_endpoint', 'action'],
    ),
    auditRecords: counter('audit_records_total', 'Records of the audit trail by outcome: written or failed.', [
      'outcome',
    ]),
    auditWritable: gauge(
      'audit_writable',
      '0 from a failed write of the audit trail to the next successful one: meanwhile nothing is ended.',
    ),
    notifications: counter('notifications_total', 'Notifications by outcome; each retry counts.', [
      'target',
      'outcome',
    ]),
    wrongLinks: counter(
      'wrong_links_total',
      'Links to extend a connection that were not made with the key of this server.',
    ),
    failedLogins: counter('failed_logins_total', 'Logins at the HTTP server that failed, by outcome.', ['outcome']),
    droppedLines: counter(
      'log_lines_dropped_total',
      'Lines of the log that were dropped, because nobody reads it or its disk is full.',
    ),
    policyCount: gauge(
      'policies',
      'Policies by kind and mode; the mode is enforce only if both the daemon’s and the policy’s are.',
      ['kind', 'mode'],
    ),
    unmatched: gauge('unmatched_entries', 'Entries of `endpoints` in a policy that match no watched endpoint.', [
      'policy',
    ]),
    reloadSuccessful: gauge(
      'config_last_reload_successful',
      '1 if the last reload succeeded, 0 if the new configuration was refused.',
    ),
    reloadedAt: gauge(
      'config_last_reload_success_timestamp_seconds',
      'When a configuration last came into force, including the first one.',
    ),
    reloads: counter('config_reloads_total', 'Reloads of the configuration by outcome.', ['outcome']),
  }
}
