import { printable } from '../domain/printable.ts'
import { shortened } from '../domain/shortened.ts'
import { outputWidth } from './lines.ts'
import { painted } from './paint.ts'

interface Column {
  readonly title: string
  /** Numbers stand at the right. */
  readonly align?: 'right'
  /** A name is shortened where a line is too long. */
  readonly isName?: true
}

/** A name is not made shorter than this. */
const SHORTEST = 12

const GAP = 2

/** Rows in columns under their titles. */
export const columnTable = (columns: readonly Column[], rows: ReadonlyArray<readonly string[]>): string => {
  const cells = rows.map((row) => row.map(printable))
  const widths = columns.map(({ title }, index) =>
    cells.reduce((most, row) => Math.max(most, row[index]?.length ?? 0), title.length),
  )
  for (let over = lineLength(widths) - outputWidth(); over > 0; over--) {
    const widest = columns.reduce(
      (found, { isName }, index) => (isName && (widths[index] ?? 0) > (widths[found] ?? 0) ? index : found),
      -1,
    )
    if ((widths[widest] ?? 0) <= SHORTEST) break
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  const lineOf = (row: readonly string[]) =>
    columns
      .map(({ align }, index) => {
        const width = widths[index] ?? 0
        const cell = shortened(row[index] ?? '', width)
        return align === 'right' ? cell.padStart(width) : cell.padEnd(width)
      })
      .join(' '.repeat(GAP))
      .trimEnd()
  return [painted('bold', lineOf(columns.map(({ title }) => title))), ...cells.map(lineOf)].join('\n')
}

const lineLength = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width, GAP * (widths.length - 1))
