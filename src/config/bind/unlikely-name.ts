interface Doubt {
  /** Its cost is linear in the length of the name: a list may have 250,000. */
  readonly looksLike: { test(name: string): boolean }
  readonly what: string
  readonly instead: string
}

/** Each expression is chosen so that no form of user name or certificate name that AWS shows matches it. */
const DOUBTS: readonly Doubt[] = [
  // A `#` without a blank before it belongs to a name: Entra guests have #EXT#.
  {
    looksLike: /\s(?:#|\/\/|--)/,
    what: 'a comment behind a name belongs to the name',
    instead: 'write the comment on a line of its own that begins with #, or as `reason` of an entry in YAML',
  },
  { looksLike: /^(["'`]).*\1$/, what: 'the quotes belong to the name', instead: 'remove them' },
  { looksLike: /^-\s/, what: 'the dash belongs to the name', instead: 'remove it' },
  { looksLike: /[<>]/, what: 'the angle brackets belong to the name', instead: 'write only the name between them' },
  { looksLike: /^mailto:/i, what: '"mailto:" belongs to the name', instead: 'remove it' },
  { looksLike: /[,;]$/, what: 'the comma or semicolon at the end belongs to the name', instead: 'remove it' },
  {
    looksLike: { test: (name) => hasSeveralNames(name) },
    what: 'this is one name with a comma or semicolon in it',
    instead: 'write one name on each line or in each entry, and nothing else',
  },
  {
    looksLike: /\s{2,}/,
    what: 'the blanks and what follows them belong to the name',
    instead: 'write one name on each line or in each entry, and nothing else',
  },
  {
    looksLike: /^\^|(?:^|[^\p{L}\p{N}*?])\.[*+]|\.\+(?:@|$)|\\[.@-]|\\[dwsDWS][+{]|\[[^[\]]+\]|\([^()|]*\||^\/.*\/i?$/u,
    what: 'this looks like a regular expression, and its signs belong to the name',
    instead: 'patterns know only * for any text and ? for one character',
  },
  {
    looksLike: /^%|%$/,
    what: '% belongs to the name',
    instead: 'write * for any text',
  },
  { looksLike: /%[0-9a-f]{2}/i, what: 'the name is encoded as in a URL', instead: 'write it as AWS shows it' },
  { looksLike: /^!/, what: '! belongs to the name', instead: 'write exceptions under `exempt`' },
  {
    looksLike: /^@[^@.]+\./,
    what: 'this is a domain, and no name',
    instead: 'for everybody of a domain write * before it',
  },
]

/** "Doe, John" and "CN=alice,OU=staff" may each be one name. */
const hasSeveralNames = (name: string): boolean => {
  const end = name.search(/[,;]/)
  if (end < 0 || name.includes('=')) return false
  return name.slice(0, end).includes('@') || /^\S/.test(name.slice(end + 1))
}

/** Why a valid entry of a list of users is probably not the name that its author means; undefined for a likely name. */
export const unlikelyName = (entry: string): string | undefined => {
  const name = entry.replace(/^(?:user|cn):/i, '')
  const found = DOUBTS.find(({ looksLike }) => looksLike.test(name))
  return found && `"${entry}": ${found.what}: ${found.instead}`
}
