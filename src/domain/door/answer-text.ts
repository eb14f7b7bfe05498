import { withoutInvisibles } from '../names/fold.ts'

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

/** A text in one line without control characters. */
export const inOneLine = (text: string): string => text.replace(NO_TEXT, ' ').trim()

/** What operators and others have written, as a person may read it: in one line, with nothing that nobody sees. */
export const readable = (text: string): string => inOneLine(withoutInvisibles(text))

/** Whether a text needs no full stop at its end. */
export const endsSentence = (text: string): boolean => /[.?!…。？！]$/.test(text)

/** Whether AWS accepts a text as it is: in one line, without control characters, not empty and not too long. */
export const fits = (text: string): boolean =>
  text !== '' && text.length <= MOST_BYTES && bytesOf(text) <= MOST_BYTES && text === inOneLine(text)

/** Most handlers never cut a text, and the segmenter takes time to make. */
let segmenter: Intl.Segmenter | undefined
const graphemesOf = (text: string) => {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  return segmenter.segment(text)
}

/** A text that AWS accepts. One that is too long is cut after a word, and ends in `…` then. */
export const fitted = (text: string): string => {
  // The rest of a giant text is not looked at.
  const line = inOneLine(text.slice(0, 4 * MOST_BYTES))
  if (bytesOf(line) <= MOST_BYTES) return line
  const room = MOST_BYTES - bytesOf(ELLIPSIS)
  let start = ''
  let bytes = 0
  for (const { segment } of graphemesOf(line)) {
    bytes += bytesOf(segment)
    if (bytes > room) break
    start += segment
  }
  const isAtWordsEnd = line[start.length] === ' '
  const space = start.lastIndexOf(' ')
  return `${isAtWordsEnd || space < start.length / 2 ? start.trimEnd() : start.slice(0, space)}${ELLIPSIS}`
}
