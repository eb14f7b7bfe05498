/**
 * Characters that a terminal obeys, that are invisible or that end a line: control and format characters (among them the
 * marks that reverse the direction of a text), lone surrogates, private, unassigned, ignorable and line-separating
 * characters.
 */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu
const UNPRINTABLE_IN_LINES = /(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

const unitOf = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** A character escaped as in JSON: a JSON string that contains the escape still parses to the original character. */
export const escaped = (character: string): string => {
  const json = JSON.stringify(character).slice(1, -1)
  return json === character ? character.split('').map(unitOf).join('') : json
}

/** Untrusted text as one line that is safe to print. Each unprintable character becomes a visible escape. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escaped)

/** The same for text of several lines: line feeds stay. */
export const printableLines = (text: string): string => text.replace(UNPRINTABLE_IN_LINES, escaped)
