import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type Panel,
  RowBuilder,
  type RowPanel,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { palette } from './palette.ts'
import { ofDaemons } from './queries.ts'
import { siblings } from './runbook.ts'
import { datasource, type Variable } from './variables.ts'

/** Panels under one heading, from left to right; the panels of each line fill 24 columns. */
export interface Row {
  readonly title: string
  readonly panels: readonly Builder<Panel>[]
  /** A folded row is a heading until the reader opens it. Its queries are not sent before. */
  readonly folded?: true
}

/** The builder places the panels of a folded row as if it were open. Grafana's own files have no room for them. */
const closeGaps = ({ panels = [] }: Dashboard): void => {
  let folded = 0
  for (const panel of panels) {
    const inside = (panel as RowPanel).panels ?? []
    for (const { gridPos } of [panel, ...inside] as Panel[]) if (gridPos !== undefined) gridPos.y -= folded
    const bottoms = (inside as Panel[]).map(({ gridPos }) => (gridPos?.y ?? 0) + (gridPos?.h ?? 0))
    if (bottoms.length > 0) folded += Math.max(...bottoms) - (panel.gridPos?.y ?? 0) - 1
  }
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
  for (const { title, panels, folded } of spec.rows) {
    const row = new RowBuilder(title)
    if (folded) for (const panel of panels) row.withPanel(panel)
    builder.withRow(row)
    if (!folded) for (const panel of panels) builder.withPanel(panel)
  }
  const dashboard = builder.build()
  closeGaps(dashboard)
  const all = (dashboard.panels ?? []).flatMap((panel) => [panel, ...((panel as RowPanel).panels ?? [])])
  for (const [index, panel] of all.entries()) panel.id = index + 1
  return dashboard
}
