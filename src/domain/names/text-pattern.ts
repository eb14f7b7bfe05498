import { fold } from './fold.ts'
import { hits, type Pattern, parseText } from './pattern.ts'

/** A pattern of texts, with * and ?. */
export type TextPattern = Omit<Pattern, 'field'>

type Parsed = { readonly pattern: TextPattern } | { readonly problem: string }

export const hitsText = (text: string): ((pattern: TextPattern) => boolean) => {
  const folded = fold(text)
  return (pattern) => hits(pattern, folded)
}

/** Prefixes of a list of users. */
const PREFIX = /^(?:user|cn|group):/i

/** Reads an entry of `platform`, or of `idpGroups`, whose groups are those of the identity provider. */
export const parseTextPattern = (source: string): Parsed => {
  if (source === '') return { problem: 'the entry is empty: write a name, or a pattern with * and ?' }
  if (PREFIX.test(source)) {
    return {
      problem: `"${source}" names users, and the lists under "door" have no prefixes: write it under "users", or the name alone`,
    }
  }
  const parsed = parseText(source, source)
  return 'problem' in parsed ? parsed : { pattern: { source, ...parsed.pattern } }
}
