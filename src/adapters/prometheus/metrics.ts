import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Condemnation } from '../../app/condemnation.ts'
import type { CurfewEvent, Endpoint } from '../../app/events.ts'
import { OUTCOMES } from '../../app/outcome.ts'
import { type Instant, SECOND } from '../../domain/instant.ts'
import type { Mode, Policy } from '../../domain/policy.ts'
import { isDue } from '../../domain/verdict.ts'

/** Gauges of prom-client's defaults whose names end in `_total`, which promtool refuses. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/** From one page on loopback to the 126 pages of the largest endpoint. */
const LAG_STAGES = ['decide', 'accept', 'confirm'] as const

/** The objective is a second; a mass cut at AWS's limits takes up to two hours. */
const LAG_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 15, 30, 60, 300, 1800, 7200]

const POLL_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Metrics on a registry of their own, fed by events. No user and no connection is ever a label. */
export interface ObservedRequest {
  readonly account: string | undefined
  readonly region: string
  readonly action: string
  readonly code: string
  readonly throttled: boolean
}

export const createMetrics = (options: {
  readonly version: string
  readonly policies: () => readonly Policy[]
  /** When the policy of that name last changed. */
  readonly changedAt: (policy: string) => Instant
}) => {
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
  const endpointInfo = gauge('endpoint_info', 'The endpoints under watch; always 1.', [
    'vpn_endpoint',
    'name',
    'account',
    'region',
  ])
  const held = gauge('guard_held_connections', 'Connections that the guard keeps a policy from ending.', [
    'vpn_endpoint',
    'policy',
  ])
  const reconnects = counter(
    'reconnects_total',
    'Who came back within five minutes of a cut, by the policy that cut.',
    ['vpn_endpoint', 'policy'],
  )
  const lag = new Histogram({
    name: 'curfew_enforcement_lag_seconds',
    help: 'From the instant at which a connection had to go, could be seen and its policy was loaded, to each stage.',
    labelNames: ['stage'],
    buckets: LAG_BUCKETS,
    registers,
  })
  const queueLength = gauge('termination_queue_length', 'Calls that wait for their turn.', ['account', 'region'])
  const queueEta = gauge('termination_eta_seconds', 'How long until the last waiting call may leave.', [
    'account',
    'region',
  ])
  const auditRecords = counter('audit_records_total', 'Records of the audit trail by outcome.', ['outcome'])
  const skew = gauge('clock_skew_seconds', 'How far the host’s clock is behind AWS’s.')
  const requests = counter('api_requests_total', 'Requests to AWS by action and answer, repeated ones included.', [
    'account',
    'region',
    'action',
    'code',
  ])
  const throttles = counter('api_throttles_total', 'Requests that AWS throttled.', ['account', 'region', 'action'])
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

  for (const reason of ['still-polling', 'backing-off']) skipped.inc({ reason }, 0)
  for (const outcome of ['written', 'failed']) auditRecords.inc({ outcome }, 0)
  for (const stage of LAG_STAGES) lag.zero({ stage })
  for (const outcome of ['taken', 'refused']) reloads.inc({ outcome }, 0)

  const forget = (endpointId: string) => {
    for (const gone of [connections, isProtected]) gone.remove({ vpn_endpoint: endpointId })
    for (const { name } of options.policies()) held.remove({ vpn_endpoint: endpointId, policy: name })
    for (const { name } of options.policies()) {
      for (const mode of ['audit', 'enforce']) condemned.remove({ vpn_endpoint: endpointId, policy: name, mode })
      unknown.remove({ vpn_endpoint: endpointId, policy: name })
    }
  }

  let watched: readonly Endpoint[] = []
  /** An endpoint that is watched no longer must not look blind for ever. */
  const leave = (endpointId: string) => {
    forget(endpointId)
    snapshotAt.remove({ vpn_endpoint: endpointId })
  }

  /** From the latest of deadline, established and policy loaded. */
  const lagOf = ({ deadline = 0, policy }: Condemnation, established = 0): number =>
    Math.max(deadline, established, options.changedAt(policy))
  const observeLag = (stage: (typeof LAG_STAGES)[number], from: number, at: number) =>
    lag.observe({ stage }, Math.max(0, at - from) / SECOND)

  let daemonMode: Mode = 'audit'
  const modeOf = (policy: Policy): Mode => (daemonMode === 'enforce' ? policy.mode : 'audit')

  /** Every series that an alert may read exists from the start. */
  const assign = (mode: Mode, endpoints: readonly Endpoint[]) => {
    daemonMode = mode
    enforcing.set(mode === 'enforce' ? 1 : 0)
    for (const labelled of [condemned, unknown, held, policyCount, endpointInfo]) labelled.reset()
    for (const policy of options.policies()) policyCount.inc({ kind: policy.kind.kind, mode: modeOf(policy) })
    for (const { id } of watched) if (!endpoints.some((endpoint) => endpoint.id === id)) leave(id)
    watched = endpoints
    for (const { id, name, account = '', region } of endpoints) {
      endpointInfo.set({ vpn_endpoint: id, name, account, region }, 1)
      polls.inc({ vpn_endpoint: id, outcome: 'complete' }, 0)
      for (const outcome of ['accepted', 'throttled', 'denied'])
        calls.inc({ vpn_endpoint: id, selector: 'connection-id', outcome }, 0)
      for (const policy of options.policies()) {
        const labels = { vpn_endpoint: id, policy: policy.name, reason: policy.kind.reason }
        violations.inc({ ...labels, mode: modeOf(policy) }, 0)
        for (const outcome of OUTCOMES) terminations.inc({ ...labels, outcome }, 0)
        reconnects.inc({ vpn_endpoint: id, policy: policy.name }, 0)
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
        break
      case 'blind':
        forget(event.endpoint.id)
        break
      case 'poll-skipped':
        skipped.inc({ reason: event.reason })
        break
      case 'decided': {
        const { id } = event.endpoint
        const { decisions } = event
        connections.set({ vpn_endpoint: id }, decisions.active)
        isProtected.set({ vpn_endpoint: id }, decisions.protectedConnections)
        const [due, heldBack] = [new Map<string, number>(), new Map<string, number>()]
        const count = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1)
        for (const decision of decisions.violating) {
          for (const verdict of decision.violated) if (isDue(verdict, decisions.now)) count(due, verdict.policy.name)
          for (const { policy } of decision.held) count(heldBack, policy.name)
        }
        for (const policy of options.policies()) {
          condemned.set({ vpn_endpoint: id, policy: policy.name, mode: modeOf(policy) }, due.get(policy.name) ?? 0)
          unknown.set({ vpn_endpoint: id, policy: policy.name }, decisions.unknown.get(policy)?.size ?? 0)
          held.set({ vpn_endpoint: id, policy: policy.name }, heldBack.get(policy.name) ?? 0)
        }
        break
      }
      case 'violation': {
        const { endpoint, condemned: one, mode, at } = event
        violations.inc({ vpn_endpoint: endpoint.id, policy: one.policy, reason: one.reason, mode })
        if (mode === 'enforce') observeLag('decide', lagOf(one), at)
        break
      }
      case 'accepted':
        observeLag('accept', lagOf(event.condemned, event.established), event.at)
        break
      case 'call-answered':
        calls.inc({ vpn_endpoint: event.endpoint.id, selector: event.call.selector, outcome: event.outcome })
        break
      case 'termination': {
        const { endpoint, condemned: one, outcome, at } = event
        terminations.inc({ vpn_endpoint: endpoint.id, policy: one.policy, reason: one.reason, outcome })
        if (outcome === 'confirmed') observeLag('confirm', lagOf(one), at)
        break
      }
      case 'reconnected':
        reconnects.inc({ vpn_endpoint: event.endpoint.id, policy: event.policy })
        break
      case 'endpoints-changed':
        assign(daemonMode, event.endpoints)
        break
      case 'queue': {
        const { account = '', region, length, etaSeconds } = event
        queueLength.set({ account, region }, length)
        queueEta.set({ account, region }, etaSeconds)
        break
      }
      default:
        break
    }
  }

  return {
    observe,
    registry,
    /** One HTTP request to AWS. */
    observeRequest({ account = '', region, action, code, throttled }: ObservedRequest): void {
      requests.inc({ account, region, action, code })
      throttles.inc({ account, region, action }, throttled ? 1 : 0)
    },
    observeSkew: (skewMs: number) => skew.set(skewMs / SECOND),
    observeAudit: (outcome: 'written' | 'failed', count: number) => auditRecords.inc({ outcome }, count),
  }
}
