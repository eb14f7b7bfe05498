import { printable } from '../domain/printable.ts'
import { shortened } from '../domain/shortened.ts'
import { painted } from './paint.ts'

/** A name is not made shorter than this. In 80 columns it leaves room for the whole ids of endpoint and connection. */
const SHORTEST = 10

/** One session as cells: those of the first line, and those that stand below it where the output is narrow. */
export interface HistoryRow {
  readonly above: readonly string[]
  readonly below: readonly string[]
}

/** Two spaces stand between columns. */
const lengthOf = (widths: readonly number[]) => widths.reduce((sum, width) => sum + width, 2 * (widths.length - 1))

const widthsOf = (rows: readonly (readonly string[])[]) =>
  (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)))

const lineOf = (cells: readonly string[], widths: readonly number[]) =>
  cells
    .map((cell, column) => shortened(cell, widths[column] ?? 0).padEnd(widths[column] ?? 0))
    .join('  ')
    .trimEnd()

/** The widths with the column of names as narrow as the lines need. */
const fitted = (widths: readonly number[], names: number, width: number) => {
  const over = Math.max(0, lengthOf(widths) - width)
  return widths.map((one, column) => (column === names ? Math.max(Math.min(one, SHORTEST), one - over) : one))
}

/** A line for each session, or two where one is longer than the output is wide. The first row is the heading. */
export const historyTable = (rows: readonly HistoryRow[], width: number): string => {
  const above = rows.map((row) => row.above.map(printable))
  const below = rows.map((row) => row.below.map(printable))
  const whole = above.map((cells, row) => [...cells, ...(below[row] ?? [])])
  const onOneLine = lengthOf(widthsOf(whole)) <= width
  const [first, second] = [fitted(widthsOf(above), 0, width), fitted(widthsOf(below), 2, width - 2)]
  const lines = onOneLine
    ? whole.map((cells) => lineOf(cells, widthsOf(whole)))
    : above.map((cells, row) => `${lineOf(cells, first)}\n  ${lineOf(below[row] ?? [], second)}`)
  return lines.map((line, row) => (row === 0 ? painted('bold', line) : line)).join('\n')
}
