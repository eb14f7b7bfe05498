import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { bars } from '../graph.ts'
import { palette, upwards } from '../palette.ts'
import { grownOfDaemons, inRange, ofDaemons, onEndpoints, orZeroWhileWatched, perBar } from '../queries.ts'
import { stat } from '../stat.ts'

const small = { width: 4, height: 4 } as const

const lost = 'curfew_notifications_total{outcome="lost"}'
const ofAllEndpoints = (counter: string) => `sum(${perBar(counter)})`
const ofAllDaemons = (counter: string) => orZeroWhileWatched(`sum(${ofDaemons(perBar(counter))})`)

/** What keeps Curfew from its work, or us from hearing of it. */
export const trouble = (): Row => ({
  title: 'Trouble',
  panels: [
    stat({
      ...small,
      title: 'Configuration',
      description:
        'REFUSED: the last edit did not validate. The policies before it stay in force until the files are mended.',
      runbook: 'CurfewReloadRefused',
      unit: units.NoUnit,
      expr: `min(${ofDaemons('curfew_config_last_reload_successful')})`,
      values: { 1: { text: 'taken', colour: palette.good }, 0: { text: 'REFUSED', colour: palette.act } },
    }),
    stat({
      ...small,
      title: 'Audit trail',
      description: 'NOT WRITABLE: a record could not be written. Nothing is ended until one can be.',
      runbook: 'CurfewAuditNotWritable',
      unit: units.NoUnit,
      expr: `min(${ofDaemons('curfew_audit_writable')})`,
      values: { 1: { text: 'writable', colour: palette.good }, 0: { text: 'NOT WRITABLE', colour: palette.act } },
    }),
    stat({
      ...small,
      title: 'Clock',
      description:
        'How far the host’s clock is from AWS’s. Above two seconds Curfew corrects it; five minutes apart nobody knows which is right, and nothing is ended.',
      runbook: 'CurfewClockSkew',
      unit: units.Seconds,
      decimals: 1,
      expr: `max(abs(${ofDaemons('curfew_clock_skew_seconds')}))`,
      steps: upwards({ watch: 5, act: 300 }),
    }),
    stat({
      ...small,
      title: 'Permissions missing',
      description: 'Actions that IAM denies, by endpoint. Without them Curfew is blind there, or cannot end anything.',
      runbook: 'CurfewPermissionMissing',
      unit: units.NoUnit,
      expr: orZeroWhileWatched(`sum(${onEndpoints('curfew_missing_permissions')})`),
      steps: upwards({ act: 1 }),
    }),
    stat({
      ...small,
      title: 'Notifications lost',
      description:
        'Notifications in this range that could not be delivered in spite of all attempts. Sessions end all the same.',
      runbook: 'CurfewNotificationsLost',
      unit: units.NoUnit,
      expr: orZeroWhileWatched(`sum(${grownOfDaemons(lost)})`),
      steps: upwards({ watch: 1 }),
    }),
    stat({
      ...small,
      title: 'Clients that come back',
      description:
        'Reconnects in this range within five minutes of a cut. Many of them: clients reconnect by themselves and are cut again; deny the person at the identity provider.',
      runbook: 'CurfewReconnectLoop',
      unit: units.NoUnit,
      expr: orZeroWhileWatched(`sum(${inRange(onEndpoints('curfew_reconnects_total'))})`),
    }),
    bars({
      title: 'Everything that went wrong',
      description: 'All failures by kind, so that what began together is seen together. Red ones want somebody now.',
      runbook: 'CurfewNotEnforcing',
      unit: units.NoUnit,
      width: 24,
      height: 7,
      lines: [
        { expr: ofAllEndpoints(onEndpoints('curfew_polls_total', 'outcome!="complete"')), legend: 'polls failed' },
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
