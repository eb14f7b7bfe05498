import type { Paint } from '../domain/paint.ts'
import { printable } from '../domain/printable.ts'
import { shortened } from '../domain/shortened.ts'
import { outputWidth, paragraph } from './lines.ts'
import { painted } from './paint.ts'

/** A name is not made shorter than this to bring a row onto one line, or at all. */
const SHORTEST_ON_ONE_LINE = 24
const SHORTEST = 12

/** One connection. Its id is never shortened, so that it can be copied. */
interface Row {
  /** One for each heading. */
  readonly cells: readonly string[]
  readonly policy: string
  readonly id: string
  readonly paint?: Paint | undefined
  /** Shown below the row. */
  readonly because?: string
}

/** The heading of the column of user names. Names are shortened where a line is too long. */
export const USER = 'USER'
const POLICY = 'POLICY'
const CONNECTION = 'CONNECTION'

type Widths = readonly number[]

const lineLength = (widths: Widths) => widths.reduce((sum, width) => sum + width, 2 * (widths.length - 1))

/** Each name as long as it may be in lines of this width; undefined if one would be shorter than `least`. */
const fitted = (titles: readonly string[], needed: Widths, width: number, least: number): Widths | undefined => {
  const widths = [...needed]
  for (let over = lineLength(widths) - width; over > 0; over--) {
    let widest = -1
    for (let index = 0; index < widths.length; index++) {
      const isName = titles[index] === USER || titles[index] === POLICY
      if (isName && (widest < 0 || (widths[index] ?? 0) > (widths[widest] ?? 0))) widest = index
    }
    if (widest < 0 || (widths[widest] ?? 0) <= least) return undefined
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}

const lineOf = (titles: readonly string[], widths: Widths, isNarrow: boolean) => (cells: readonly string[]) =>
  cells
    .map((cell, index) => {
      const width = widths[index] ?? 0
      const mayCut = isNarrow && (titles[index] === USER || titles[index] === POLICY)
      return (mayCut ? shortened(cell, width) : cell).padEnd(width)
    })
    .join('  ')
    .trimEnd()

/**
 * A line for each connection, with policy and id as the last columns. Where the lines would be longer than the output is
 * wide, each connection has two: id and policy stand below the cells.
 */
export const connectionTable = (headings: readonly string[], rows: readonly Row[]): string => {
  const width = outputWidth()
  const isNarrow = width !== Number.POSITIVE_INFINITY
  const shown = rows.map((row) => ({
    ...row,
    cells: row.cells.map(printable),
    policy: printable(row.policy),
    id: printable(row.id),
  }))
  const needed = (title: string, cellOf: (row: Row) => string) =>
    shown.reduce((most, row) => Math.max(most, cellOf(row).length), title.length)
  const cellWidths = headings.map((title, index) => needed(title, ({ cells }) => cells[index] ?? ''))
  const [policyWidth, idWidth] = [needed(POLICY, ({ policy }) => policy), needed(CONNECTION, ({ id }) => id)]

  const titles = [...headings, POLICY, CONNECTION]
  const onOneLine = fitted(titles, [...cellWidths, policyWidth, idWidth], width, SHORTEST_ON_ONE_LINE)
  const below = [CONNECTION, POLICY]
  const first = fitted(headings, cellWidths, width, SHORTEST) ?? cellWidths
  const second = fitted(below, [idWidth, policyWidth], width - 2, SHORTEST) ?? [idWidth, policyWidth]
  const whole = onOneLine && lineOf(titles, onOneLine, isNarrow)
  const [above, under] = [lineOf(headings, first, isNarrow), lineOf(below, second, isNarrow)]
  const lines = (cells: readonly string[], policy: string, id: string): string =>
    whole?.([...cells, policy, id]) ?? `${above(cells)}\n  ${under([id, policy])}`
  return [
    painted('bold', lines(headings, POLICY, CONNECTION)),
    ...shown.flatMap(({ cells, policy, id, because, paint }) => [
      painted(paint, lines(cells, policy, id)),
      ...(because === undefined ? [] : [paragraph(because, '  ')]),
    ]),
  ].join('\n')
}
