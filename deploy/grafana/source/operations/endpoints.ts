import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { bars, lines } from '../graph.ts'
import { palette, upwards } from '../palette.ts'
import { byName, once, onEndpoints, orNone, perBar, watched } from '../queries.ts'
import { words } from '../stat.ts'
import { table } from '../table.ts'

const connections = onEndpoints('curfew_connections')
const snapshotAge = `time() - ${onEndpoints('curfew_last_complete_snapshot_timestamp_seconds')}`
const pollQuantile = (quantile: number) =>
  `histogram_quantile(${quantile}, sum by (le) (rate(${onEndpoints('curfew_poll_duration_seconds_bucket')}[$__rate_interval])))`

/** The state of each endpoint. */
export const endpoints = (): Row => ({
  title: 'Endpoints: what Curfew sees',
  panels: [
    table({
      title: 'Endpoints',
      description:
        'The endpoints that Curfew watches. Nothing is ended on a blind endpoint, and its numbers are absent, not zero.',
      runbook: 'CurfewEndpointBlind',
      unit: units.NoUnit,
      width: 14,
      height: 8,
      keys: { name: 'Name', vpn_endpoint: 'Endpoint', region: 'Region', account: 'Account' },
      // Blind endpoints are first.
      sortBy: 'Sight',
      ascending: true,
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
          title: 'Due',
          expr: `sum by (vpn_endpoint) (${once(onEndpoints('curfew_due_connections'), 'policy', 'mode')})`,
          unit: units.NoUnit,
        },
        {
          title: 'Held',
          expr: `sum by (vpn_endpoint) (${once(onEndpoints('curfew_guard_held_connections'), 'policy')})`,
          unit: units.NoUnit,
          steps: upwards({ watch: 1 }),
        },
      ],
    }),
    lines({
      title: 'Connections by endpoint',
      description:
        'Active connections. In a gap the endpoint was blind. A sudden drop means that many connections ended at once, by Curfew or otherwise.',
      runbook: 'CurfewEndpointBlind',
      unit: units.NoUnit,
      width: 10,
      height: 8,
      lines: [{ expr: byName(connections), legend: '{{name}}' }],
    }),
    lines({
      title: 'Snapshot age',
      description:
        'The age of the last complete snapshot of each endpoint. At staleAfter, five minutes by default, the endpoint is blind and nothing is ended on it.',
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
        'Polls without a complete snapshot, by error. A few are harmless; if all polls fail, the endpoint goes blind.',
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
      description:
        'How long a poll of all pages of an endpoint takes. If it takes longer than the schedule allows, polls are skipped.',
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
