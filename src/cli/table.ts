/** The widest a line may be: it fits a terminal of 100 columns. */
const WIDTH = 100

/** A line that is too long ends with an ellipsis. */
export const fit = (line: string): string => (line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line)

/** Rows under a heading, columns padded to their widest cell. */
export const table = (heading: readonly string[], rows: ReadonlyArray<readonly string[]>): string => {
  const widths = heading.map((name, column) =>
    rows.reduce((widest, row) => Math.max(widest, (row[column] ?? '').length), name.length),
  )
  return [heading, ...rows]
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
