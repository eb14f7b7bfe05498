/**
 * What a terminal acts upon, a reader does not see, or a line ends with: control and format characters (the marks that
 * turn the direction of a text among them), halves of pairs, what is private or unassigned.
 */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu
const UNPRINTABLE_IN_LINES = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu

const unitOf = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** As JSON escapes it, so that within a JSON string it stays the same text. */
const escaped = (found: string): string => {
  const json = JSON.stringify(found).slice(1, -1)
  return json === found ? found.split('').map(unitOf).join('') : json
}

/** Somebody else's text as one line that shows all of it and does nothing. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escaped)

/** The same of several lines. */
export const printableLines = (text: string): string => text.replace(UNPRINTABLE_IN_LINES, escaped)
