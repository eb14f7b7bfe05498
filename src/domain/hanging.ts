import { printable } from './printable.ts'

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
