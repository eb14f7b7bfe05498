import type { Paint } from '../domain/paint.ts'
import { outputWidth, paragraph } from './lines.ts'
import { painted } from './paint.ts'
import { tableLines } from './table-lines.ts'

/** A name is not made shorter than this to bring a row onto one line. */
const SHORTEST_ON_ONE_LINE = 24

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

/**
 * A line for each connection, with policy and id as the last columns. Where the lines would be longer than the output is
 * wide, id and policy stand below the cells, on lines of their own.
 */
export const connectionTable = (headings: readonly string[], rows: readonly Row[]): string => {
  const columns = [...headings, POLICY, CONNECTION].map((title) => ({
    title,
    isName: title === USER || title === POLICY,
  }))
  const [policyAt, idAt] = [headings.length, headings.length + 1]
  const [heading = '', ...shown] = tableLines(
    columns,
    rows.map(({ cells, policy, id }) => [...cells, policy, id]),
    { width: outputWidth(), lines: [[...headings.keys()], [idAt, policyAt]], leastOnOneLine: SHORTEST_ON_ONE_LINE },
  )
  return [
    painted('bold', heading),
    ...rows.flatMap(({ because, paint }, index) => [
      painted(paint, shown[index] ?? ''),
      ...(because === undefined ? [] : [paragraph(because, '  ')]),
    ]),
  ].join('\n')
}
