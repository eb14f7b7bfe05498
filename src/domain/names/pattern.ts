import { fold, invisibleIn } from './fold.ts'

/** Which name a pattern is compared with: the one that its prefix names, or without a prefix `either` of them. */
type PatternField = 'either' | 'username' | 'commonName'

export interface Pattern {
  /** As the operator wrote it, with its prefix. */
  readonly source: string
  readonly field: PatternField
  /** Folded, and without the prefix. */
  readonly text: string
  /** The pattern has no `*` or `?`, so a look-up finds it without a comparison. */
  readonly exact: boolean
}

const PREFIX = /^(user|cn):/i

/** The name of an entry such as `cn:NAME`. */
export const withoutPrefix = (source: string): string => source.replace(PREFIX, '') || source

/** No name at AWS is longer, in characters: a SAML name has up to 1,024 bytes, a certificate's common name up to 64. */
const LONGEST = 1_024

/** Control characters, and the ends of lines that YAML makes of `\\L` and `\\P`. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

/** A character that folding would make a wildcard, such as the full-width `＊`. */
const wildcardIn = (text: string): string | undefined =>
  Array.from(text).find((character) => !/[*?]/.test(character) && /[*?]/.test(fold(character)))

/** Reads a text in which `*` and `?` are wildcards. `source` is the whole entry, with its prefix. */
export const parseText = (
  written: string,
  source: string,
): { readonly pattern: Pick<Pattern, 'text' | 'exact'> } | { readonly problem: string } => {
  if (CONTROL.test(written)) {
    return {
      problem: `"${visible(source)}" contains a control character: in double quotes a backslash starts an escape, so write the pattern in single quotes`,
    }
  }
  const invisible = invisibleIn(written)
  if (invisible !== undefined) {
    return {
      problem: `"${source}" contains ${codePointOf(invisible)}, an invisible character: remove it, or write the pattern anew`,
    }
  }
  if (written !== written.trim()) return { problem: `"${source}" begins or ends with white space: remove it` }
  if (written.length > LONGEST) {
    return { problem: `the pattern has ${written.length} characters, and no name has more than ${LONGEST}: shorten it` }
  }
  const wildcard = wildcardIn(written)
  if (wildcard !== undefined) {
    return {
      problem: `"${source}" contains "${wildcard}" (${codePointOf(wildcard)}), which is no wildcard: write "${fold(wildcard)}" if you mean one`,
    }
  }
  const text = fold(written)
  return { pattern: { text, exact: !/[*?]/.test(text) } }
}

type ParsedPattern = { readonly pattern: Pattern } | { readonly problem: string }

/** Reads one entry of a list of users: a bare pattern, `user:…` or `cn:…`, the prefix in any case. The caller has already resolved groups. */
export const parsePattern = (source: string): ParsedPattern => {
  const prefix = PREFIX.exec(source)?.[1]?.toLowerCase()
  const written = prefix === undefined ? source : source.slice(prefix.length + 1)
  if (written === '') return { problem: `"${source}" is an empty pattern: write a user name or a common name` }
  const parsed = parseText(written, source)
  if ('problem' in parsed) return parsed
  const field = prefix === undefined ? 'either' : prefix === 'user' ? 'username' : 'commonName'
  return { pattern: { source, field, ...parsed.pattern } }
}

export const codePointOf = (character: string) =>
  `U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`

const visible = (text: string) => JSON.stringify(text).slice(1, -1)

/**
 * `*` matches any run of characters, also an empty one; `?` matches one code point; any other character matches itself.
 * Both arguments must be folded.
 */
export const matchesGlob = (glob: string, name: string): boolean => {
  let at = 0
  let seen = 0
  let star = -1
  let resume = 0
  // The usual two-pointer walk: after a mismatch the last star takes one more character. So the cost is bounded by the
  // product of both lengths.
  while (seen < name.length) {
    const expected = glob[at]
    if (expected === '*') {
      star = at++
      resume = seen
    } else if (expected === '?') {
      at++
      seen += widthAt(name, seen)
    } else if (expected !== undefined && expected === name[seen]) {
      at++
      seen++
    } else if (star >= 0) {
      at = star + 1
      resume += widthAt(name, resume)
      seen = resume
    } else {
      return false
    }
  }
  while (glob[at] === '*') at++
  return at === glob.length
}

/**
 * `matchesGlob` of one glob, made for many names. Without a `?` the texts between the stars must follow each other, and a
 * search for them is eight times as fast.
 */
export const globMatcher = (glob: string): ((name: string) => boolean) => {
  const [first = '', ...others] = glob.split('*')
  const last = others.pop()
  if (glob.includes('?') || last === undefined) return (name) => matchesGlob(glob, name)
  return (name) => {
    const end = name.length - last.length
    if (end < first.length || !name.startsWith(first) || !name.endsWith(last)) return false
    let at = first.length
    for (const text of others) {
      const found = name.indexOf(text, at)
      if (found < 0) return false
      at = found + text.length
    }
    return at <= end
  }
}

const widthAt = (text: string, index: number) => ((text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1)

/** Whether a pattern matches a folded name. The pattern's `field` is not checked. */
export const hits = (pattern: Pick<Pattern, 'text' | 'exact'>, name: string): boolean =>
  pattern.exact ? pattern.text === name : matchesGlob(pattern.text, name)
