import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import type pg from 'pg'
import { MINUTE } from '../../src/domain/time/instant.ts'
import { panelsOf, sqlTargetsOf } from '../../test/house/dashboard-queries.ts'
import { sqlAsSent } from '../../test/house/dashboard-sql.ts'
import type { Answer, Range } from './answer.ts'

type Value = string | number | boolean | Date | null | undefined
type Row = Readonly<Record<string, Value>>

const textOf = (value: Value): string => (value instanceof Date ? value.toISOString() : String(value ?? ''))

/** Rows with `time`, `metric` and `value` as a series for each value of `metric`. */
const seriesOf = (rows: readonly Row[]): Answer['series'] =>
  [...new Set(rows.map(({ metric }) => textOf(metric)))].map((metric) => {
    const ofMetric = rows.filter((row) => textOf(row['metric']) === metric)
    return {
      labels: { metric },
      ats: ofMetric.map(({ time }) => Number(time) * 1000),
      values: ofMetric.map(({ value }) => Number(value)),
    }
  })

/** Asks every query in SQL of a dashboard, with everything selected. By the title of the panel. */
export const sqlAnswersOf = async (
  dashboard: Dashboard,
  reader: pg.Client,
  { from, to, stepMs }: Range,
): Promise<ReadonlyMap<string, readonly Answer[]>> => {
  const answers = new Map<string, readonly Answer[]>()
  for (const panel of panelsOf(dashboard))
    for (const { refId, format, rawSql } of sqlTargetsOf(panel)) {
      const intervalMs = panel.interval === undefined ? stepMs : Math.max(stepMs, MINUTE)
      const { rows, fields } = await reader.query<Row>(sqlAsSent(rawSql, { from, to, intervalMs }))
      const columns = fields.map(({ name }) => name)
      const series =
        format === 'time_series'
          ? seriesOf(rows)
          : rows.slice(0, 1).map(({ value }) => ({ labels: {}, ats: [to], values: [Number(value)] }))
      const listing = { columns, rows: rows.map((row) => columns.map((column) => textOf(row[column]))) }
      answers.set(panel.title ?? '', [
        { refId, legendFormat: '{{metric}}', series, ...(panel.type === 'table' && { listing }) },
      ])
    }
  return answers
}
