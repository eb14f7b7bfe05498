/** Names are compared without regard to case and to how an accented letter is encoded; never by locale (a Turkish host would not find `ADMIN`). */
export const fold = (name: string): string => name.normalize('NFC').toLowerCase().normalize('NFC')

/** What a pattern looks at: `either` of user name and common name, or the one its prefix names. */
export type PatternField = 'either' | 'username' | 'commonName'

export interface Pattern {
  /** As the operator wrote it, prefix included. */
  readonly source: string
  readonly field: PatternField
  /** Folded, without the prefix. */
  readonly text: string
  /** Without `*` and `?`: found by look-up instead of by comparison. */
  readonly exact: boolean
}

const PREFIXES: ReadonlyArray<readonly [string, PatternField]> = [
  ['user:', 'username'],
  ['cn:', 'commonName'],
]

/** No name is longer at AWS: 1,024 bytes of a SAML name, 64 characters of a certificate's. */
const LONGEST = 1_024

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/

export type ParsedPattern = { readonly pattern: Pattern } | { readonly problem: string }

/** Reads one entry of a list of users: a bare pattern, `user:…` or `cn:…`. Groups are resolved before. */
export const parsePattern = (source: string): ParsedPattern => {
  const prefix = PREFIXES.find(([word]) => source.startsWith(word))
  const written = prefix === undefined ? source : source.slice(prefix[0].length)
  if (CONTROL.test(written)) {
    return {
      problem: `"${visible(source)}" holds a control character: a backslash in double quotes starts an escape, write it in single quotes`,
    }
  }
  if (written === '') return { problem: `"${source}" is an empty pattern: name somebody` }
  if (written !== written.trim()) return { problem: `"${source}" begins or ends with white space: remove it` }
  if (written.length > LONGEST) {
    return { problem: `a pattern of ${written.length} characters: no name has more than ${LONGEST}` }
  }
  const text = fold(written)
  return { pattern: { source, field: prefix?.[1] ?? 'either', text, exact: !/[*?]/.test(text) } }
}

const visible = (text: string) => JSON.stringify(text).slice(1, -1)

/** `*` is any run of characters, none included; `?` is one code point; all else is itself. `name` must be folded. */
export const matchesGlob = (glob: string, name: string): boolean => {
  let at = 0
  let seen = 0
  let star = -1
  let resume = 0
  // The usual two-pointer walk: on a mismatch the last star swallows one character more, so the cost is bounded by the product of both lengths.
  while (seen < name.length) {
    const wanted = glob[at]
    if (wanted === '*') {
      star = at++
      resume = seen
    } else if (wanted === '?') {
      at++
      seen += widthAt(name, seen)
    } else if (wanted !== undefined && wanted === name[seen]) {
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

const widthAt = (text: string, index: number) => ((text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1)

/** Whether a pattern hits a folded name, whichever field it came from. */
export const hits = (pattern: Pick<Pattern, 'text' | 'exact'>, name: string): boolean =>
  pattern.exact ? pattern.text === name : matchesGlob(pattern.text, name)
