import { printableLines } from '../domain/printable.ts'

/**
 * Colours that can be read on light and on dark: no yellow, which light terminals hide, and no blue, which dark ones do.
 * A colour only repeats what the words say.
 */
const CODES = { bold: 1, red: 31, green: 32, magenta: 35 } as const

export type Paint = keyof typeof CODES

const RESET = '\u001b[0m'
const SEQUENCES: ReadonlySet<string> = new Set([RESET, ...Object.values(CODES).map((code) => `\u001b[${code}m`)])

type Output = Pick<NodeJS.WriteStream, 'isTTY'>

/** Whether an output has colours: a terminal does. NO_COLOR prevents them, FORCE_COLOR and CLICOLOR_FORCE ask for them. */
const hasColours = ({ isTTY }: Output): boolean => {
  const { NO_COLOR = '', FORCE_COLOR, CLICOLOR_FORCE = '0', TERM } = process.env
  if (NO_COLOR !== '') return false
  if (FORCE_COLOR !== undefined) return !/^(0|false)$/.test(FORCE_COLOR)
  if (CLICOLOR_FORCE !== '0') return true
  return isTTY === true && TERM !== 'dumb'
}

/** The text, of which each line is painted. It must be broken into lines before: the sequences count as characters. */
export const painted = (paint: Paint | undefined, text: string, output: Output = process.stdout): string =>
  paint === undefined || !hasColours(output)
    ? text
    : text.replaceAll(/.+/g, (line) => `\u001b[${CODES[paint]}m${line}${RESET}`)

/**
 * A text that is safe to write: control characters are escaped, so that none reaches the terminal. Where there are colours,
 * the sequences of `painted` stay. A name that contains one of them is escaped where a line is made of it.
 */
export const safeText = (text: string, output: Output): string =>
  hasColours(output)
    ? text
        .split(/(\u001b\[\d+m)/)
        .map((part) => (SEQUENCES.has(part) ? part : printableLines(part)))
        .join('')
    : printableLines(text)
