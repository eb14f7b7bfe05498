import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { bars } from '../graph.ts'
import { palette, upwards } from '../palette.ts'
import { grownOfDaemons, inRange, ofDaemons, once, onEndpoints, orZeroWhileWatched, perBar } from '../queries.ts'
import { stat } from '../stat.ts'

const small = { width: 4, height: 4 } as const

const lost = 'curfew_notifications_total{outcome="lost"}'
const ofAllEndpoints = (counter: string) => `sum(${perBar(counter)})`
const ofAllDaemons = (counter: string) => orZeroWhileWatched(`sum(${ofDaemons(perBar(counter))})`)

/** Problems of the daemon and of its notifications. */
export const trouble = (): Row => ({
  title: 'Problems',
  panels: [
    stat({
      ...small,
      title: 'Configuration',
      description:
        'REFUSED: the last edit has a problem. The previous configuration stays in force until the files are fixed.',
      runbook: 'CurfewReloadRefused',
      unit: units.NoUnit,
      expr: `min(${ofDaemons('curfew_config_last_reload_successful')})`,
      values: { 1: { text: 'in force', colour: palette.good }, 0: { text: 'REFUSED', colour: palette.act } },
    }),
    stat({
      ...small,
      title: 'Audit trail',
      description: 'NOT WRITABLE: a record could not be written. Nothing is ended until a record can be written again.',
      runbook: 'CurfewAuditNotWritable',
      unit: units.NoUnit,
      expr: `min(${ofDaemons('curfew_audit_writable')})`,
      values: { 1: { text: 'writable', colour: palette.good }, 0: { text: 'NOT WRITABLE', colour: palette.act } },
    }),
    stat({
      ...small,
      title: 'Clock',
      description:
        'The difference between the clocks of the host and AWS. Above two seconds Curfew corrects for it; above five minutes it cannot know which clock is right, and nothing is ended.',
      runbook: 'CurfewClockSkew',
      unit: units.Seconds,
      decimals: 1,
      expr: `max(abs(${ofDaemons('curfew_clock_skew_seconds')}))`,
      steps: upwards({ watch: 5, act: 300 }),
    }),
    stat({
      ...small,
      title: 'Permissions missing',
      description:
        'Actions that IAM denies, summed over endpoints. Without them an endpoint is blind, or nothing can be ended on it.',
      runbook: 'CurfewPermissionMissing',
      unit: units.NoUnit,
      expr: orZeroWhileWatched(`sum(${once(onEndpoints('curfew_missing_permissions'), 'action')})`),
      steps: upwards({ act: 1 }),
    }),
    stat({
      ...small,
      title: 'Notifications lost',
      description: 'Notifications in this range that were lost after all attempts. Connections end regardless.',
      runbook: 'CurfewNotificationsLost',
      unit: units.NoUnit,
      expr: orZeroWhileWatched(`sum(${grownOfDaemons(lost)})`),
      steps: upwards({ watch: 1 }),
    }),
    stat({
      ...small,
      title: 'Reconnects',
      description:
        'Reconnects in this range within five minutes of a termination. If there are many, clients reconnect by themselves and are ended again: deny the user at the identity provider.',
      runbook: 'CurfewReconnectLoop',
      unit: units.NoUnit,
      expr: orZeroWhileWatched(`sum(${inRange(onEndpoints('curfew_reconnects_total'))})`),
    }),
    bars({
      title: 'All failures',
      description:
        'All failures by kind, so that failures that start together are seen together. Red ones need action now.',
      runbook: 'CurfewNotEnforcing',
      unit: units.NoUnit,
      width: 24,
      height: 7,
      lines: [
        { expr: ofAllEndpoints(onEndpoints('curfew_polls_total', 'outcome!="complete"')), legend: 'polls failed' },
        {
          expr: ofAllEndpoints(onEndpoints('curfew_lookups_total', 'outcome!="complete"')),
          legend: 'lookups failed',
        },
        { expr: ofAllDaemons('curfew_polls_skipped_total'), legend: 'polls skipped' },
        {
          expr: ofAllEndpoints(onEndpoints('curfew_terminate_calls_total', 'outcome="denied"')),
          legend: 'calls denied',
        },
        { expr: ofAllEndpoints(onEndpoints('curfew_terminations_total', 'outcome="gave-up"')), legend: 'given up' },
        { expr: ofAllDaemons('curfew_audit_records_total{outcome="failed"}'), legend: 'audit records failed' },
        { expr: ofAllDaemons('curfew_config_reloads_total{outcome="refused"}'), legend: 'reloads refused' },
        { expr: ofAllDaemons(lost), legend: 'notifications lost' },
      ],
      colours: {
        'calls denied': palette.act,
        'given up': palette.act,
        'audit records failed': palette.act,
        'polls failed': palette.watch,
        'polls skipped': palette.muted,
        'reloads refused': palette.audit,
      },
    }),
  ],
})
