import type { LogsQuery, MetricsQuery } from '@grafana/grafana-foundation-sdk/cloudwatch'
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { cloudWatchTargetsOf, panelsOf } from '../house/dashboard-queries.ts'

/** A metric that a query asks for. No dimensions: the query finds the metric under all of them. */
export interface MetricAsked {
  readonly panel: string
  readonly namespace: string
  readonly metricName: string
  readonly dimensions: Readonly<Record<string, string>> | undefined
  readonly statistic: string
}

/** A formula, and the ids of the queries in its panel. */
export interface FormulaAsked {
  readonly panel: string
  readonly expression: string
  readonly ids: readonly string[]
}

export interface LogAsked {
  readonly panel: string
  readonly expression: string
  readonly logGroupNames: readonly string[]
}

interface Asked {
  readonly metrics: readonly MetricAsked[]
  readonly formulas: readonly FormulaAsked[]
  readonly logs: readonly LogAsked[]
}

const isLog = (target: MetricsQuery | LogsQuery): target is LogsQuery => String(target.queryMode) === 'Logs'

const SEARCH = /SEARCH\('Namespace="([^"]+)" MetricName="([^"]+)"', '(\w+)', \$__period_auto\)/g

/** Everything that a dashboard asks CloudWatch for. */
export const cloudWatchQueriesOf = (dashboard: Dashboard): Asked => {
  const metrics: MetricAsked[] = []
  const formulas: FormulaAsked[] = []
  const logs: LogAsked[] = []
  for (const panel of panelsOf(dashboard)) {
    const title = panel.title ?? ''
    const targets = cloudWatchTargetsOf(panel)
    const ids = targets.map(({ id }) => id).filter((id) => id !== '')
    for (const target of targets) {
      if (isLog(target)) {
        const { expression = '', logGroupNames = [] } = target
        logs.push({ panel: title, expression, logGroupNames })
        continue
      }
      const { namespace, metricName, dimensions, matchExact, statistic = '', expression } = target
      if (expression === undefined) {
        metrics.push({
          panel: title,
          namespace,
          metricName: metricName ?? '',
          dimensions: matchExact === true ? (dimensions as Readonly<Record<string, string>>) : undefined,
          statistic,
        })
        continue
      }
      formulas.push({ panel: title, expression: expression.replaceAll(SEARCH, ''), ids })
      for (const [, searched = '', name = '', by = ''] of expression.matchAll(SEARCH))
        metrics.push({ panel: title, namespace: searched, metricName: name, dimensions: undefined, statistic: by })
    }
  }
  return { metrics, formulas, logs }
}
