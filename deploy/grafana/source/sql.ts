import type { Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common'
import { OUTCOMES } from '../../../src/domain/terminate/termination.ts'
import type { Query, Target } from './panel.ts'
import { database } from './variables.ts'

/** A query in SQL as Grafana's editor writes it. Its builders have none for PostgreSQL. */
interface SqlQuery {
  readonly format: 'table' | 'time_series'
  readonly rawQuery: true
  readonly editorMode: 'code'
  readonly rawSql: string
  refId: string
  datasource: DataSourceRef
}

const asked = (format: SqlQuery['format'], rawSql: string): Query => {
  const query: SqlQuery = { format, rawQuery: true, editorMode: 'code', rawSql, refId: 'A', datasource: database }
  const target: Target = {
    datasource(ref) {
      query.datasource = ref
      return target
    },
    refId(refId) {
      query.refId = refId
      return target
    },
    build: () => query as unknown as Dataquery,
  }
  return { source: database, target }
}

/** Rows as they are. */
export const rows = (sql: string): Query => asked('table', sql)

/** A line for each value of `metric`, over `time`. */
export const series = (sql: string): Query => asked('time_series', sql)

/** What may become of a termination, as a list in SQL. `accepted` and the codes of errors are answers to one call. */
export const ENDS = OUTCOMES.map((outcome) => `'${outcome}'`).join(', ')

/** Records of the trail in the range of the dashboard, of the selected units, policies and people. */
export const recorded = (conditions: string): string =>
  `curfew.trail where $__timeFilter(recorded_at) and ${conditions}
  and ('*' in (\${unit:sqlstring}) or unit in (\${unit:sqlstring}))
  and ('*' in (\${policy:sqlstring}) or policy in (\${policy:sqlstring}))
  and strpos(lower(coalesce(principal, '')), lower(\${person:sqlstring})) > 0`

/** How many records there are in each bar, by a column. */
export const counted = (by: string, conditions: string): Query =>
  series(`select $__timeGroupAlias(recorded_at, $__interval), coalesce(${by}, 'none') as metric, count(*) as value
from ${recorded(conditions)}
group by 1, 2
order by 1`)
