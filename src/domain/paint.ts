/**
 * Colours that can be read on light and on dark: no yellow, which light terminals hide, and no blue, which dark ones do.
 * Red is for what ends now, for errors and for an endpoint that is blind, magenta for what the guard holds and for
 * warnings, green for success. A colour only repeats what the words say.
 */
const CODES = { bold: 1, red: 31, green: 32, magenta: 35 } as const

export type Paint = keyof typeof CODES

const RESET = '\u001b[0m'

/** The sequences of the colours. */
export const SEQUENCES: ReadonlySet<string> = new Set([RESET, ...Object.values(CODES).map((code) => `\u001b[${code}m`)])

/** Whether an output has colours: a terminal does. NO_COLOR prevents them, FORCE_COLOR and CLICOLOR_FORCE ask for them. */
export const hasColours = (
  { isTTY }: { readonly isTTY?: boolean },
  { NO_COLOR = '', FORCE_COLOR, CLICOLOR_FORCE = '0', TERM }: Readonly<Record<string, string | undefined>>,
): boolean => {
  if (NO_COLOR !== '') return false
  if (FORCE_COLOR !== undefined) return !/^(0|false)$/.test(FORCE_COLOR)
  if (CLICOLOR_FORCE !== '0') return true
  return isTTY === true && TERM !== 'dumb'
}

/** The text, of which each line has the colour. It must be broken into lines before: the sequences count as characters. */
export const inColour = (paint: Paint, text: string): string =>
  text.replaceAll(/.+/g, (line) => `\u001b[${CODES[paint]}m${line}${RESET}`)
