import { hasColours, inColour, type Paint, SEQUENCES } from '../domain/paint.ts'
import { printableLines } from '../domain/printable.ts'

type Output = Pick<NodeJS.WriteStream, 'isTTY'>

/** The text in a colour, if the output has colours. It must be broken into lines before. */
export const painted = (paint: Paint | undefined, text: string, output: Output = process.stdout): string =>
  paint === undefined || !hasColours(output, process.env) ? text : inColour(paint, text)

/**
 * A text that is safe to write: control characters are escaped, so that none reaches the terminal. Where there are colours,
 * the sequences of `painted` stay. A name that contains one of them is escaped where a line is made of it.
 */
export const safeText = (text: string, output: Output): string =>
  hasColours(output, process.env)
    ? text
        .split(/(\u001b\[\d+m)/)
        .map((part) => (SEQUENCES.has(part) ? part : printableLines(part)))
        .join('')
    : printableLines(text)
