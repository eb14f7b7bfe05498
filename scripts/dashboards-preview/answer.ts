import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { panelsOf, queriesOf, targetsOf } from '../../test/house/dashboard-queries.ts'
import type { Series, startPrometheus } from '../../test/prometheus/prometheus.ts'

export interface Range {
  readonly from: number
  readonly to: number
  /** The time of one pixel of a graph, or of one bar. */
  readonly stepMs: number
  readonly scrapeIntervalMs: number
}

/** What one query found. */
export interface Answer {
  readonly refId: string
  readonly legendFormat: string
  readonly series: readonly Series[]
  /** The rows of a table that shows them as they are. */
  readonly listing?: { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] }
  /** Values that nothing was asked for. */
  readonly isSample?: true
}

/** How Grafana names a series. */
export const nameOf = ({ legendFormat }: Answer, { labels }: Series): string =>
  legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '')

type Prometheus = Pick<Awaited<ReturnType<typeof startPrometheus>>, 'query' | 'queryRange'>

const valuesOf = async (prometheus: Prometheus, metric: string, label: string) =>
  (await prometheus.query(`group by (${label}) (${metric})`)).map(({ labels }) => labels[label] ?? '')

/** Asks every query in PromQL of a dashboard, with everything selected. By the title of the panel. */
export const answersOf = async (
  dashboard: Dashboard,
  prometheus: Prometheus,
  range: Range,
): Promise<ReadonlyMap<string, readonly Answer[]>> => {
  const { from, to, stepMs, scrapeIntervalMs } = range
  const queries = queriesOf(dashboard, {
    variables: {
      vpn_endpoint: await valuesOf(prometheus, 'last_over_time(curfew_endpoint_info[1d])', 'vpn_endpoint'),
    },
    rangeMs: to - from,
    intervalMs: stepMs,
    scrapeIntervalMs,
  })
  const answers = new Map<string, readonly Answer[]>()
  for (const panel of panelsOf(dashboard)) {
    const title = panel.title ?? ''
    const found: Answer[] = []
    for (const { refId, legendFormat = '', instant } of targetsOf(panel)) {
      const expr = queries.find((query) => query.panel === title && query.refId === refId)?.expr ?? ''
      const step = panel.interval === undefined ? stepMs : Math.max(stepMs, 60_000)
      // Grafana begins a range at a multiple of the step.
      const start = Math.floor(from / step) * step
      const series = instant ? await prometheus.query(expr, to) : await prometheus.queryRange(expr, start, to, step)
      found.push({ refId, legendFormat, series })
    }
    answers.set(title, found)
  }
  return answers
}
