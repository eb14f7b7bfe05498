import { hanging } from '../domain/hanging.ts'

/** Below this width nothing more is shortened: a line that is too long is better than one that says nothing. */
const NARROWEST = 40

/**
 * The columns of the output: the variable COLUMNS, else the terminal's. Without both the width is unlimited, because a
 * file or a program reads the lines, and nothing is shortened.
 */
export const outputWidth = (): number => {
  const asked = Number(process.env.COLUMNS)
  const columns = Number.isInteger(asked) && asked > 0 ? asked : (process.stdout.columns ?? 0)
  return columns > 0 ? Math.max(columns, NARROWEST) : Number.POSITIVE_INFINITY
}

/** The text without control characters, broken between words into lines of the width. Each is indented. */
export const paragraph = (text: string, indent = '', width = outputWidth()): string => hanging(indent, text, width)
