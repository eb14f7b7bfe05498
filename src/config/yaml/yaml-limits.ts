import { Lexer } from 'yaml'

/**
 * In levels; policies need six. The parser's time and memory grow with the square of the depth and would end the
 * process.
 */
const MAX_DEPTH = 100

/**
 * In lexer tokens: words, signs and line ends. 2 MB of bans with every key have fewer; two million would take a
 * gigabyte.
 */
const MAX_TOKENS = 600_000

/** Aliases, anchors, tags and directives. Each of them is an error, and the parser needs long for each. */
const MAX_UNQUOTED = 1_000

/** In characters; more than any name, path or reason needs. Log lines and audit records repeat these texts. */
const MAX_TEXT_LENGTH = 4_096

/** Control tokens of the lexer: a text follows, a document begins, or open brackets end early. */
const TEXT_FOLLOWS = '\x1f'
const DOCUMENT_BEGINS = '\x02'
const BRACKETS_END = '\x18'

/**
 * The first limit that a text exceeds, as a message with its place; undefined if the text is safe to parse. One pass,
 * without keeping tokens.
 */
export const exceededLimit = (text: string): { readonly offset: number; readonly message: string } | undefined => {
  let offset = 0
  let tokens = 0
  let brackets = 0
  /** Dashes, question marks and colons that nest in one entry: `- - - x`, `a: b: c`. */
  let signs = 0
  let unquoted = 0
  let firstUnquoted = 0
  let isText = false
  for (const token of new Lexer().lex(text)) {
    if (!isText && (token === TEXT_FOLLOWS || token === DOCUMENT_BEGINS || token === BRACKETS_END)) {
      isText = token === TEXT_FOLLOWS
      if (token === BRACKETS_END) brackets = 0
      continue
    }
    if (++tokens > MAX_TOKENS) return { offset, message: TOO_MUCH }
    if ((isText || /^["']/.test(token)) && token.length > MAX_TEXT_LENGTH) return { offset, message: tooLong(token) }
    if (!isText) {
      if (token === '[' || token === '{') brackets++
      else if (token === ']' || token === '}') brackets = Math.max(0, brackets - 1)
      else if (token === '-' || token === '?' || token === ':') signs++
      else if (/^[&*!%]/.test(token) && unquoted++ === 0) firstUnquoted = offset
      if (brackets > MAX_DEPTH || signs > MAX_DEPTH) return { offset, message: TOO_DEEP }
      if (unquoted > MAX_UNQUOTED) return { offset: firstUnquoted, message: TOO_MANY_UNQUOTED }
    }
    if (/^[[\]{},]$/.test(token) || (brackets === 0 && token.includes('\n'))) signs = 0
    isText = false
    offset += token.length
  }
  return undefined
}

export const TOO_DEEP = 'this is nested too deeply: is a bracket left open?'

const tooLong = ({ length }: string) =>
  `this text has ${length} characters, at most ${MAX_TEXT_LENGTH} are read: is a quote left open?`

const TOO_MUCH =
  'the file has too many entries, the rest from here is not read: move long lists of users to a text file and name it with "usersFile"'

const TOO_MANY_UNQUOTED = `more than ${MAX_UNQUOTED} texts begin with *, &, ! or %, and this is the first: write them in quotes`
