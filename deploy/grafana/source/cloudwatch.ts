import {
  LogsQueryBuilder,
  MetricEditorMode,
  MetricQueryType,
  MetricsQueryBuilder,
} from '@grafana/grafana-foundation-sdk/cloudwatch'
import type { Query } from './panel.ts'
import { cloudwatch } from './variables.ts'

export type Statistic = 'Sum' | 'Maximum' | 'p50' | 'p99'

/** A metric of CloudWatch. It has exactly these dimensions; `*` stands for each value. */
export interface CloudWatchMetric {
  readonly namespace: string
  readonly metricName: string
  readonly dimensions: Readonly<Record<string, string>>
}

const asked = (target: MetricsQueryBuilder | LogsQueryBuilder): Query => ({
  source: cloudwatch,
  target: target.region('$aws_region'),
})

/** The label of a line: the value of a dimension. CloudWatch fills it in. */
export const valueOf = (dimension: string): string => `\${PROP('Dim.${dimension}')}`

const search = (statistic: Statistic, legend: string) =>
  new MetricsQueryBuilder().metricQueryType(MetricQueryType.Search).statistic(statistic).label(legend).period('')

/** A metric over the range. `id` is the name that a formula has for it. */
export const metric = (
  { namespace, metricName, dimensions }: CloudWatchMetric,
  statistic: Statistic,
  legend: string,
  id = '',
): Query =>
  asked(
    search(statistic, legend)
      .id(id)
      .metricEditorMode(MetricEditorMode.Builder)
      .namespace(namespace)
      .metricName(metricName)
      .dimensions({ ...dimensions })
      .matchExact(true),
  )

/** A formula over the metrics of the same panel. */
export const formula = (expression: string, legend: string): Query =>
  asked(search('Sum', legend).metricEditorMode(MetricEditorMode.Code).expression(expression))

/** The sum of a metric over all its dimensions. Their names are not given: the search finds every one. */
export const summed = (namespace: string, metricName: string, legend: string): Query =>
  formula(`SUM(SEARCH('Namespace="${namespace}" MetricName="${metricName}"', 'Sum', $__period_auto))`, legend)

/** A metric, with a line for each combination of dimensions. CloudWatch labels a line by what sets it apart. */
export const each = (namespace: string, metricName: string, statistic: Statistic): Query =>
  asked(
    search(statistic, '${LABEL}')
      .metricEditorMode(MetricEditorMode.Builder)
      .namespace(namespace)
      .metricName(metricName)
      .dimensions({})
      .matchExact(false),
  )

/** Lines of the handler's log, asked in the language of Logs Insights. Lambda names the log group after the function. */
export const logLines = (expression: string): Query =>
  asked(new LogsQueryBuilder().logGroups([]).logGroupNames(['/aws/lambda/$handler']).expression(expression))
