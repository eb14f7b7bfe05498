import { Registry } from 'prom-client'
import type { Endpoint } from '../../app/endpoint.ts'
import type { CurfewEvent } from '../../app/events.ts'
import { VPN_ERROR_CODES } from '../../app/vpn.ts'
import { isDue } from '../../domain/judge/verdict.ts'
import type { Violation } from '../../domain/judge/violation.ts'
import type { Mode, Policy } from '../../domain/policies/policy.ts'
import { OUTCOMES } from '../../domain/terminate/termination.ts'
import { type Instant, SECOND } from '../../domain/time/instant.ts'
import { FAILED_LOGINS, type FailedLogin } from '../http/logins.ts'
import { createEngineMetrics } from './engine-metrics.ts'
import { createInstruments } from './instruments.ts'
import { hasSeries, removeSeries } from './remove-series.ts'

export const LAG_STAGES = ['decide', 'accept', 'confirm'] as const
export const SKIP_REASONS = ['still-polling', 'backing-off'] as const
export const RELOAD_OUTCOMES = ['taken', 'refused', 'mode-only'] as const
export const AUDIT_OUTCOMES = ['written', 'failed'] as const
export const NOTIFICATION_OUTCOMES = ['delivered', 'retried', 'lost', 'no-address'] as const
export const SELECTORS = ['connection-id', 'username'] as const

/** The EC2 actions that Curfew calls in every cycle. */
const ACTIONS = ['DescribeClientVpnConnections', 'TerminateClientVpnConnections']

/** One HTTP request to AWS. */
export interface ObservedRequest {
  readonly account: string | undefined
  readonly region: string
  readonly action: string
  readonly code: string
  readonly throttled: boolean
}

/**
 * Updates the metrics from events. Every counter of the alerts and panels exists from the start: `increase` misses the
 * first event of a new series.
 */
export const createMetrics = (options: {
  readonly version: string
  readonly policies: () => readonly Policy[]
  /** The names of the notification targets. */
  readonly targets: () => readonly string[]
  /** When the policy with this name last changed. */
  readonly changedAt: (policy: string) => Instant
  /** With `postgres` this process is one of several replicas. Its endpoints change with the units that it holds. */
  readonly engine?: 'files' | 'postgres'
}) => {
  const isReplica = options.engine === 'postgres'
  const instruments = createInstruments()
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
    lookups,
    lookupsTrusted,
    skew,
    clockTrusted,
    due,
    unknown,
    isProtected,
    violations,
    warnings,
    extensions,
    holding,
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
    failedLogins,
    wrongLinks,
    droppedLines,
    policyCount,
    unmatched,
    reloadSuccessful,
    reloadedAt,
    reloads,
  } = instruments
  const engine = isReplica ? createEngineMetrics(registry) : undefined

  buildInfo.set({ version: options.version, node: process.versions.node }, 1)
  for (const reason of SKIP_REASONS) skipped.inc({ reason }, 0)
  for (const outcome of FAILED_LOGINS) failedLogins.inc({ outcome }, 0)
  for (const outcome of AUDIT_OUTCOMES) auditRecords.inc({ outcome }, 0)
  for (const stage of LAG_STAGES) lag.zero({ stage })
  for (const outcome of RELOAD_OUTCOMES) reloads.inc({ outcome }, 0)

  let watched: readonly Endpoint[] = []
  /** Without these, a daemon in mode `enforce` terminates nothing. */
  const ready = { audit: true, clock: true, seen: false, joined: !isReplica }
  let daemonMode: Mode = 'audit'
  const updateEnforcing = () => {
    // A replica that waits for a unit is able to enforce.
    const sees = ready.seen || (isReplica && watched.length === 0)
    enforcing.set(daemonMode === 'enforce' && ready.audit && ready.clock && ready.joined && sees ? 1 : 0)
    auditWritable.set(ready.audit ? 1 : 0)
    clockTrusted.set(ready.clock ? 1 : 0)
  }
  updateEnforcing()
  // The daemon does not start without a valid configuration.
  reloadSuccessful.set(1)

  /** Removes the gauges that count connections: while an endpoint is blind they must be absent, not stale. */
  const removeCounts = (endpointId: string) => {
    for (const gauge of [connections, isProtected]) gauge.remove({ vpn_endpoint: endpointId })
    for (const { name } of options.policies()) {
      for (const gauge of [holding, held]) gauge.remove({ vpn_endpoint: endpointId, policy: name })
      for (const mode of ['audit', 'enforce']) due.remove({ vpn_endpoint: endpointId, policy: name, mode })
      unknown.remove({ vpn_endpoint: endpointId, policy: name })
    }
  }

  /**
   * Removes every gauge of an endpoint that is no longer watched: its old snapshot would look like blindness for ever.
   */
  const unwatch = (endpointId: string) => {
    removeCounts(endpointId)
    for (const gauge of [snapshotAt, lookupsTrusted]) gauge.remove({ vpn_endpoint: endpointId })
    for (const action of ACTIONS) missingPermissions.remove({ vpn_endpoint: endpointId, action: `ec2:${action}` })
  }

  const ofEndpoints = Object.values(instruments).flatMap((one) =>
    one instanceof Registry || !hasEndpoint(one) ? [] : [one],
  )
  /**
   * Removes every series of what this replica no longer holds, counters included: another replica counts on, and the
   * queue of a unit that has left would look long for ever. Requests to AWS stay: not all are about an endpoint.
   */
  const removeWhatLeft = (endpoints: readonly Endpoint[]) => {
    const ids = new Set(endpoints.map(({ id }) => id))
    const places = new Set(endpoints.map(({ account = '', region }) => `${account} ${region}`))
    for (const metric of ofEndpoints) removeSeries(metric, ({ vpn_endpoint }) => !ids.has(`${vpn_endpoint}`))
    for (const metric of [queueLength, queueEta])
      removeSeries(metric, ({ account, region }) => !places.has(`${account} ${region}`))
  }

  /** When the lag begins: at the latest of the deadline, the establishment and the last change of the policy. */
  const lagStart = ({ deadline = 0, policy }: Violation, established = 0): number =>
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

  const showEndpoint = ({ id, name, account = '', region }: Endpoint) =>
    endpointInfo.set({ vpn_endpoint: id, name, account, region }, 1)

  const zeroEndpoint = (endpoint: Endpoint, isNew: boolean) => {
    const { id, account = '', region } = endpoint
    showEndpoint(endpoint)
    // It would begin anew although it is a counter.
    if (isNew && !hasSeries(pollDuration, ({ vpn_endpoint }) => vpn_endpoint === id)) {
      pollDuration.zero({ vpn_endpoint: id })
    }
    // Lookups of an endpoint are believed until AWS contradicts them.
    if (isNew) lookupsTrusted.set({ vpn_endpoint: id }, 1)
    for (const outcome of ['complete', ...VPN_ERROR_CODES])
      for (const counter of [polls, lookups]) counter.inc({ vpn_endpoint: id, outcome }, 0)
    for (const selector of SELECTORS)
      for (const outcome of ['accepted', ...VPN_ERROR_CODES]) calls.inc({ vpn_endpoint: id, selector, outcome }, 0)
    for (const action of ACTIONS) throttles.inc({ account, region, action }, 0)
    for (const gauge of [queueLength, queueEta]) gauge.inc({ account, region }, 0)
    for (const policy of options.policies()) zeroPolicy(id, policy)
  }

  const assign = (mode: Mode, endpoints: readonly Endpoint[]) => {
    daemonMode = mode
    for (const gauge of [due, unknown, holding, held, policyCount, endpointInfo, unmatched]) gauge.reset()
    for (const policy of options.policies()) policyCount.inc({ kind: policy.kind.kind, mode: modeOf(policy) })
    for (const target of options.targets())
      for (const outcome of NOTIFICATION_OUTCOMES) notifications.inc({ target, outcome }, 0)
    for (const { id } of watched) if (!endpoints.some((endpoint) => endpoint.id === id)) unwatch(id)
    const before = new Set(watched.map(({ id }) => id))
    watched = endpoints
    if (isReplica) removeWhatLeft(endpoints)
    for (const endpoint of endpoints) zeroEndpoint(endpoint, !before.has(endpoint.id))
    updateEnforcing()
  }

  /**
   * Takes the endpoints that come and go with units. Hundreds of units may come one after the other, and each endpoint has
   * thousands of series: to write all of them each time would keep the replica from its next beat.
   */
  const follow = (endpoints: readonly Endpoint[], gone: readonly Endpoint[]) => {
    const before = new Set(watched.map(({ id }) => id))
    if (gone.length > 0) removeWhatLeft(endpoints)
    watched = endpoints
    endpointInfo.reset()
    for (const endpoint of endpoints) {
      if (before.has(endpoint.id)) showEndpoint(endpoint)
      else zeroEndpoint(endpoint, true)
    }
    updateEnforcing()
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
      case 'mode-obeyed':
        assign(event.mode, event.endpoints)
        reloads.inc({ outcome: 'mode-only' })
        break
      case 'polled': {
        const { endpointId, begunAt, completedAt } = event.snapshot
        polls.inc({ vpn_endpoint: endpointId, outcome: 'complete' })
        pollDuration.observe({ vpn_endpoint: endpointId }, Math.max(0, completedAt - begunAt) / SECOND)
        snapshotAt.set({ vpn_endpoint: endpointId }, completedAt / SECOND)
        ready.seen = true
        updateEnforcing()
        break
      }
      case 'poll-failed':
        polls.inc({ vpn_endpoint: event.endpoint.id, outcome: event.code })
        pollDuration.observe({ vpn_endpoint: event.endpoint.id }, Math.max(0, event.durationMs) / SECOND)
        break
      case 'blind':
        removeCounts(event.endpoint.id)
        break
      case 'poll-skipped':
        skipped.inc({ reason: event.reason })
        break
      case 'looked-up':
        lookups.inc({ vpn_endpoint: event.endpoint.id, outcome: 'complete' })
        break
      case 'lookup-failed':
        lookups.inc({ vpn_endpoint: event.endpoint.id, outcome: event.code })
        break
      case 'lookups-distrusted':
        if (event.because === 'refused') lookups.inc({ vpn_endpoint: event.endpoint.id, outcome: 'bad-request' })
        lookupsTrusted.set({ vpn_endpoint: event.endpoint.id }, 0)
        break
      case 'lookups-resumed':
        lookupsTrusted.set({ vpn_endpoint: event.endpoint.id }, 1)
        break
      case 'decided': {
        const { id } = event.endpoint
        const { decisions } = event
        connections.set({ vpn_endpoint: id }, decisions.active)
        isProtected.set({ vpn_endpoint: id }, decisions.protectedConnections)
        const [dueCounts, heldCounts] = [new Map<string, number>(), new Map<string, number>()]
        const count = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1)
        for (const decision of decisions.violating) {
          for (const verdict of decision.violated)
            if (isDue(verdict, decisions.now)) count(dueCounts, verdict.policy.name)
          for (const { policy } of decision.held) count(heldCounts, policy.name)
        }
        for (const policy of options.policies()) {
          due.set({ vpn_endpoint: id, policy: policy.name, mode: modeOf(policy) }, dueCounts.get(policy.name) ?? 0)
          unknown.set({ vpn_endpoint: id, policy: policy.name }, decisions.unknown.get(policy)?.size ?? 0)
          holding.set({ vpn_endpoint: id, policy: policy.name }, event.held.has(policy.name) ? 1 : 0)
          held.set({ vpn_endpoint: id, policy: policy.name }, heldCounts.get(policy.name) ?? 0)
        }
        break
      }
      case 'violation': {
        const { endpoint, violation, mode, at } = event
        violations.inc({ vpn_endpoint: endpoint.id, policy: violation.policy, reason: violation.reason, mode })
        if (mode === 'enforce') observeLag('decide', lagStart(violation), at)
        break
      }
      case 'warning':
        warnings.inc({ vpn_endpoint: event.endpoint.id, policy: event.violation.policy })
        break
      case 'extended':
        extensions.inc({ vpn_endpoint: event.endpoint.id, policy: event.violation.policy, outcome: 'granted' })
        break
      case 'extension-refused':
        extensions.inc({ vpn_endpoint: event.right.endpointId, policy: event.right.policy, outcome: event.why })
        break
      case 'accepted':
        observeLag('accept', lagStart(event.violation, event.established), event.at)
        break
      case 'call-answered':
        calls.inc({ vpn_endpoint: event.endpoint.id, selector: event.call.selector, outcome: event.outcome })
        break
      case 'termination': {
        const { endpoint, violation, outcome, at } = event
        terminations.inc({ vpn_endpoint: endpoint.id, policy: violation.policy, reason: violation.reason, outcome })
        if (outcome === 'confirmed') observeLag('confirm', lagStart(violation), at)
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
        if (event.what === 'audit') ready.audit = event.event === 'writable'
        updateEnforcing()
        break
      case 'clock-skew':
        ready.clock = !event.apart
        updateEnforcing()
        break
      case 'unmatched-entries':
        for (const { name } of options.policies()) unmatched.set({ policy: name }, 0)
        for (const { policy } of event.entries) unmatched.inc({ policy })
        break
      case 'endpoints-changed':
        if (isReplica) follow(event.endpoints, event.gone)
        else assign(daemonMode, event.endpoints)
        break
      case 'queue': {
        const { account = '', region, length, etaSeconds } = event
        queueLength.set({ account, region }, length)
        queueEta.set({ account, region }, etaSeconds)
        break
      }
      case 'engine-joined':
      case 'engine-away':
      case 'engine-refused':
        ready.joined = event.event === 'engine-joined'
        updateEnforcing()
        break
      case 'tenure-began':
        // The database has written the grant, so it can write the trail.
        ready.audit = true
        updateEnforcing()
        break
      default:
        break
    }
    engine?.observe(event)
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
    observeFailedLogin: (outcome: FailedLogin) => failedLogins.inc({ outcome }),
    observeWrongLink: () => wrongLinks.inc(),
    observeDroppedLine: () => droppedLines.inc(),
    observeNotification: (target: string, outcome: (typeof NOTIFICATION_OUTCOMES)[number], count: number) =>
      notifications.inc({ target, outcome }, count),
  }
}

const hasEndpoint = (metric: object): boolean =>
  // prom-client's objects have this property, but its types do not declare it.
  (metric as { readonly labelNames: readonly string[] }).labelNames.includes('vpn_endpoint')
