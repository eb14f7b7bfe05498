import { type Document, LineCounter, parseDocument, visit, type YAMLError } from 'yaml'
import { TOO_DEEP } from './yaml-limits.ts'

export interface SyntaxFault {
  readonly offset: number
  readonly message: string
}

/** A text read as YAML. */
export interface ParsedYaml {
  readonly document: Document.Parsed
  /** Both from 1; columns in UTF-16 units. */
  readonly place: (offset: number) => readonly [line: number, column: number]
  readonly faults: readonly SyntaxFault[]
  /** Whether the structure is certain in spite of the faults. */
  readonly legible: boolean
}

const PARSE_OPTIONS = {
  prettyErrors: false,
  version: '1.2',
  schema: 'core',
  resolveKnownTags: false,
  merge: false,
  stringKeys: true,
  // The parser's own search for duplicates is quadratic; `plainValue` finds them.
  uniqueKeys: false,
  // `silent` would silence the error about a second document as well.
  logLevel: 'error',
} as const

type Code = YAMLError['code']

/** Faults that leave the rest of the file legible. After any other the structure is a guess. */
const LOCAL_FAULTS = new Set<Code>([
  'BAD_ALIAS',
  'BAD_DIRECTIVE',
  'BAD_DQ_ESCAPE',
  'BAD_SCALAR_START',
  'MULTIPLE_DOCS',
  'NON_STRING_KEY',
])

const STAR = 'without quotes a * reads as a YAML alias: write the whole text in quotes'
const OPEN_QUOTE = 'this quote is never closed: write its counterpart at the end of the text'

const MESSAGES: Partial<Record<Code, string>> = {
  BAD_ALIAS: STAR,
  BAD_DIRECTIVE: 'a line that begins with % is a YAML directive, and this one is not known: remove it',
  BAD_DQ_ESCAPE: 'in double quotes a backslash begins an escape, and this one does not exist: use single quotes',
  BAD_INDENT:
    'the indentation does not fit the lines around it: align the entry with its neighbours, or close the bracket',
  BAD_SCALAR_START: 'a text cannot begin with this character: write it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a second ": " in one entry: write the text in quotes, or begin a new line',
  MULTIPLE_DOCS: 'a second document begins here, and one file holds one: make it a file of its own',
  NON_STRING_KEY: 'a key must be plain text: write it in quotes',
  RESOURCE_EXHAUSTION: TOO_DEEP,
  TAB_AS_INDENT: 'a tab in the indentation: indent with spaces',
  UNEXPECTED_TOKEN: 'this does not fit here: write the whole text in quotes, or look for what is missing before it',
}

/** Reads a text as YAML 1.2 core, one document, no directive but `%YAML 1.2`. Tags, anchors and aliases are left to `plainValue`. */
export const parseYaml = (text: string): ParsedYaml => {
  const counter = new LineCounter()
  const document = withoutStackTraces(() => parseDocument(text, { ...PARSE_OPTIONS, lineCounter: counter }))
  // In an empty file the counter knows no line at all.
  const place = (offset: number) => {
    const { line, col } = counter.linePos(offset)
    return [Math.max(1, line), Math.max(1, col)] as const
  }
  const errors = [...document.errors, ...document.warnings].filter(({ code }) => code !== 'TAG_RESOLVE_FAILED')
  return {
    document,
    place,
    faults: [...directiveFaults(document, text), ...parserFaults(document, text, errors, (offset) => place(offset)[0])],
    legible: errors.every(({ code }) => LOCAL_FAULTS.has(code)),
  }
}

/** The parser makes an error of every fault, and of a hundred thousand the stack traces alone would take seconds. */
const withoutStackTraces = <Result>(work: () => Result): Result => {
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return work()
  } finally {
    Error.stackTraceLimit = before
  }
}

const directiveFaults = (document: Document.Parsed, text: string): SyntaxFault[] => {
  const [header = ''] = text.split(/^---/m, 1)
  const faults: SyntaxFault[] = []
  const { explicit, version } = document.directives?.yaml ?? {}
  if (explicit && version !== '1.2') {
    const offset = Math.max(0, header.search(/^%YAML/m))
    faults.push({ offset, message: `YAML ${version}: only 1.2 is read here, remove the line` })
  }
  const offset = header.search(/^%TAG\b/m)
  if (offset >= 0) faults.push({ offset, message: 'tags have no meaning here: remove the %TAG line' })
  return faults
}

const parserFaults = (
  document: Document.Parsed,
  text: string,
  errors: readonly YAMLError[],
  lineOf: (offset: number) => number,
): SyntaxFault[] => {
  const quoted = errors.some(({ code }) => code === 'MISSING_CHAR') ? lastQuoted(document) : undefined
  const faults: SyntaxFault[] = []
  let line = 0
  for (const { code, pos, message } of errors) {
    const [offset] = pos
    if (code === 'MISSING_CHAR' && quoted !== undefined && quoted[0] < offset && offset <= quoted[1]) {
      // What follows is inside the quotes.
      return [...faults, { offset: quoted[0], message: OPEN_QUOTE }]
    }
    // Once the structure is lost, what follows on the line is an echo.
    if (lineOf(offset) === line && !LOCAL_FAULTS.has(code)) continue
    line = lineOf(offset)
    const isStar = code === 'UNEXPECTED_TOKEN' && text[offset] === '*'
    const words = MESSAGES[code] ?? `not valid YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`
    faults.push({ offset, message: isStar ? STAR : words })
  }
  return faults
}

/** The stretch of the last quoted text: an unclosed quote runs to the end of the file, so that it can only be this one. */
const lastQuoted = (document: Document.Parsed): readonly [from: number, to: number] | undefined => {
  let last: readonly [number, number] | undefined
  visit(document, {
    Scalar(_key, { type, range }) {
      if ((type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE') && range) last = [range[0], range[2]]
    },
  })
  return last
}
