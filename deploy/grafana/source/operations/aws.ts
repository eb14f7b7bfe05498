import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { bars, lines } from '../graph.ts'
import { palette } from '../palette.ts'
import { inRegions, onEndpoints, orNone, perBar } from '../queries.ts'

const third = { width: 8, height: 8 } as const
const half = { width: 12, height: 7, unit: units.NoUnit } as const

/** What AWS refills a second, by default: EC2's buckets are the account's, in each Region, for each action. */
const READS_A_SECOND = 20
const TERMINATIONS_A_SECOND = 5

const TERMINATE = 'TerminateClientVpnConnections'

const requests = (matcher: string) => `rate(${inRegions('curfew_api_requests_total', matcher)}[$__rate_interval])`

/** What Curfew takes of the buckets that it shares with every other tool of the account. */
export const aws = (): Row => ({
  title: 'AWS: our share of the account’s buckets',
  panels: [
    lines({
      ...third,
      title: 'Reads',
      description:
        'Requests that read. The dashed line is what AWS refills a second for each action, in an account and Region with default limits, and every tool of the account drinks from it.',
      runbook: 'CurfewThrottled',
      unit: units.RequestsPerSecond,
      limit: READS_A_SECOND,
      lines: [
        {
          expr: `sum by (account, region, action) (${requests('action=~"Describe.*"')})`,
          legend: '{{account}} {{region}} {{action}}',
        },
      ],
    }),
    lines({
      ...third,
      title: 'Terminations',
      description:
        'Requests that end sessions, dry runs included. The dashed line is what AWS refills a second, in an account and Region with default limits, after a burst of 50.',
      runbook: 'CurfewThrottled',
      unit: units.RequestsPerSecond,
      limit: TERMINATIONS_A_SECOND,
      lines: [
        {
          expr: `sum by (account, region) (${requests(`action="${TERMINATE}"`)}) or 0 * max by (account, region) (${inRegions('curfew_termination_queue_length')})`,
          legend: '{{account}} {{region}}',
        },
      ],
    }),
    bars({
      ...third,
      title: 'Throttled',
      description:
        'Requests that AWS throttled. Curfew slows down by itself; if it goes on, another tool empties the bucket or our share is too large.',
      runbook: 'CurfewThrottled',
      unit: units.NoUnit,
      lines: [
        {
          expr: `sum by (region, action) (${perBar(inRegions('curfew_api_throttles_total'))})`,
          legend: '{{region}} {{action}}',
        },
      ],
    }),
    bars({
      ...half,
      title: 'Requests that failed',
      description: 'Requests that AWS did not answer with success, in its own words; in ours where it said nothing.',
      runbook: 'CurfewPermissionMissing',
      lines: [
        {
          expr: orNone(
            'code',
            perBar(inRegions('curfew_api_requests_total', 'code!~"ok|DryRunOperation"')),
            perBar(inRegions('curfew_api_requests_total')),
          ),
          legend: '{{code}}',
        },
      ],
    }),
    bars({
      ...half,
      title: 'Termination calls by answer',
      description:
        'Calls to end sessions. What is not accepted is sent again; a call by user name ends up to five connections at once.',
      runbook: 'CurfewTerminationGaveUp',
      lines: [
        {
          expr: orNone('outcome', perBar(onEndpoints('curfew_terminate_calls_total'))),
          legend: '{{outcome}}',
        },
      ],
      colours: { accepted: palette.good, throttled: palette.watch, denied: palette.act },
    }),
  ],
})
