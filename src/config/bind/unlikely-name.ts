import { hasLookAlike, quotedName } from '../../domain/names/shown-name.ts'

/** The language of an entry: YAML, or a line of a text file. */
type WrittenIn = 'yaml' | 'text'

interface Doubt {
  /** Its cost is linear in the length of the name: a list may have 250,000. */
  readonly looksLike: { test(name: string): boolean }
  readonly what: string
  readonly instead: string | Readonly<Record<WrittenIn, string>>
}

const ONE_NAME = {
  yaml: 'write one name in each entry, and nothing else',
  text: 'write one name on each line, and nothing else',
}

const PREFIXES = { yaml: 'write user:, cn: or group:', text: 'write user: or cn:' }

/** Each expression is chosen so that no form of user name or certificate name that AWS shows matches it. */
const DOUBTS: readonly Doubt[] = [
  {
    looksLike: { test: hasLookAlike },
    what: 'a letter of another alphabet that looks Latin stands among Latin ones, and names without it do not match',
    instead: 'type the entry anew if the name has only Latin letters',
  },
  {
    looksLike: /\{\{|\}\}|\$[{(]|^\$[A-Z_]+$|%[A-Za-z_]\w*%|^<[^<>@]*>$|\{[A-Za-z_. ]+\}/,
    what: 'this looks like a template that was not filled in',
    instead: 'write the name itself, or correct what writes this file',
  },
  // A `#` without a blank before it belongs to a name: Entra guests have #EXT#.
  {
    looksLike: /\s(?:#|\/\/|--)/,
    what: 'a comment behind a name belongs to the name',
    instead: {
      yaml: 'write the comment behind the closing quote, or as `reason` of the entry',
      text: 'write the comment on a line of its own that begins with #',
    },
  },
  {
    looksLike: /^(["'`]).*\1$/,
    what: 'the quotes belong to the name',
    instead: { yaml: 'remove the inner quotes', text: 'remove the quotes, a text file needs none' },
  },
  // An apostrophe at one end may belong to the name, as in 't Hooft.
  {
    looksLike: /^"[^"]*$|^[^"]*"$/,
    what: 'the quote belongs to the name',
    instead: 'remove it',
  },
  // The quotes of mail, chat and word processors. A single one at one end may be an apostrophe.
  {
    looksLike: /^[“”„‟«»＂]|[“”„‟«»＂]$|^[‘’‚‛‹›´].*[‘’‚‛‹›´]$/,
    what: 'the typographic quotes belong to the name',
    instead: { yaml: 'write straight quotes in their place, or none', text: 'remove them' },
  },
  {
    looksLike: /^-\s/,
    what: 'the dash belongs to the name',
    instead: {
      yaml: 'write the dash before the opening quote',
      text: 'remove the dash',
    },
  },
  { looksLike: /[<>]/, what: 'the angle brackets belong to the name', instead: 'write only the name between them' },
  { looksLike: /^mailto:/i, what: '"mailto:" belongs to the name', instead: 'remove it' },
  {
    looksLike: /^(?:users|user-?name|groups|common-?name|upn|e?-?mail|login):/i,
    what: 'this prefix is not known, and belongs to the name',
    instead: PREFIXES,
  },
  // A certificate's subject has several parts: CN=alice,OU=staff. A pattern of subjects has a wildcard: CN=alice*.
  {
    looksLike: /^(?:user|cn|group)=[^,=*?]*$/i,
    what: 'what stands before the = belongs to the name',
    instead: PREFIXES,
  },
  {
    looksLike: { test: (name) => /[^\0-\x7f]/.test(name) && /^(?:user|cn|group):/i.test(name.normalize('NFKC')) },
    what: 'this prefix has full-width characters, and belongs to the name',
    instead: PREFIXES,
  },
  { looksLike: /[,;]$/, what: 'the comma or semicolon at the end belongs to the name', instead: 'remove it' },
  {
    looksLike: { test: (name) => hasSeveralNames(name) },
    what: 'this is one name with a comma or semicolon in it',
    instead: ONE_NAME,
  },
  // "Doe (contractor)" may be one name.
  {
    looksLike: /@[^\s@]*\s\(|\s\((?:left|leaves|gone|until|since|disabled|blocked)\b/i,
    what: 'what stands in parentheses belongs to the name',
    instead: {
      yaml: 'remove it, or write it as `reason` of the entry',
      text: 'remove it, or write it on a line of its own that begins with #',
    },
  },
  { looksLike: /\s{2,}/, what: 'the blanks and what follows them belong to the name', instead: ONE_NAME },
  {
    looksLike: /(?! )\s/,
    what: 'the blank in this name is not the one of the space bar, but is compared as if it were',
    instead: {
      yaml: 'write a blank; "\\_" in double quotes is a no-break space',
      text: 'write a blank',
    },
  },
  {
    looksLike: /\\\\/,
    what: 'both backslashes belong to the name',
    instead: { yaml: 'in single quotes a backslash is written once', text: 'write the backslash once' },
  },
  {
    looksLike:
      /^\^|(?:^|[^\p{L}\p{N}*?])\.[*+]|\.\+(?:@|$)|\\[.@-]|(?:^|[^\p{L}\p{N}])\\[dwsDWS]|\\[dwsDWS][+{\\]|\[[^[\]]+\]|\([^()|]*\||^\/.*\/i?$/u,
    what: 'this looks like a regular expression, and its signs belong to the name',
    instead: 'patterns know only * for any text and ? for one character',
  },
  {
    looksLike: /^%|%$/,
    what: '% belongs to the name',
    instead: 'write * for any text',
  },
  { looksLike: /%[0-9a-f]{2}/i, what: 'the name is encoded as in a URL', instead: 'write it as AWS shows it' },
  {
    looksLike: /^(?:[!~-]|not\s)/i,
    what: 'a list cannot leave a user out, and what stands before the name belongs to it',
    instead: { yaml: 'write exceptions under `exempt`', text: 'write exceptions under `exempt` of the policy' },
  },
  {
    looksLike: /^@[^@.]+\./,
    what: 'this is a domain, and no name',
    instead: 'for everybody of a domain write * before it',
  },
  {
    looksLike: /[^@]@$/,
    what: 'no domain stands behind the @',
    instead: 'write the whole name, or * behind the @ for any domain',
  },
]

/** "Doe, John" and "CN=alice,OU=staff" may each be one name. */
const hasSeveralNames = (name: string): boolean => {
  const end = name.search(/[,;]/)
  if (end < 0 || name.includes('=')) return false
  return name.slice(0, end).includes('@') || /^\S/.test(name.slice(end + 1))
}

/**
 * Most names: letters and digits of ASCII, wildcards, and signs between them that mean nothing elsewhere. No doubt is about
 * one, so that a long list is not searched for each of them.
 */
const PLAIN = /^[a-z\d*?][\w*?!#$'-]*(?:[.@][\w?!#$'-][\w*?!#$'-]*)*$/i

/** Why a valid entry of a list of users is probably not the name that its author means; undefined for a likely name. */
export const unlikelyName = (entry: string, writtenIn: WrittenIn): string | undefined => {
  const name = entry.replace(/^(?:user|cn):/i, '')
  if (PLAIN.test(name)) return undefined
  const found = DOUBTS.find(({ looksLike }) => looksLike.test(name))
  if (found === undefined) return undefined
  const { what, instead } = found
  return `${quotedName(entry)}: ${what}: ${typeof instead === 'string' ? instead : instead[writtenIn]}`
}
