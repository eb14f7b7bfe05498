import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { bars, lines } from '../graph.ts'
import { palette } from '../palette.ts'
import { grownOfDaemons, inRegions, ofDaemons, perBar, upTo } from '../queries.ts'
import { stat } from '../stat.ts'
import { table } from '../table.ts'

const LAG = 'curfew_enforcement_lag_seconds'
const within = (bound: number) => `sum(${ofDaemons(perBar(`${LAG}_bucket{stage="accept", ${upTo(bound)}}`))})`
const all = `sum(${ofDaemons(perBar(`${LAG}_count{stage="accept"}`))})`
const quantile = (q: number, growth: string) => `histogram_quantile(${q}, sum by (le, stage) (${growth}))`
const buckets = `${LAG}_bucket`
const inRegionsBy = (metric: string) => `max by (account, region) (${inRegions(metric)})`
const accepted30d = (series: string) => `sum(${grownOfDaemons(`${LAG}_${series}`, '30d')})`

/** Whether connections end in time. */
export const onTime = (): Row => ({
  title: 'On time: 99 % accepted by AWS within 30 seconds',
  folded: true,
  panels: [
    bars({
      title: 'Accepted by AWS, by lag',
      description:
        'Terminations that AWS accepted, by the time after they were due. At the default rate, the 161st termination of a closing is later than 30 seconds.',
      runbook: 'CurfewEnforcementLate',
      unit: units.NoUnit,
      width: 12,
      height: 8,
      lines: [
        { expr: within(1), legend: 'within 1 s' },
        { expr: `${within(30)} - ${within(1)}`, legend: 'within 30 s' },
        { expr: `${within(300)} - ${within(30)}`, legend: 'within 5 min' },
        { expr: `${all} - ${within(300)}`, legend: 'later' },
      ],
      colours: {
        'within 1 s': palette.good,
        'within 30 s': palette.plain,
        'within 5 min': palette.watch,
        later: palette.act,
      },
    }),
    lines({
      title: 'Lag by stage, p99',
      description:
        'The time from due to decided, to accepted by AWS and to confirmed, for all but the slowest hundredth. Empty if nothing was due. The dashed line is the objective for accepted.',
      runbook: 'CurfewEnforcementLate',
      unit: units.Seconds,
      width: 12,
      height: 8,
      limit: 30,
      lines: [{ expr: quantile(0.99, ofDaemons(`rate(${buckets}[$__rate_interval])`)), legend: '{{stage}}' }],
      colours: { decide: palette.muted, accept: palette.plain, confirm: palette.audit },
    }),
    table({
      title: 'Lag by stage, whole range',
      description:
        'The time within which half of all terminations (p50), and all but the slowest hundredth (p99), reached the stage.',
      runbook: 'CurfewEnforcementLate',
      unit: units.Seconds,
      width: 8,
      height: 7,
      keys: { stage: 'Stage' },
      sortBy: 'p99',
      columns: [
        { title: 'p50', expr: quantile(0.5, grownOfDaemons(buckets)), unit: units.Seconds, decimals: 2 },
        { title: 'p99', expr: quantile(0.99, grownOfDaemons(buckets)), unit: units.Seconds, decimals: 2 },
        {
          title: 'Number',
          expr: `sum by (stage) (${grownOfDaemons(`${LAG}_count`)})`,
          unit: units.NoUnit,
        },
      ],
    }),
    stat({
      title: 'Error budget left, 30 days',
      description:
        'One termination in a hundred may be late: the share of that allowance that is left after the last 30 days. Below zero, the objective is missed.',
      runbook: 'CurfewEnforcementLate',
      unit: units.PercentUnit,
      width: 4,
      height: 7,
      expr: `1 - (1 - ${accepted30d(`bucket{stage="accept", ${upTo(30)}}`)} / ${accepted30d('count{stage="accept"}')}) / 0.01`,
      steps: [
        { from: null, colour: palette.act },
        { from: 0, colour: palette.watch },
        { from: 0.25, colour: palette.good },
      ],
      unknown: { text: 'none ended', colour: palette.muted },
    }),
    lines({
      title: 'Calls in the queue',
      description:
        'Terminate calls in the queue, by account and Region. The queue grows at a closing and must shrink again.',
      runbook: 'CurfewQueueLong',
      unit: units.NoUnit,
      width: 6,
      height: 7,
      lines: [{ expr: inRegionsBy('curfew_termination_queue_length'), legend: '{{account}} {{region}}' }],
    }),
    lines({
      title: 'Until the queue is empty',
      description:
        'How long until the last call in the queue may leave. At AWS’s limits a thousand terminations take more than three minutes.',
      runbook: 'CurfewQueueLong',
      unit: units.Seconds,
      width: 6,
      height: 7,
      lines: [{ expr: inRegionsBy('curfew_termination_eta_seconds'), legend: '{{account}} {{region}}' }],
    }),
  ],
})
