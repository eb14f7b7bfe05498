import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { palette, upwards } from '../palette.ts'
import {
  grownOfDaemons,
  inRange,
  ofDaemons,
  once,
  onEndpoints,
  orZeroWhileSeen,
  orZeroWhileWatched,
  upTo,
  watched,
} from '../queries.ts'
import { stat } from '../stat.ts'

const small = { width: 4, height: 4 } as const
const PAIR = 'job, instance, vpn_endpoint'

const enforcing = ofDaemons('curfew_enforcing')
const enforcePolicies = ofDaemons('curfew_policies{mode="enforce"}')
const connections = onEndpoints('curfew_connections')
const confirmed = onEndpoints('curfew_terminations_total', 'outcome="confirmed"')
const accepted = (series: string, matchers: string) =>
  `sum(${grownOfDaemons(`curfew_enforcement_lag_seconds_${series}{stage="accept"${matchers}}`)})`

const overdue = `min_over_time(${onEndpoints('curfew_due_connections', 'mode="enforce"')}[2m]) - on (${PAIR}, policy) max_over_time(${onEndpoints('curfew_guard_held_connections')}[2m])`

/** The two possible failures: a connection that should end stays up, or connections end that should stay. */
export const rightNow = (): Row => ({
  title: 'Right now: do the right connections end, and no others?',
  panels: [
    stat({
      ...small,
      title: 'Enforcement',
      description:
        'ENFORCING: connections are ended. AUDIT ONLY: no policy is in mode enforce. NOT ENFORCING: policies are in mode enforce, but the audit trail cannot be written or the clock is not trusted. NO DAEMON: no daemon that watches these endpoints answers.',
      runbook: 'CurfewNotEnforcing',
      unit: units.NoUnit,
      expr: `${enforcing} * 2 > 0 or (${enforcing} unless on (job, instance) ${enforcePolicies}) + 1 or ${enforcing} or on () vector(-1)`,
      legend: '{{instance}}',
      values: {
        2: { text: 'ENFORCING', colour: palette.good },
        1: { text: 'AUDIT ONLY', colour: palette.audit },
        0: { text: 'NOT ENFORCING', colour: palette.act },
        [-1]: { text: 'NO DAEMON', colour: palette.act },
      },
    }),
    stat({
      ...small,
      title: 'Blind endpoints',
      description:
        'Endpoints without a complete snapshot for longer than staleAfter, or since the start. Nothing is ended on them, whatever the policies say.',
      runbook: 'CurfewEndpointBlind',
      unit: units.NoUnit,
      expr: orZeroWhileWatched(`count(${once(`${watched} unless on (${PAIR}) ${connections}`)})`),
      steps: upwards({ act: 1 }),
    }),
    stat({
      ...small,
      title: 'Overdue',
      description:
        'Connections that have been due for two minutes or more under policies that enforce, and that the guard does not hold. During a mass termination these wait in the queue. A connection that violates two policies counts twice.',
      runbook: 'CurfewBanNotEffective',
      unit: units.NoUnit,
      expr: orZeroWhileSeen(`sum(${once(`clamp_min(${overdue}, 0)`, 'policy')})`),
      steps: upwards({ act: 1 }),
      unknown: { text: 'BLIND', colour: palette.act },
    }),
    stat({
      ...small,
      title: 'Given up',
      description:
        'Terminations in this range whose connection was still there after all attempts. A connection that should end may still be up.',
      runbook: 'CurfewTerminationGaveUp',
      unit: units.NoUnit,
      expr: orZeroWhileWatched(`sum(${inRange(onEndpoints('curfew_terminations_total', 'outcome="gave-up"'))})`),
      steps: upwards({ act: 1 }),
    }),
    stat({
      ...small,
      title: 'Ended in 10 minutes',
      description:
        'The share of connections that Curfew ended in the last ten minutes, on the endpoint where it is largest. A planned closing gives a high value. At any other time, check what ended and the last change of the configuration.',
      runbook: 'CurfewGuardHolding',
      unit: units.PercentUnit,
      expr: `max(sum by (vpn_endpoint) (increase(${confirmed}[10m])) / clamp_min(sum by (vpn_endpoint) (increase(${confirmed}[10m])) + max by (vpn_endpoint) (${connections}), 1))`,
      steps: upwards({ watch: 0.1, act: 0.5 }),
      unknown: { text: 'BLIND', colour: palette.act },
    }),
    stat({
      ...small,
      title: 'Held by the guard',
      description:
        'Connections that a changed policy would end, and that the guard holds. They stay up until an operator fixes the policy or confirms it with `guard: off`.',
      runbook: 'CurfewGuardHolding',
      unit: units.NoUnit,
      expr: orZeroWhileSeen(`sum(${once(onEndpoints('curfew_guard_held_connections'), 'policy')})`),
      steps: upwards({ watch: 1 }),
      unknown: { text: 'BLIND', colour: palette.act },
    }),
    stat({
      ...small,
      title: 'Connections',
      description: 'Active connections in the last complete snapshots. Blind endpoints are not included.',
      runbook: 'CurfewEndpointBlind',
      unit: units.NoUnit,
      expr: `sum(${once(connections)})`,
      unknown: { text: 'BLIND', colour: palette.act },
    }),
    stat({
      ...small,
      title: 'Oldest snapshot',
      description:
        'The age of the oldest of the last complete snapshots. A poll every 15 seconds keeps it below 30 seconds. At staleAfter, five minutes by default, the endpoint is blind.',
      runbook: 'CurfewSnapshotOld',
      unit: units.Seconds,
      expr: `max(time() - ${onEndpoints('curfew_last_complete_snapshot_timestamp_seconds')})`,
      steps: upwards({ watch: 60, act: 300 }),
      unknown: { text: 'NEVER', colour: palette.act },
    }),
    stat({
      ...small,
      title: 'Ended',
      description: 'Connections that were ended in this range and proven gone.',
      runbook: 'CurfewGuardHolding',
      unit: units.NoUnit,
      expr: orZeroWhileWatched(`sum(${inRange(confirmed)})`),
    }),
    stat({
      ...small,
      title: 'Within 30 seconds',
      description:
        'The share of terminations in this range that AWS accepted within 30 seconds after they were due. The objective is 99 %.',
      runbook: 'CurfewEnforcementLate',
      unit: units.PercentUnit,
      decimals: 1,
      expr: `${accepted('bucket', `, ${upTo(30)}`)} / ${accepted('count', '')}`,
      steps: [
        { from: null, colour: palette.act },
        { from: 0.99, colour: palette.good },
      ],
      unknown: { text: 'none ended', colour: palette.muted },
    }),
    stat({
      ...small,
      title: 'Queue empty in',
      description:
        'How long until the last call in the queue may leave, at the configured rate, in the account and Region where it takes longest.',
      runbook: 'CurfewQueueLong',
      unit: units.Seconds,
      expr: 'max(curfew_termination_eta_seconds{region=~"$region"})',
      steps: upwards({ watch: 60, act: 1800 }),
    }),
    stat({
      ...small,
      title: 'Configuration age',
      description:
        'How long ago the newest configuration came into force. If connections ended that should have stayed, check this change first; the lines across the graphs mark it.',
      runbook: 'CurfewReloadRefused',
      unit: units.Seconds,
      expr: `min(time() - ${ofDaemons('curfew_config_last_reload_success_timestamp_seconds')})`,
    }),
  ],
})
