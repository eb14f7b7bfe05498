import type { CurfewEvent, Endpoint } from '../../app/events.ts'
import { OUTCOMES } from '../../app/outcome.ts'
import type { Violation } from '../../app/violation.ts'
import { VPN_ERROR_CODES } from '../../app/vpn.ts'
import { isDue } from '../../domain/judge/verdict.ts'
import type { Mode, Policy } from '../../domain/policies/policy.ts'
import { type Instant, SECOND } from '../../domain/time/instant.ts'
import { createInstruments } from './instruments.ts'

export const LAG_STAGES = ['decide', 'accept', 'confirm'] as const
export const SKIP_REASONS = ['still-polling', 'backing-off'] as const
export const RELOAD_OUTCOMES = ['taken', 'refused'] as const
export const AUDIT_OUTCOMES = ['written', 'failed'] as const
export const NOTIFICATION_OUTCOMES = ['delivered', 'retried', 'lost'] as const
export const SELECTORS = ['connection-id', 'username'] as const

/** What Curfew asks of EC2 again and again. */
const ACTIONS = ['DescribeClientVpnConnections', 'TerminateClientVpnConnections']

/** One HTTP request to AWS. */
export interface ObservedRequest {
  readonly account: string | undefined
  readonly region: string
  readonly action: string
  readonly code: string
  readonly throttled: boolean
}

/** Fed by events; every series that an alert or a panel reads exists from the start. */
export const createMetrics = (options: {
  readonly version: string
  readonly policies: () => readonly Policy[]
  /** The names of those who are notified. */
  readonly targets: () => readonly string[]
  /** When the policy of that name last changed. */
  readonly changedAt: (policy: string) => Instant
}) => {
  const {
    registry,
    buildInfo,
    enforcing,
    endpointInfo,
    connections,
    pollDuration,
    polls,
    snapshotAt,
    skipped,
    skew,
    clockTrusted,
    due,
    unknown,
    isProtected,
    violations,
    warnings,
    held,
    terminations,
    calls,
    lag,
    queueLength,
    queueEta,
    reconnects,
    requests,
    throttles,
    missingPermissions,
    auditRecords,
    auditWritable,
    notifications,
    policyCount,
    reloadSuccessful,
    reloadedAt,
    reloads,
  } = createInstruments()

  buildInfo.set({ version: options.version, node: process.versions.node }, 1)
  for (const reason of SKIP_REASONS) skipped.inc({ reason }, 0)
  for (const outcome of AUDIT_OUTCOMES) auditRecords.inc({ outcome }, 0)
  for (const stage of LAG_STAGES) lag.zero({ stage })
  for (const outcome of RELOAD_OUTCOMES) reloads.inc({ outcome }, 0)

  /** What keeps a daemon in mode `enforce` from ending anything. */
  const able = { audit: true, clock: true }
  let daemonMode: Mode = 'audit'
  const showEnforcing = () => {
    enforcing.set(daemonMode === 'enforce' && able.audit && able.clock ? 1 : 0)
    auditWritable.set(able.audit ? 1 : 0)
    clockTrusted.set(able.clock ? 1 : 0)
  }
  showEnforcing()
  // Without a configuration there is no daemon that could show one.
  reloadSuccessful.set(1)

  const forget = (endpointId: string) => {
    for (const gone of [connections, isProtected]) gone.remove({ vpn_endpoint: endpointId })
    for (const { name } of options.policies()) {
      held.remove({ vpn_endpoint: endpointId, policy: name })
      for (const mode of ['audit', 'enforce']) due.remove({ vpn_endpoint: endpointId, policy: name, mode })
      unknown.remove({ vpn_endpoint: endpointId, policy: name })
    }
  }

  let watched: readonly Endpoint[] = []
  /** An endpoint that is watched no longer must not look blind for ever. */
  const leave = (endpointId: string) => {
    forget(endpointId)
    snapshotAt.remove({ vpn_endpoint: endpointId })
    for (const action of ACTIONS) missingPermissions.remove({ vpn_endpoint: endpointId, action: `ec2:${action}` })
  }

  /** From the latest of deadline, established and policy loaded. */
  const lagOf = ({ deadline = 0, policy }: Violation, established = 0): number =>
    Math.max(deadline, established, options.changedAt(policy))
  const observeLag = (stage: (typeof LAG_STAGES)[number], from: number, at: number) =>
    lag.observe({ stage }, Math.max(0, at - from) / SECOND)

  const modeOf = (policy: Policy): Mode => (daemonMode === 'enforce' ? policy.mode : 'audit')

  const zeroPolicy = (endpointId: string, policy: Policy) => {
    const on = { vpn_endpoint: endpointId, policy: policy.name }
    for (const reason of policy.cooldownMs > 0 ? [policy.kind.reason, 'cooldown'] : [policy.kind.reason]) {
      violations.inc({ ...on, reason, mode: modeOf(policy) }, 0)
      for (const outcome of OUTCOMES) terminations.inc({ ...on, reason, outcome }, 0)
    }
    reconnects.inc(on, 0)
    warnings.inc(on, 0)
  }

  const zeroEndpoint = ({ id, name, account = '', region }: Endpoint) => {
    endpointInfo.set({ vpn_endpoint: id, name, account, region }, 1)
    pollDuration.zero({ vpn_endpoint: id })
    for (const outcome of ['complete', ...VPN_ERROR_CODES]) polls.inc({ vpn_endpoint: id, outcome }, 0)
    for (const selector of SELECTORS)
      for (const outcome of ['accepted', ...VPN_ERROR_CODES]) calls.inc({ vpn_endpoint: id, selector, outcome }, 0)
    for (const action of ACTIONS) throttles.inc({ account, region, action }, 0)
    for (const gauge of [queueLength, queueEta]) gauge.inc({ account, region }, 0)
    for (const policy of options.policies()) zeroPolicy(id, policy)
  }

  const assign = (mode: Mode, endpoints: readonly Endpoint[]) => {
    daemonMode = mode
    showEnforcing()
    for (const labelled of [due, unknown, held, policyCount, endpointInfo]) labelled.reset()
    for (const policy of options.policies()) policyCount.inc({ kind: policy.kind.kind, mode: modeOf(policy) })
    for (const target of options.targets())
      for (const outcome of NOTIFICATION_OUTCOMES) notifications.inc({ target, outcome }, 0)
    for (const { id } of watched) if (!endpoints.some((endpoint) => endpoint.id === id)) leave(id)
    watched = endpoints
    for (const endpoint of endpoints) zeroEndpoint(endpoint)
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
        const [dueBy, heldBack] = [new Map<string, number>(), new Map<string, number>()]
        const count = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1)
        for (const decision of decisions.violating) {
          for (const verdict of decision.violated) if (isDue(verdict, decisions.now)) count(dueBy, verdict.policy.name)
          for (const { policy } of decision.held) count(heldBack, policy.name)
        }
        for (const policy of options.policies()) {
          due.set({ vpn_endpoint: id, policy: policy.name, mode: modeOf(policy) }, dueBy.get(policy.name) ?? 0)
          unknown.set({ vpn_endpoint: id, policy: policy.name }, decisions.unknown.get(policy)?.size ?? 0)
          held.set({ vpn_endpoint: id, policy: policy.name }, heldBack.get(policy.name) ?? 0)
        }
        break
      }
      case 'violation': {
        const { endpoint, violation: one, mode, at } = event
        violations.inc({ vpn_endpoint: endpoint.id, policy: one.policy, reason: one.reason, mode })
        if (mode === 'enforce') observeLag('decide', lagOf(one), at)
        break
      }
      case 'warning':
        warnings.inc({ vpn_endpoint: event.endpoint.id, policy: event.violation.policy })
        break
      case 'accepted':
        observeLag('accept', lagOf(event.violation, event.established), event.at)
        break
      case 'call-answered':
        calls.inc({ vpn_endpoint: event.endpoint.id, selector: event.call.selector, outcome: event.outcome })
        break
      case 'termination': {
        const { endpoint, violation: one, outcome, at } = event
        terminations.inc({ vpn_endpoint: endpoint.id, policy: one.policy, reason: one.reason, outcome })
        if (outcome === 'confirmed') observeLag('confirm', lagOf(one), at)
        break
      }
      case 'reconnected':
        reconnects.inc({ vpn_endpoint: event.endpoint.id, policy: event.policy })
        break
      case 'permission-missing':
        missingPermissions.set({ vpn_endpoint: event.endpoint.id, action: event.action }, 1)
        break
      case 'permission-granted':
        missingPermissions.remove({ vpn_endpoint: event.endpoint.id, action: event.action })
        break
      case 'unwritable':
      case 'writable':
        if (event.what === 'audit') able.audit = event.event === 'writable'
        showEnforcing()
        break
      case 'clock-skew':
        able.clock = !event.apart
        showEnforcing()
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
    observeRequest({ account = '', region, action, code, throttled }: ObservedRequest): void {
      requests.inc({ account, region, action, code })
      throttles.inc({ account, region, action }, throttled ? 1 : 0)
    },
    observeSkew: (skewMs: number) => skew.set(skewMs / SECOND),
    observeAudit: (outcome: (typeof AUDIT_OUTCOMES)[number], count: number) => auditRecords.inc({ outcome }, count),
    observeNotification: (target: string, outcome: (typeof NOTIFICATION_OUTCOMES)[number], count: number) =>
      notifications.inc({ target, outcome }, count),
  }
}
