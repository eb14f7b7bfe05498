import * as units from '@grafana/grafana-foundation-sdk/units'
import { formula, metric } from '../cloudwatch.ts'
import type { Row } from '../dashboard.ts'
import { bars, lines } from '../graph.ts'
import { palette, upwards } from '../palette.ts'
import { stat } from '../stat.ts'
import { ofLambda } from './metrics.ts'

const quarter = { width: 6, height: 4 } as const
const third = { width: 8, height: 8 } as const
const none = { text: 'none', colour: palette.muted }

/** The executions of the handler: each failure here denies a connection. */
export const lambda = (): Row => ({
  title: 'Lambda: whether the handler runs',
  panels: [
    stat({
      ...quarter,
      title: 'Errors',
      runbook: 'Errors',
      description:
        'Invocations that failed or timed out in this range. AWS denied each of these connections, whatever onError says.',
      unit: units.NoUnit,
      query: metric(ofLambda('Errors'), 'Sum', 'errors'),
      calc: 'sum',
      steps: upwards({ act: 1 }),
      unknown: none,
    }),
    stat({
      ...quarter,
      title: 'Throttles',
      runbook: 'Throttles',
      description:
        'Invocations that Lambda refused in this range, because all places were taken. AWS denied each of these connections.',
      unit: units.NoUnit,
      query: metric(ofLambda('Throttles'), 'Sum', 'throttles'),
      calc: 'sum',
      steps: upwards({ act: 1 }),
      unknown: none,
    }),
    stat({
      ...quarter,
      title: 'Most concurrent',
      runbook: 'Throttles',
      description:
        'The most executions at a time in this range. When all places of the handler are taken, Lambda refuses the next one.',
      unit: units.NoUnit,
      query: metric(ofLambda('ConcurrentExecutions'), 'Maximum', 'concurrent'),
      calc: 'max',
      unknown: none,
    }),
    stat({
      ...quarter,
      title: 'Slowest execution',
      runbook: 'SlowAnswers',
      description:
        'The longest execution in this range. After 5 seconds, the timeout of the template, Lambda stops it and AWS denies.',
      unit: units.Milliseconds,
      query: metric(ofLambda('Duration'), 'Maximum', 'slowest'),
      calc: 'max',
      steps: upwards({ watch: 1000, act: 4000 }),
      unknown: none,
    }),
    bars({
      ...third,
      title: 'Invocations that failed',
      runbook: 'Errors',
      description: 'Errors and throttles of the function. AWS denied each of these connections without a reason.',
      unit: units.NoUnit,
      lines: [metric(ofLambda('Errors'), 'Sum', 'errors'), metric(ofLambda('Throttles'), 'Sum', 'throttles')],
      colours: { errors: palette.act, throttles: palette.watch },
    }),
    lines({
      ...third,
      title: 'Concurrent executions',
      runbook: 'Throttles',
      description:
        'Executions at a time against the places of the handler, which is the number that you enter at the top.',
      unit: units.NoUnit,
      lines: [
        metric(ofLambda('ConcurrentExecutions'), 'Maximum', 'concurrent', 'concurrent'),
        formula('FILL(concurrent, 0) * 0 + $places', 'places'),
      ],
      colours: { places: palette.act },
    }),
    lines({
      ...third,
      title: 'Time of an execution',
      runbook: 'SlowAnswers',
      description:
        'How long Lambda ran the function for one request, including what its own runtime adds to the decision.',
      unit: units.Milliseconds,
      lines: [
        metric(ofLambda('Duration'), 'p50', 'p50'),
        metric(ofLambda('Duration'), 'p99', 'p99'),
        metric(ofLambda('Duration'), 'Maximum', 'slowest'),
      ],
      colours: { p50: palette.muted, p99: palette.plain, slowest: palette.watch },
    }),
  ],
})
