import { painted } from './paint.ts'
import { tableLines } from './table-lines.ts'

/** One session as cells: those of the first line, and those that stand below it where the output is narrow. */
export interface HistoryRow {
  readonly above: readonly string[]
  readonly below: readonly string[]
}

/** The columns of names, the only ones that are shortened. */
const NAMES = ['USER', 'ENDED BY']

/** A line for each session, or several where one is longer than the output is wide. */
export const historyTable = (heading: HistoryRow, rows: readonly HistoryRow[], width: number): string => {
  const columns = [...heading.above, ...heading.below].map((title) => ({ title, isName: NAMES.includes(title) }))
  const indices = [...columns.keys()]
  const lines = [indices.slice(0, heading.above.length), indices.slice(heading.above.length)]
  // Nothing is shortened to bring a session onto one line: two have more room.
  const fold = { width, lines, leastOnOneLine: Number.POSITIVE_INFINITY }
  const cells = rows.map(({ above, below }) => [...above, ...below])
  const [first = '', ...shown] = tableLines(columns, cells, fold)
  return [painted('bold', first), ...shown].join('\n')
}
