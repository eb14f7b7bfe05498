import type { LogsQuery, MetricsQuery } from '@grafana/grafana-foundation-sdk/cloudwatch'
import type { Dashboard, Panel, RowPanel, VariableModel } from '@grafana/grafana-foundation-sdk/dashboard'

/** The selected values of a dashboard's variables, its time range, and the resolution of its panels. */
export interface Choices {
  /** By variable. A missing variable has its default: "All" if that has its own pattern. */
  readonly variables: Readonly<Record<string, string | readonly string[]>>
  readonly rangeMs: number
  /** The time range of one pixel or bar. */
  readonly intervalMs: number
  readonly scrapeIntervalMs: number
}

export interface DashboardQuery {
  readonly panel: string
  readonly refId: string
  readonly expr: string
}

interface AnyTarget {
  readonly refId: string
  readonly datasource?: { readonly type?: string; readonly uid?: string }
}

interface Target extends AnyTarget {
  readonly expr: string
  readonly legendFormat?: string
  readonly instant: boolean
}

const POSTGRES = 'grafana-postgresql-datasource'

interface SqlTarget extends AnyTarget {
  readonly format: 'table' | 'time_series'
  readonly rawSql: string
}

/** The panels of open rows, and those that a collapsed row holds. */
export const panelsOf = ({ panels = [] }: Dashboard): readonly Panel[] =>
  panels.flatMap((panel) => (panel.type === 'row' ? ((panel as RowPanel).panels ?? []) : [panel as Panel]))

/** The SDK types targets as an empty interface, because each query language has its own. */
export const allTargetsOf = ({ targets = [] }: Panel): readonly AnyTarget[] =>
  targets as unknown as readonly AnyTarget[]

/** The queries in PromQL. */
export const targetsOf = (panel: Panel): readonly Target[] =>
  allTargetsOf(panel).filter(
    ({ datasource }) => datasource?.type !== 'cloudwatch' && datasource?.type !== POSTGRES,
  ) as unknown as readonly Target[]

/** The queries in SQL. */
export const sqlTargetsOf = (panel: Panel): readonly SqlTarget[] =>
  allTargetsOf(panel).filter(({ datasource }) => datasource?.type === POSTGRES) as unknown as readonly SqlTarget[]

/** The queries to CloudWatch: of metrics, or of a log. */
export const cloudWatchTargetsOf = (panel: Panel): readonly (MetricsQuery | LogsQuery)[] =>
  allTargetsOf(panel).filter(({ datasource }) => datasource?.type === 'cloudwatch') as unknown as readonly (
    | MetricsQuery
    | LogsQuery
  )[]

/** Every query of a dashboard in PromQL as Grafana sends it, including annotations. Throws if a variable does not exist. */
export const queriesOf = (dashboard: Dashboard, choices: Choices): readonly DashboardQuery[] => {
  const variables = new Map((dashboard.templating.list ?? []).map((variable) => [variable.name, variable]))
  const fill = (expr: string, intervalMs: number) =>
    expr.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced: string | undefined, bare: string) => {
      const name = braced ?? bare
      const text = builtIn(name, { ...choices, intervalMs }) ?? textOf(variables.get(name), choices.variables[name])
      if (text === undefined) throw new Error(`${dashboard.title}: $${name} has no value in ${expr}`)
      return text
    })
  return [
    ...panelsOf(dashboard).flatMap((panel) =>
      targetsOf(panel).map(({ refId, expr }) => ({
        panel: panel.title ?? '',
        refId,
        expr: fill(expr, Math.max(choices.intervalMs, shortestMs(panel))),
      })),
    ),
    ...(dashboard.annotations.list ?? []).map(({ name, expr = '' }) => ({
      panel: name,
      refId: 'annotation',
      expr: fill(expr, choices.intervalMs),
    })),
  ]
}

/** The shortest bar of a panel, which its `interval` sets in minutes. */
const shortestMs = ({ interval = '0m' }: Panel): number => {
  const [, minutes] = /^(\d+)m$/.exec(interval) ?? []
  if (minutes === undefined) throw new Error(`interval ${interval} is not in minutes`)
  return Number(minutes) * 60_000
}

const builtIn = (name: string, { rangeMs, intervalMs, scrapeIntervalMs }: Choices): string | undefined => {
  switch (name) {
    case '__range':
      return `${Math.round(rangeMs / 1000)}s`
    case '__interval':
      return `${intervalMs}ms`
    case '__interval_ms':
      return `${intervalMs}`
    case '__rate_interval':
      return `${Math.max(intervalMs + scrapeIntervalMs, 4 * scrapeIntervalMs)}ms`
    default:
      return undefined
  }
}

/** Escapes a value for a regular expression inside a PromQL string, which needs two backslashes. */
const escaped = (value: string) => value.replaceAll('\\', '\\\\\\\\').replaceAll(/[$^*{}[\]+?.()|]/g, '\\\\$&')

const textOf = (
  variable: VariableModel | undefined,
  chosen: string | readonly string[] | undefined,
): string | undefined => {
  if (variable === undefined) return undefined
  const { type, allValue, query, multi } = variable
  if (chosen === undefined) return type === 'query' ? allValue : (query as string)
  if (multi !== true) return chosen as string
  const values = [chosen].flat().map(escaped)
  return values.length === 1 ? values[0] : `(${values.join('|')})`
}
