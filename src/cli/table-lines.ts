import { printable } from '../domain/printable.ts'
import { shortened } from '../domain/shortened.ts'

export interface Column {
  readonly title: string
  /** Numbers stand at the right. */
  readonly align?: 'right'
  /** A name is shortened where a line is too long. Ids, instants and numbers never are. */
  readonly isName?: boolean
}

/** How a table is folded where its lines would be longer than the output is wide. */
export interface Fold {
  readonly width: number
  /** The columns of each line of a row, by index. */
  readonly lines: readonly (readonly number[])[]
  /** A name is not made shorter than this to bring a row onto one line. */
  readonly leastOnOneLine: number
}

/** A name on a folded line is not made shorter than this. In 80 columns it leaves room for two whole ids beside it. */
const SHORTEST = 10

const GAP = '  '
const INDENT = '  '

interface Place {
  readonly index: number
  readonly width: number
}

type Line = readonly Place[]

const lengthOf = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1))

/** A name that has a line for itself and is longer than that. */
const broken = (name: string, room: number): readonly string[] => name.match(new RegExp(`.{1,${room}}`, 'gsu')) ?? ['']

/**
 * The heading and then each row, as texts of one line or of several. Each line after the first is indented. Different
 * names look different: names that would become equal stand whole, on lines of their own where they must.
 */
export const tableLines = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { width, lines, leastOnOneLine }: Fold,
): readonly string[] => {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map(printable))]
  const valuesOf = (index: number) => cells.map((row) => row[index] ?? '')
  const needed = columns.map((_column, index) =>
    valuesOf(index).reduce((most, { length }) => Math.max(most, length), 0),
  )
  const widthOf = (index: number) => needed[index] ?? 0
  const room = width - INDENT.length

  const staysApart = ({ index, width: shown }: Place): boolean => {
    if (shown >= widthOf(index)) return true
    const names = new Set(valuesOf(index))
    return new Set([...names].map((name) => shortened(name, shown))).size === names.size
  }
  /** These columns on one line, with names as long as they may be; undefined if they do not fit. */
  const fitted = (indices: readonly number[], most: number, least: number): Line | undefined => {
    const widths = indices.map(widthOf)
    for (let over = lengthOf(widths) - most; over > 0; over--) {
      let widest = -1
      for (const [place, index] of indices.entries()) {
        const isWider = widest < 0 || (widths[place] ?? 0) > (widths[widest] ?? 0)
        if (columns[index]?.isName === true && isWider) widest = place
      }
      if (widest < 0 || (widths[widest] ?? 0) <= least) return undefined
      widths[widest] = (widths[widest] ?? 0) - 1
    }
    const line = indices.map((index, place) => ({ index, width: widths[place] ?? 0 }))
    return line.every(staysApart) ? line : undefined
  }
  /** These columns with whole cells, on as many lines as they need. */
  const packed = (indices: readonly number[], isFirst: boolean): readonly Line[] => {
    const found: Place[][] = []
    for (const index of indices) {
      const most = isFirst && found.length <= 1 ? width : room
      const last = found.at(-1)
      const place = { index, width: widthOf(index) }
      if (last !== undefined && lengthOf([...last, place].map((one) => one.width)) <= most) last.push(place)
      else found.push([place])
    }
    return found
  }
  const onOneLine = fitted([...columns.keys()], width, leastOnOneLine)
  const layout = onOneLine
    ? [onOneLine]
    : lines.flatMap((indices, at) => {
        const line = fitted(indices, at === 0 ? width : room, SHORTEST)
        return line === undefined ? packed(indices, at === 0) : [line]
      })

  const lineOf = (row: readonly string[], line: Line): readonly string[] => {
    const [first] = line
    if (line.length === 1 && first !== undefined && columns[first.index]?.isName === true && first.width > room) {
      return broken(row[first.index] ?? '', room)
    }
    const shown = line.map((place) => {
      const cell = shortened(row[place.index] ?? '', place.width)
      return columns[place.index]?.align === 'right' ? cell.padStart(place.width) : cell.padEnd(place.width)
    })
    return [shown.join(GAP).trimEnd()]
  }
  return cells.map((row) => {
    const texts = layout.flatMap((line) => lineOf(row, line))
    return texts.map((text, at) => (at === 0 ? text : `${INDENT}${text}`)).join('\n')
  })
}
