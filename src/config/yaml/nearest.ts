import { distance } from 'fastest-levenshtein'

/** In characters. Misspelled words are shorter; without a limit a long line would take minutes to compare. */
const MAX_LENGTH = 64

/** Of so many letters of a word one may be wrong. */
const LETTERS_PER_EDIT = 3

/** With fewer letters a beginning says too little. */
const SHORTEST_BEGINNING = 2

/** Whether the words differ in two neighbouring letters that changed places. */
const isSwapped = (a: string, b: string): boolean => {
  if (a.length !== b.length) return false
  const at = a.split('').findIndex((letter, index) => letter !== b[index])
  return at >= 0 && a[at] === b[at + 1] && a[at + 1] === b[at] && a.slice(at + 2) === b.slice(at + 2)
}

/**
 * The word of `known` that was probably meant: within one edit for every three letters, or the only one that begins so.
 * Case is ignored, and two letters that changed places are one edit.
 */
export const nearest = (written: string, known: Iterable<string>): string | undefined => {
  if (written.length > MAX_LENGTH) return undefined
  const wanted = written.toLowerCase()
  let best: string | undefined
  let least = Math.max(1, Math.floor(wanted.length / LETTERS_PER_EDIT))
  const longer: string[] = []
  for (const word of known) {
    const folded = word.toLowerCase()
    if (folded.startsWith(wanted)) longer.push(word)
    if (Math.abs(word.length - wanted.length) > least) continue
    const edits = isSwapped(wanted, folded) ? 1 : distance(wanted, folded)
    if (edits < least || (edits === least && best === undefined)) {
      best = word
      least = edits
    }
  }
  if (best === undefined && longer.length === 1 && wanted.length >= SHORTEST_BEGINNING) return longer[0]
  return best === written ? undefined : best
}

/** `; did you mean "…"?`, or an empty text if no word is near. */
export const suggestion = (written: string, known: Iterable<string>): string => {
  const word = nearest(written, known)
  return word === undefined ? '' : `; did you mean "${word}"?`
}
