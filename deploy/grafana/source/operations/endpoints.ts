import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { bars, lines } from '../graph.ts'
import { palette, upwards } from '../palette.ts'
import { byName, onEndpoints, orNone, perBar, watched } from '../queries.ts'
import { words } from '../stat.ts'
import { table } from '../table.ts'

const connections = onEndpoints('curfew_connections')
const snapshotAge = `time() - ${onEndpoints('curfew_last_complete_snapshot_timestamp_seconds')}`
const pollQuantile = (quantile: number) =>
  `histogram_quantile(${quantile}, sum by (le) (rate(${onEndpoints('curfew_poll_duration_seconds_bucket')}[$__rate_interval])))`

/** What is seen of each endpoint. */
export const endpoints = (): Row => ({
  title: 'Endpoints: what is seen',
  panels: [
    table({
      title: 'Endpoints',
      description:
        'Each endpoint under watch. Of a blind one nothing is known and nothing is ended on it: its numbers are missing, not zero.',
      runbook: 'CurfewEndpointBlind',
      unit: units.NoUnit,
      width: 14,
      height: 8,
      keys: { name: 'Name', vpn_endpoint: 'Endpoint', region: 'Region', account: 'Account' },
      sortBy: 'Connections',
      columns: [
        {
          title: 'Sight',
          expr: `min by (name, vpn_endpoint, region, account) (${watched} * 0 unless on (job, instance, vpn_endpoint) ${connections} or ${watched})`,
          unit: units.NoUnit,
          mappings: words(
            { 0: { text: 'BLIND', colour: palette.act }, 1: { text: 'seen', colour: palette.good } },
            { text: 'unknown', colour: palette.watch },
          ),
        },
        { title: 'Connections', expr: `max by (vpn_endpoint) (${connections})`, unit: units.NoUnit },
        {
          title: 'Snapshot age',
          expr: `min by (vpn_endpoint) (${snapshotAge})`,
          unit: units.Seconds,
          steps: upwards({ watch: 60, act: 300 }),
        },
        {
          title: 'Past deadline',
          expr: `sum by (vpn_endpoint) (${onEndpoints('curfew_due_connections')})`,
          unit: units.NoUnit,
        },
        {
          title: 'Held',
          expr: `sum by (vpn_endpoint) (${onEndpoints('curfew_guard_held_connections')})`,
          unit: units.NoUnit,
          steps: upwards({ watch: 1 }),
        },
      ],
    }),
    lines({
      title: 'Connections by endpoint',
      description:
        'Active connections. A gap is time in which the endpoint was blind. A cliff is many sessions ended at once, by Curfew or not.',
      runbook: 'CurfewEndpointBlind',
      unit: units.NoUnit,
      width: 10,
      height: 8,
      lines: [{ expr: byName(connections), legend: '{{name}}' }],
    }),
    lines({
      title: 'Snapshot age',
      description:
        'How old the last complete snapshot of each endpoint is. At staleAfter, five minutes by default, nothing is decided any more.',
      runbook: 'CurfewSnapshotOld',
      unit: units.Seconds,
      width: 8,
      height: 7,
      limit: 300,
      lines: [{ expr: byName(`(${snapshotAge})`), legend: '{{name}}' }],
    }),
    bars({
      title: 'Failed polls',
      description:
        'Polls that brought no complete snapshot, by what went wrong. A few are nothing; all of them is blindness.',
      runbook: 'CurfewEndpointBlind',
      unit: units.NoUnit,
      width: 8,
      height: 7,
      lines: [
        {
          expr: orNone('outcome', perBar(onEndpoints('curfew_polls_total', 'outcome!="complete"'))),
          legend: '{{outcome}}',
        },
      ],
    }),
    lines({
      title: 'Poll duration',
      description: 'How long reading all pages of an endpoint takes. Longer than the schedule: polls are skipped.',
      runbook: 'CurfewSnapshotOld',
      unit: units.Seconds,
      width: 8,
      height: 7,
      lines: [
        { expr: pollQuantile(0.5), legend: 'p50' },
        { expr: pollQuantile(0.99), legend: 'p99' },
      ],
      colours: { p50: palette.muted, p99: palette.plain },
    }),
  ],
})
