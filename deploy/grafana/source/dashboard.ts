import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type Panel,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { palette } from './palette.ts'
import { ofDaemons } from './queries.ts'
import { siblings } from './runbook.ts'
import { datasource, type Variable } from './variables.ts'

/** Panels under one heading, from left to right; the panels of each line fill 24 columns. */
export interface Row {
  readonly title: string
  readonly panels: readonly Builder<Panel>[]
}

/** Marks each new configuration on the graphs: it is the first thing to check after an incident. */
const reloads = new AnnotationQueryBuilder()
  .name('New configuration')
  .datasource(datasource)
  .enable(true)
  .iconColor(palette.plain)
  .expr(`${ofDaemons('curfew_config_last_reload_success_timestamp_seconds')} * 1000`)
  .useValueForTime(true)
  .titleFormat('New configuration')
  .textFormat('{{instance}}')

/** The model that Grafana reads. Adds panel ids, which the builders do not set. */
export const dashboardOf = (spec: {
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly from: string
  /** How often the dashboard asks everything again. */
  readonly refresh: '30s' | '5m'
  readonly variables: readonly Variable[]
  readonly rows: readonly Row[]
  /** Without Prometheus nothing marks new configurations. */
  readonly marks?: 'reloads' | 'none'
}): Dashboard => {
  const builder = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags(['curfew'])
    .time({ from: spec.from, to: 'now' })
    .refresh(spec.refresh)
    .tooltip(DashboardCursorSync.Crosshair)
    .links([{ build: () => siblings }])
    .variables([...spec.variables])
  if (spec.marks !== 'none') builder.annotation(reloads)
  for (const { title, panels } of spec.rows) {
    builder.withRow(new RowBuilder(title))
    for (const panel of panels) builder.withPanel(panel)
  }
  const dashboard = builder.build()
  for (const [index, panel] of (dashboard.panels ?? []).entries()) panel.id = index + 1
  return dashboard
}
