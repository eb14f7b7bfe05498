/**
 * AWS takes 255 characters and does not say of which sort. Bytes of UTF-8 are the strictest reading: what fits in bytes fits
 * in code points and in UTF-16 units too.
 */
export const MOST_BYTES = 255

/** How many bytes a text has in UTF-8. */
export const bytesOf = (text: string): number => {
  let bytes = 0
  for (const character of text) bytes += bytesOfCodePoint(character.codePointAt(0) ?? 0)
  return bytes
}

const bytesOfCodePoint = (codePoint: number): number => {
  if (codePoint < 0x80) return 1
  if (codePoint < 0x800) return 2
  return codePoint < 0x10000 ? 3 : 4
}

/** Control characters, halves of surrogate pairs, characters without a meaning, and white space of any sort and length. */
const NO_TEXT = /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\s]+/gu

const ELLIPSIS = '…'

/** Whether a text is in one line, has no control character, is not empty and not too long. */
export const fits = (text: string): boolean =>
  text !== '' && text.length <= MOST_BYTES && text === plain(text) && bytesOf(text) <= MOST_BYTES

const plain = (text: string): string => text.replace(NO_TEXT, ' ').trim()

/** A text in one line without control characters. One that is too long is cut after a word, and ends in `…` then. */
export const fitted = (text: string): string => {
  // A character has at most a few code points, so that most of a giant text need not be looked at.
  const line = plain(text.slice(0, 100 * MOST_BYTES))
  if (bytesOf(line) <= MOST_BYTES) return line
  const room = MOST_BYTES - bytesOf(ELLIPSIS)
  let start = ''
  let bytes = 0
  for (const { segment } of new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(line)) {
    bytes += bytesOf(segment)
    if (bytes > room) break
    start += segment
  }
  const isWordsEnd = line[start.length] === ' '
  const space = start.lastIndexOf(' ')
  return `${isWordsEnd || space < start.length / 2 ? start : start.slice(0, space)}${ELLIPSIS}`
}
