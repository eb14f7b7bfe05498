import { Lexer } from 'yaml'

/** Policies nest six levels deep. The parser's time and memory grow with the square of the depth, and end the process. */
const DEEPEST = 100

/** Words, signs and line ends: 2 MB of bans with every key have less. Two million of them would take a gigabyte. */
const MOST_PARTS = 600_000

/** Aliases, anchors, tags and directives: each is an error anyway, and one that takes long to make. */
const MOST_UNQUOTED = 1_000

/** Far more than any name, path or reason needs: each stands in log lines and audit records again and again. */
const LONGEST_TEXT = 4_096

/** The lexer says that what follows is text, that a document begins, or that a bracket ends where it should not. */
const TEXT_FOLLOWS = '\x1f'
const DOCUMENT_BEGINS = '\x02'
const BRACKETS_END = '\x18'

/** What is too much of a text to hand it to the parser, and where; found in one pass that keeps nothing. */
export const yamlExcess = (text: string): { readonly offset: number; readonly message: string } | undefined => {
  let offset = 0
  let parts = 0
  let brackets = 0
  /** Dashes, question marks and colons that nest within one entry: `- - - x`, `a: b: c`. */
  let signs = 0
  let unquoted = 0
  let firstUnquoted = 0
  let isText = false
  for (const part of new Lexer().lex(text)) {
    if (!isText && (part === TEXT_FOLLOWS || part === DOCUMENT_BEGINS || part === BRACKETS_END)) {
      isText = part === TEXT_FOLLOWS
      if (part === BRACKETS_END) brackets = 0
      continue
    }
    if (++parts > MOST_PARTS) return { offset, message: TOO_MUCH }
    if ((isText || /^["']/.test(part)) && part.length > LONGEST_TEXT) return { offset, message: tooLong(part) }
    if (!isText) {
      if (part === '[' || part === '{') brackets++
      else if (part === ']' || part === '}') brackets = Math.max(0, brackets - 1)
      else if (part === '-' || part === '?' || part === ':') signs++
      else if (/^[&*!%]/.test(part) && unquoted++ === 0) firstUnquoted = offset
      if (brackets > DEEPEST || signs > DEEPEST) return { offset, message: TOO_DEEP }
      if (unquoted > MOST_UNQUOTED) return { offset: firstUnquoted, message: TOO_MANY_UNQUOTED }
    }
    if (/^[[\]{},]$/.test(part) || (brackets === 0 && part.includes('\n'))) signs = 0
    isText = false
    offset += part.length
  }
  return undefined
}

export const TOO_DEEP = 'nested too deeply: is a bracket left open?'

const tooLong = ({ length }: string) =>
  `a text of ${length} characters, at most ${LONGEST_TEXT} are read: is a quote left open?`

const TOO_MUCH =
  'the file holds too many entries to be read up to here: move long lists of users to a text file and name it with "usersFile"'

const TOO_MANY_UNQUOTED = `more than ${MOST_UNQUOTED} texts begin with a *, &, ! or %, of which this is the first: write them in quotes`
