import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type CurfewEvent, type Endpoint, OUTCOMES } from '../../app/events.ts'
import { SECOND } from '../../domain/instant.ts'
import type { Mode, Policy } from '../../domain/policy.ts'

/** Gauges of prom-client's defaults whose names end in `_total`, which promtool refuses. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/** From one page on loopback to the 126 pages of the largest endpoint. */
const POLL_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Metrics on a registry of their own, fed by events. No user and no connection is ever a label. */
export const createMetrics = (options: { readonly version: string; readonly policies: () => readonly Policy[] }) => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of MISNAMED) registry.removeSingleMetric(name)

  const registers = [registry]
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name: `curfew_${name}`, help, labelNames: [...labelNames], registers })
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Counter({ name: `curfew_${name}`, help, labelNames: [...labelNames], registers })

  gauge('build_info', 'The version of Curfew and of Node.js it runs on; always 1.', ['version', 'node']).set(
    { version: options.version, node: process.versions.node },
    1,
  )
  const enforcing = gauge('enforcing', '1 if the daemon enforces, 0 if it only audits.')
  const connections = gauge('connections', 'Active connections in the last complete snapshot; absent while blind.', [
    'vpn_endpoint',
  ])
  const pollDuration = new Histogram({
    name: 'curfew_poll_duration_seconds',
    help: 'How long reading all pages of an endpoint took, failed polls included.',
    labelNames: ['vpn_endpoint'],
    buckets: POLL_BUCKETS,
    registers,
  })
  const polls = counter('polls_total', 'Polls of an endpoint by outcome: complete, or why it was not.', [
    'vpn_endpoint',
    'outcome',
  ])
  const snapshotAt = gauge(
    'last_complete_snapshot_timestamp_seconds',
    'When the last complete snapshot of an endpoint was finished.',
    ['vpn_endpoint'],
  )
  const condemned = gauge(
    'condemned_connections',
    'Connections that a policy finds violated beyond their deadline; absent while blind.',
    ['vpn_endpoint', 'policy', 'mode'],
  )
  const unknown = gauge('unknown_verdicts', 'Connections that lack a fact a policy needs; they are kept.', [
    'vpn_endpoint',
    'policy',
  ])
  const isProtected = gauge('protected_connections', 'Active connections that `protect` exempts from every policy.', [
    'vpn_endpoint',
  ])
  const violations = counter('violations_total', 'Connections that came to violate a policy, once per connection.', [
    'vpn_endpoint',
    'policy',
    'reason',
    'mode',
  ])
  const terminations = counter('terminations_total', 'Terminations by what became of them.', [
    'vpn_endpoint',
    'policy',
    'reason',
    'outcome',
  ])
  const calls = counter('terminate_calls_total', 'Calls to TerminateClientVpnConnections by answer.', [
    'vpn_endpoint',
    'selector',
    'outcome',
  ])
  const skipped = counter('cycles_skipped_total', 'Polls that did not begin.', ['reason'])
  const reloadSuccessful = gauge('config_last_reload_successful', '1 if the last configuration was taken, 0 if not.')
  const reloadedAt = gauge(
    'config_last_reload_success_timestamp_seconds',
    'When a configuration was last taken, the first one included.',
  )
  const reloads = counter('config_reloads_total', 'Reloads of the configuration by outcome.', ['outcome'])
  const policyCount = gauge('policies', 'Policies in force by kind and mode.', ['kind', 'mode'])

  skipped.inc({ reason: 'still-polling' }, 0)
  for (const outcome of ['taken', 'refused']) reloads.inc({ outcome }, 0)

  const forget = (endpointId: string) => {
    for (const gone of [connections, isProtected]) gone.remove({ vpn_endpoint: endpointId })
    for (const { name } of options.policies()) {
      for (const mode of ['audit', 'enforce']) condemned.remove({ vpn_endpoint: endpointId, policy: name, mode })
      unknown.remove({ vpn_endpoint: endpointId, policy: name })
    }
  }

  let daemonMode: Mode = 'audit'
  const modeOf = (policy: Policy): Mode => (daemonMode === 'enforce' ? policy.mode : 'audit')

  /** Every series that an alert may read exists from the start. */
  const assign = (mode: Mode, endpoints: readonly Endpoint[]) => {
    daemonMode = mode
    enforcing.set(mode === 'enforce' ? 1 : 0)
    for (const labelled of [condemned, unknown, policyCount]) labelled.reset()
    for (const policy of options.policies()) policyCount.inc({ kind: policy.kind.kind, mode: modeOf(policy) })
    for (const { id } of endpoints) {
      polls.inc({ vpn_endpoint: id, outcome: 'complete' }, 0)
      for (const outcome of ['accepted', 'throttled', 'denied'])
        calls.inc({ vpn_endpoint: id, selector: 'connection-id', outcome }, 0)
      for (const policy of options.policies()) {
        const labels = { vpn_endpoint: id, policy: policy.name, reason: policy.kind.reason }
        violations.inc({ ...labels, mode: modeOf(policy) }, 0)
        for (const outcome of OUTCOMES) terminations.inc({ ...labels, outcome }, 0)
      }
    }
  }

  const observe = (event: CurfewEvent): void => {
    switch (event.event) {
      case 'started':
      case 'reloaded':
        assign(event.mode, event.endpoints)
        reloadSuccessful.set(1)
        reloadedAt.setToCurrentTime()
        if (event.event === 'reloaded') reloads.inc({ outcome: 'taken' })
        break
      case 'reload-refused':
        reloadSuccessful.set(0)
        reloads.inc({ outcome: 'refused' })
        break
      case 'polled': {
        const { endpointId, begunAt, completedAt } = event.snapshot
        polls.inc({ vpn_endpoint: endpointId, outcome: 'complete' })
        pollDuration.observe({ vpn_endpoint: endpointId }, Math.max(0, completedAt - begunAt) / SECOND)
        snapshotAt.set({ vpn_endpoint: endpointId }, completedAt / SECOND)
        break
      }
      case 'poll-failed':
        polls.inc({ vpn_endpoint: event.endpoint.id, outcome: event.code })
        pollDuration.observe({ vpn_endpoint: event.endpoint.id }, Math.max(0, event.durationMs) / SECOND)
        if (event.blind) forget(event.endpoint.id)
        break
      case 'poll-skipped':
        skipped.inc({ reason: event.reason })
        break
      case 'decided': {
        const { id } = event.endpoint
        const { decisions } = event
        connections.set({ vpn_endpoint: id }, decisions.active)
        isProtected.set({ vpn_endpoint: id }, decisions.protectedConnections)
        const due = new Map<string, number>()
        for (const { violated } of decisions.violating)
          for (const { policy, deadline } of violated)
            if (deadline !== undefined && deadline <= decisions.now)
              due.set(policy.name, (due.get(policy.name) ?? 0) + 1)
        for (const policy of options.policies()) {
          condemned.set({ vpn_endpoint: id, policy: policy.name, mode: modeOf(policy) }, due.get(policy.name) ?? 0)
          unknown.set({ vpn_endpoint: id, policy: policy.name }, decisions.unknown.get(policy) ?? 0)
        }
        break
      }
      case 'violation': {
        const { endpoint, policy, mode, reason } = event
        violations.inc({ vpn_endpoint: endpoint.id, policy, reason, mode })
        break
      }
      case 'call-answered': {
        const { endpoint, selector, outcome } = event
        calls.inc({ vpn_endpoint: endpoint.id, selector, outcome })
        break
      }
      case 'termination': {
        const { lead } = event.decision
        if (lead === undefined) break
        terminations.inc({
          vpn_endpoint: event.endpoint.id,
          policy: lead.policy.name,
          reason: lead.reason,
          outcome: event.outcome,
        })
        break
      }
      default:
        break
    }
  }

  return { observe, registry }
}
