import { printable } from '../domain/printable.ts'

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

/**
 * A text after its beginning, broken between words into lines of the width. Further lines are indented as far as the first
 * one. A word that is too long stays whole. Both may have values from outside, in which a line feed would forge a line.
 */
export const hanging = (rawBeginning: string, rawText: string, width: number): string => {
  const [beginning, text] = [printable(rawBeginning), printable(rawText)]
  if (beginning.length + text.length <= width) return (beginning + text).trimEnd()
  const lines: string[] = []
  let line = beginning
  let isEmpty = true
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line)
      line = ' '.repeat(beginning.length)
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line].map((one) => one.trimEnd()).join('\n')
}

/** The text without control characters, broken between words into lines of the width. Each is indented. */
export const paragraph = (text: string, indent = '', width = outputWidth()): string => hanging(indent, text, width)
