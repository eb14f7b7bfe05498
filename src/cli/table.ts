import { printable } from '../domain/printable.ts'

/** The maximum length of a line: it fits a terminal of 100 columns. */
const WIDTH = 100

/** The text as one line without control characters, shortened with an ellipsis if it is too long. */
export const fit = (text: string): string => {
  const line = printable(text)
  return line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line
}

/** Rows under a heading. Each column is as wide as its widest cell. */
export const table = (heading: readonly string[], rows: ReadonlyArray<readonly string[]>): string => {
  const shown = rows.map((row) => row.map(printable))
  const widths = heading.map((name, column) =>
    shown.reduce((widest, row) => Math.max(widest, (row[column] ?? '').length), name.length),
  )
  return [heading, ...shown]
    .map((row) =>
      fit(
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd(),
      ),
    )
    .join('\n')
}
