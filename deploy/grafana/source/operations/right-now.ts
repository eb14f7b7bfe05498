import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { palette, upwards } from '../palette.ts'
import {
  grownOfDaemons,
  inRange,
  ofDaemons,
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
const meantTo = ofDaemons('curfew_policies{mode="enforce"}')
const connections = onEndpoints('curfew_connections')
const confirmed = onEndpoints('curfew_terminations_total', 'outcome="confirmed"')
const accepted = (series: string, matchers: string) =>
  `sum(${grownOfDaemons(`curfew_enforcement_lag_seconds_${series}{stage="accept"${matchers}}`)})`

const overdue = `min_over_time(${onEndpoints('curfew_due_connections', 'mode="enforce"')}[2m]) - on (${PAIR}, policy) max_over_time(${onEndpoints('curfew_guard_held_connections')}[2m])`

/** The two fears: something that should have ended did not; everybody is being thrown out. */
export const rightNow = (): Row => ({
  title: 'Right now: did all end that should have, and nothing else?',
  panels: [
    stat({
      ...small,
      title: 'Enforcement',
      description:
        'ENFORCING: sessions are ended. AUDIT ONLY: nothing is meant to be ended. NOT ENFORCING: policies are meant to end sessions, but the audit trail cannot be written or the clock is not trusted. NO DAEMON: none that watches these endpoints answers.',
      runbook: 'CurfewNotEnforcing',
      unit: units.NoUnit,
      expr: `${enforcing} * 2 > 0 or (${enforcing} unless on (job, instance) ${meantTo}) + 1 or ${enforcing} or on () vector(-1)`,
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
        'Endpoints of which nothing is known for longer than staleAfter, or nothing yet. Nothing is ended on them, whatever the policies say.',
      runbook: 'CurfewEndpointBlind',
      unit: units.NoUnit,
      expr: orZeroWhileWatched(`count(${watched} unless on (${PAIR}) ${connections})`),
      steps: upwards({ act: 1 }),
    }),
    stat({
      ...small,
      title: 'Should have ended, still there',
      description:
        'Connections past their deadline for two minutes and more, under policies that enforce and that the guard does not hold. During a long closing these are the ones that wait in the queue. One that two policies condemn counts twice.',
      runbook: 'CurfewBanNotEffective',
      unit: units.NoUnit,
      expr: orZeroWhileSeen(`sum(clamp_min(${overdue}, 0))`),
      steps: upwards({ act: 1 }),
      unknown: { text: 'BLIND', colour: palette.act },
    }),
    stat({
      ...small,
      title: 'Given up',
      description:
        'Terminations in this range whose connection was still there after all attempts. Somebody stays on who should be gone.',
      runbook: 'CurfewTerminationGaveUp',
      unit: units.NoUnit,
      expr: orZeroWhileWatched(`sum(${inRange(onEndpoints('curfew_terminations_total', 'outcome="gave-up"'))})`),
      steps: upwards({ act: 1 }),
    }),
    stat({
      ...small,
      title: 'Ended in 10 minutes',
      description:
        'Of all who were connected, the share that was ended in the last ten minutes, on the endpoint where it is largest. High at a closing that you planned; high at any other time, look at what ended and at the last change of the configuration.',
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
        'Connections that a fresh edit would end after the fact, and that the guard keeps. They stay until somebody releases them or mends the edit.',
      runbook: 'CurfewGuardHolding',
      unit: units.NoUnit,
      expr: orZeroWhileSeen(`sum(${onEndpoints('curfew_guard_held_connections')})`),
      steps: upwards({ watch: 1 }),
      unknown: { text: 'BLIND', colour: palette.act },
    }),
    stat({
      ...small,
      title: 'Connections',
      description:
        'Active connections in the last complete snapshots. Blind endpoints are left out, not counted as zero.',
      runbook: 'CurfewEndpointBlind',
      unit: units.NoUnit,
      expr: `sum(max by (vpn_endpoint) (${connections}))`,
      unknown: { text: 'BLIND', colour: palette.act },
    }),
    stat({
      ...small,
      title: 'Oldest snapshot',
      description:
        'How old the oldest of the last complete snapshots is. A poll every 15 seconds keeps it below 30; at staleAfter, five minutes by default, the endpoint is blind.',
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
        'Of the terminations in this range, the share that AWS accepted within 30 seconds of the instant at which the connection had to go. The objective is 99 %.',
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
        'How long until the last waiting call may leave, in the account and Region that takes longest, at the rate that Curfew was given.',
      runbook: 'CurfewQueueLong',
      unit: units.Seconds,
      expr: 'max(curfew_termination_eta_seconds{region=~"$region"})',
      steps: upwards({ watch: 60, act: 1800 }),
    }),
    stat({
      ...small,
      title: 'Configuration taken',
      description:
        'How long ago the newest configuration was taken. If much ended that should not have, start with what changed then; the lines across the graphs mark it.',
      runbook: 'CurfewReloadRefused',
      unit: units.Seconds,
      expr: `min(time() - ${ofDaemons('curfew_config_last_reload_success_timestamp_seconds')})`,
    }),
  ],
})
