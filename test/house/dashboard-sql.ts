import { toIso } from '../../src/domain/time/instant.ts'

export interface SqlChoices {
  readonly from: number
  readonly to: number
  /** The time of one bar. */
  readonly intervalMs: number
  /** The selected values; without one, all are selected. */
  readonly unit?: readonly string[]
  readonly policy?: readonly string[]
  readonly person?: string
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`
const listOf = (values: readonly string[] | undefined) => (values === undefined ? `'*'` : values.map(quoted).join(','))

/**
 * A query in SQL as Grafana sends it: first its variables, then the macros of the PostgreSQL data source.
 * https://grafana.com/docs/grafana/latest/datasources/postgres/query-editor/#macros
 */
export const sqlAsSent = (sql: string, { from, to, intervalMs, unit, policy, person = '' }: SqlChoices): string => {
  const seconds = intervalMs / 1000
  const text = sql
    .replaceAll('${unit:sqlstring}', listOf(unit))
    .replaceAll('${policy:sqlstring}', listOf(policy))
    .replaceAll('${person:sqlstring}', quoted(person))
    .replaceAll(
      /\$__timeFilter\((\w+)\)/g,
      (_, column: string) => `${column} BETWEEN '${toIso(from)}' AND '${toIso(to)}'`,
    )
    .replaceAll('$__timeFrom()', `'${toIso(from)}'`)
    .replaceAll(
      /\$__timeGroupAlias\((\w+), \$__interval\)/g,
      (_, column: string) => `floor(extract(epoch from ${column})/${seconds})*${seconds} AS "time"`,
    )
  if (text.includes('$')) throw new Error(`a variable or macro is unknown: ${text}`)
  return text
}
