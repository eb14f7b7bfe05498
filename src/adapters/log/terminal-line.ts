import { styleText } from 'node:util'
import { printable } from '../../domain/printable.ts'

/** The colours of the words that a line begins with. Other words have none. */
const STYLES = {
  ended: 'red',
  fatal: 'red',
  error: 'red',
  blind: 'yellow',
  warn: 'yellow',
  info: 'green',
  debug: 'gray',
  trace: 'gray',
} as const

const isStyled = (word: string): word is keyof typeof STYLES => Object.hasOwn(STYLES, word)

/** Whether standard output shows colours. Node also asks `NO_COLOR`, `FORCE_COLOR` and `TERM`. */
export const showsColours = (): boolean => process.stdout.isTTY === true && process.stdout.hasColors()

/** One line for a terminal: the time in UTC, a word, and a text. Whatever the text holds, it stays on the line. */
export const terminalLine = (
  { time, word, text }: { readonly time: string; readonly word: string; readonly text: string },
  colours: boolean,
): string => {
  const padded = word.padEnd('error'.length)
  const shown = colours && isStyled(word) ? styleText(STYLES[word], padded, { validateStream: false }) : padded
  return `${time.slice('2026-12-01T'.length, '2026-12-01T14:03:05'.length)}Z  ${shown}  ${printable(text)}\n`
}
