import { bytesOf, MOST_BYTES } from './answer-text.ts'

/** The most groups of a person that AWS passes on. A list of this length may lack some, and no more are read. */
export const MOST_GROUPS = 200

/** A cut at the last byte takes a character of four bytes with it. */
const SHORTEST_CUT = MOST_BYTES - 3

/**
 * Whether AWS may have cut a text at 255 characters, of whichever sort: no text has fewer bytes than code points or UTF-16
 * units. One that may have been cut may be the beginning of another.
 */
export const mayBeCut = (text: string): boolean => text.length >= SHORTEST_CUT || bytesOf(text) >= SHORTEST_CUT
