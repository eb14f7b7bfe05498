import { fold, invisibleIn } from './fold.ts'

/** Which name a pattern is compared with: the one that its prefix names, or without a prefix `either` of them. */
type PatternField = 'either' | 'username' | 'commonName'

export interface Pattern {
  /** The pattern has no `*` or `?`, so a look-up finds it without a comparison. */
  readonly exact: boolean
  readonly field: PatternField
  /** As the operator wrote it, with its prefix. */
  readonly source: string
  /** Folded, and without the prefix. */
  readonly text: string
}

const PREFIX = /^(user|cn):/i

/** The name of an entry such as `cn:NAME`. */
export const withoutPrefix = (source: string): string => source.replace(PREFIX, '') || source

/** No name at AWS is longer, in characters: a SAML name has up to 1,024 bytes, a certificate's common name up to 64. */
const LONGEST = 1_024

/** Control characters, and the ends of lines that YAML makes of `\\L` and `\\P`. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

const ASCII = /^[\0-\x7f]*$/

/** A character that folding would make a wildcard, such as the full-width `＊`. */
const wildcardIn = (text: string): string | undefined =>
  ASCII.test(text)
    ? undefined
    : Array.from(text).find((character) => !/[*?]/.test(character) && /[*?]/.test(fold(character)))

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
  const { exact, text } = parsed.pattern
  return { pattern: { exact, field, source, text } }
}

export const codePointOf = (character: string) =>
  `U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`

const visible = (text: string) => JSON.stringify(text).slice(1, -1)

/**
 * `*` matches any run of characters, also an empty one; `?` matches one code point; any other character matches itself.
 * Both arguments must be folded.
 */
export const matchesGlob = (glob: string, name: string): boolean => {
  const firstStar = glob.indexOf('*')
  if (firstStar < 0) return endOf(glob, name, 0) === name.length
  const lastStar = glob.lastIndexOf('*')
  let at = endOf(glob.slice(0, firstStar), name, 0)
  // The texts between the stars follow each other. The earliest place of each leaves the most of the name to the next.
  for (let star = firstStar; star < lastStar && at >= 0; ) {
    const next = glob.indexOf('*', star + 1)
    at = endOfFirst(glob.slice(star + 1, next), name, at)
    star = next
  }
  if (at < 0) return false
  const last = glob.slice(lastStar + 1)
  const begin = beginOf(last, name)
  return begin >= at && endOf(last, name, begin) === name.length
}

/** The end of a text without stars in a name, where it begins at a place; -1 if the name has something else there. */
const endOf = (text: string, name: string, from: number): number => {
  if (!text.includes('?')) return name.startsWith(text, from) ? from + text.length : -1
  let at = from
  for (let index = 0; index < text.length; index++) {
    if (at >= name.length) return -1
    if (text[index] === '?') at += widthAt(name, at)
    else if (text[index] === name[at]) at++
    else return -1
  }
  return at
}

/** The end of the first such text. The search of the language is linear, that with a question mark is not. */
const endOfFirst = (text: string, name: string, from: number): number => {
  if (!text.includes('?')) {
    const found = name.indexOf(text, from)
    return found < 0 ? -1 : found + text.length
  }
  for (let begin = from; begin < name.length; begin += widthAt(name, begin)) {
    const end = endOf(text, name, begin)
    if (end >= 0) return end
  }
  return -1
}

/** Where a text without stars begins, if it is the end of a name; negative if the name is too short. */
const beginOf = (text: string, name: string): number => {
  if (!text.includes('?')) return name.length - text.length
  let begin = name.length
  for (let index = text.length; index > 0; index--) {
    const isPair = text[index - 1] === '?' && widthAt(name, begin - 2) === 2
    begin -= isPair ? 2 : 1
  }
  return begin
}

const widthAt = (text: string, index: number) => ((text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1)

/** Whether a pattern matches a folded name. The pattern's `field` is not checked. */
export const hits = (pattern: Pick<Pattern, 'text' | 'exact'>, name: string): boolean =>
  pattern.exact ? pattern.text === name : matchesGlob(pattern.text, name)
