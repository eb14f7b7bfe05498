import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { bars, lines } from '../graph.ts'
import { palette } from '../palette.ts'
import { inRegions, onEndpoints, orNone, perBar } from '../queries.ts'

const narrow = { width: 7, height: 8 } as const
const half = { width: 12, height: 7, unit: units.NoUnit } as const

/** AWS's default refill rates, in requests per second. EC2 has one bucket for each account, Region and action. */
const READS_A_SECOND = 20
const TERMINATIONS_A_SECOND = 5

const TERMINATE = 'TerminateClientVpnConnections'

const requests = (matcher: string) => `rate(${inRegions('curfew_api_requests_total', matcher)}[$__rate_interval])`

const throttled = perBar(inRegions('curfew_api_throttles_total'))

/** Curfew's requests. All clients of an account share AWS's request limits. */
export const aws = (): Row => ({
  title: 'AWS: requests and limits of the account',
  folded: true,
  panels: [
    lines({
      width: 10,
      height: 8,
      title: 'Reads',
      description:
        'Read requests. The dashed line is AWS’s default limit for each action in an account and Region. All clients of the account share it.',
      runbook: 'CurfewThrottled',
      unit: units.RequestsPerSecond,
      limit: READS_A_SECOND,
      lines: [
        {
          expr: `sum by (account, region, action) (${requests('action=~"Describe.*"')})`,
          legend: '{{region}} {{action}} {{account}}',
        },
      ],
    }),
    lines({
      ...narrow,
      title: 'Terminations',
      description:
        'Requests that terminate connections, including dry runs. The dashed line is AWS’s default limit in an account and Region, after a burst of 50.',
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
      ...narrow,
      title: 'Throttled',
      description:
        'Requests that AWS throttled. Curfew slows down by itself. If throttling continues, another client uses up the limit, or the rates of Curfew are too high.',
      runbook: 'CurfewThrottled',
      unit: units.NoUnit,
      lines: [
        {
          // Actions that AWS did not throttle would fill the legend.
          expr: `sum by (region, action) (${throttled}) > 0 or label_replace(0 * sum by (region) (${throttled}), "action", "none", "", "")`,
          legend: '{{region}} {{action}}',
        },
      ],
    }),
    bars({
      ...half,
      title: 'Requests that failed',
      description: 'Requests that failed, by AWS’s error code, or by Curfew’s code if AWS did not answer.',
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
        'Terminate calls by answer. Curfew repeats a call that is not accepted. A call by user name ends up to five connections at once.',
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
