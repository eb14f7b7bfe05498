import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common'
import { type Panel, ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Step } from './palette.ts'
import { type Alert, type DoorHeading, linkTo } from './runbook.ts'
import { datasource } from './variables.ts'

/** The properties that every panel has. */
export interface Frame {
  readonly title: string
  /** For an operator on call: what the panel shows, and what it means. */
  readonly description: string
  readonly runbook: Alert | DoorHeading
  readonly unit: string
  /** In columns; a dashboard has 24. */
  readonly width: number
  readonly height: number
}

/** A query of either data source. */
export interface Target extends Builder<Dataquery> {
  datasource(ref: DataSourceRef): this
  refId(refId: string): this
}

/** A query, and the data source that answers it. */
export interface Query {
  readonly source: DataSourceRef
  readonly target: Target
}

interface FrameBuilder extends Builder<Panel> {
  title(title: string): this
  description(description: string): this
  links(links: ReturnType<typeof linkTo>[]): this
  datasource(ref: DataSourceRef): this
  unit(unit: string): this
  span(width: number): this
  height(height: number): this
  targets(targets: Builder<Dataquery>[]): this
}

/** The queries of a panel have one data source. */
export const framed = <B extends FrameBuilder>(builder: B, frame: Frame, queries: readonly [Query, ...Query[]]): B =>
  builder
    .title(frame.title)
    .description(frame.description)
    .links([linkTo(frame.runbook)])
    .datasource(queries[0].source)
    .unit(frame.unit)
    .span(frame.width)
    .height(frame.height)
    .targets(queries.map(({ source, target }, index) => target.datasource(source).refId(refIdOf(index))))

/** Queries without a `refId`, or with the same one, overwrite each other. */
export const refIdOf = (index: number): string => String.fromCharCode('A'.charCodeAt(0) + index)

const promQl = (target: DataqueryBuilder): Query => ({ source: datasource, target })

/** The values over the whole range. */
export const overTime = (expr: string, legend: string): Query =>
  promQl(new DataqueryBuilder().expr(expr).legendFormat(legend).range())

/**
 * The value at the end of the range. A range query would still show the last value of an endpoint that is now blind.
 */
export const atTheEnd = (expr: string, legend = ''): Query =>
  promQl(new DataqueryBuilder().expr(expr).legendFormat(legend).instant())

export const asTable = (expr: string): Query =>
  promQl(new DataqueryBuilder().expr(expr).legendFormat('').instant().format(PromQueryFormat.Table))

/** 90 seconds are "1.5 mins" to Grafana. Without the decimal they would be two. */
export const decimalsOf = (unit: string): number => (unit === units.Seconds || unit === units.Milliseconds ? 1 : 0)

export const thresholds = (steps: readonly Step[]): ThresholdsConfigBuilder =>
  new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(steps.map(({ from, colour }) => ({ value: from, color: colour })))
