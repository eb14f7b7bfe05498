import { outputWidth } from './lines.ts'
import { painted } from './paint.ts'
import { type Column, tableLines } from './table-lines.ts'

/** A name is not made shorter than this to bring a row onto one line. */
const SHORTEST_ON_ONE_LINE = 12

/** Rows in columns under their titles. Where lines would be too long, the numbers stand below the names. */
export const columnTable = (columns: readonly Column[], rows: ReadonlyArray<readonly string[]>): string => {
  const indices = [...columns.keys()]
  const isNumber = (index: number) => columns[index]?.align === 'right'
  const lines = [indices.filter((index) => !isNumber(index)), indices.filter(isNumber)]
  const fold = { width: outputWidth(), lines, leastOnOneLine: SHORTEST_ON_ONE_LINE }
  const [heading = '', ...shown] = tableLines(columns, rows, fold)
  return [painted('bold', heading), ...shown].join('\n')
}
