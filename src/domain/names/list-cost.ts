import { createGlobIndex } from './glob-index.ts'

/** In characters. Few user names are longer. */
const LENGTH = 32

/** How many names are tried. */
const NAMES = 16

/** Shorter lists cannot be costly. */
const SHORT = 50

/** A name that costs much to compare with a list. */
export interface ListCost {
  readonly name: string
  readonly steps: number
  /** The position of the glob that the name begins with. */
  readonly at: number
}

/**
 * What comparing a name with a list costs, for names that are made of the texts of its own patterns: whoever writes many
 * patterns has users to whom they are near. Counted up to a little more than `most`. Undefined for a list that is short.
 */
export const listCost = (globs: readonly string[], most: number): ListCost | undefined => {
  if (globs.length < SHORT) return undefined
  const index = createGlobIndex(globs)
  const tried = Array.from({ length: NAMES }, (_, count): ListCost => {
    const from = Math.floor((count * globs.length) / NAMES)
    const name = nameOf(globs, from)
    return { name, steps: index.steps(name, most), at: from }
  })
  return tried.reduce((worst, one) => (one.steps > worst.steps ? one : worst))
}

/** The texts of the globs from a position on, as many as a name has room for. A question mark repeats what is before it. */
const nameOf = (globs: readonly string[], from: number): string => {
  let name = ''
  for (let at = from; at < globs.length && name.length < LENGTH; at++) {
    name += (globs[at] ?? '')
      .replaceAll('*', '')
      .replace(/([^?]|^)(\?+)/gu, (_, before: string, marks: string) => before + (before || 'a').repeat(marks.length))
  }
  return Array.from(name).slice(0, LENGTH).join('')
}
