import { distance } from 'fastest-levenshtein'

/** In characters. Misspelled words are shorter; without a limit a long line would take minutes to compare. */
const MAX_LENGTH = 64

/** The word of `known` that was probably meant: within one edit, and one more per four letters. Case is ignored. */
export const nearest = (written: string, known: Iterable<string>): string | undefined => {
  if (written.length > MAX_LENGTH) return undefined
  const wanted = written.toLowerCase()
  let best: string | undefined
  let least = Math.max(1, Math.floor(wanted.length / 4) + 1)
  for (const word of known) {
    if (Math.abs(word.length - wanted.length) > least) continue
    const edits = distance(wanted, word.toLowerCase())
    if (edits < least || (edits === least && best === undefined)) {
      best = word
      least = edits
    }
  }
  return best === written ? undefined : best
}

/** `; did you mean "…"?`, or an empty text if no word is near. */
export const suggestion = (written: string, known: Iterable<string>): string => {
  const word = nearest(written, known)
  return word === undefined ? '' : `; did you mean "${word}"?`
}
