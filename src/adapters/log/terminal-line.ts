import { hanging } from '../../domain/hanging.ts'
import { hasColours, inColour, type Paint } from '../../domain/paint.ts'

/** The colours of the words that a line begins with. Other words have none. */
const PAINTS: Readonly<Record<string, Paint | undefined>> = {
  ended: 'red',
  blind: 'red',
  fatal: 'red',
  error: 'red',
  warn: 'magenta',
}

/** On a narrower terminal a line of the text would hold hardly a word. */
const NARROWEST = 40

/** How standard output shows lines. */
export interface Look {
  readonly colours: boolean
  /** In columns. Without a terminal it is unlimited: there an event is one line. */
  readonly width: number
}

/** The width is that of now: a terminal may change it. */
export const lookOfOutput = (): Look => ({
  colours: hasColours(process.stdout, process.env),
  width: process.stdout.isTTY ? Math.max(process.stdout.columns, NARROWEST) : Number.POSITIVE_INFINITY,
})

/**
 * An event for a terminal: the time in UTC, a word, and a text. Whatever the text holds, it begins no line. A text that is
 * longer than the line continues below its beginning.
 */
export const terminalLine = (
  { time, word, text }: { readonly time: string; readonly word: string; readonly text: string },
  { colours, width }: Look,
): string => {
  const beginning = `${time.slice('2026-12-01T'.length, '2026-12-01T14:03:05'.length)}Z  `
  const padded = word.padEnd('error'.length)
  const paint = colours && Object.hasOwn(PAINTS, word) ? PAINTS[word] : undefined
  const shown = hanging(`${beginning}${padded}  `, text, width).slice(beginning.length + padded.length)
  return `${beginning}${paint === undefined ? padded : inColour(paint, padded)}${shown}\n`
}
