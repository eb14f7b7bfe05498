import { distance } from 'fastest-levenshtein'

/** No word that an operator misspells is longer; without a bound a long line would take minutes. */
const LONGEST = 64

/** Of `known`, the word that was probably meant: one slip in four letters, a slip in case for nothing. */
export const nearest = (written: string, known: Iterable<string>): string | undefined => {
  if (written.length > LONGEST) return undefined
  const wanted = written.toLowerCase()
  let best: string | undefined
  let least = Math.max(1, Math.floor(wanted.length / 4) + 1)
  for (const word of known) {
    if (Math.abs(word.length - wanted.length) > least) continue
    const slips = distance(wanted, word.toLowerCase())
    if (slips < least || (slips === least && best === undefined)) {
      best = word
      least = slips
    }
  }
  return best === written ? undefined : best
}

/** `; did you mean "…"?`, or nothing. */
export const suggestion = (written: string, known: Iterable<string>): string => {
  const word = nearest(written, known)
  return word === undefined ? '' : `; did you mean "${word}"?`
}
