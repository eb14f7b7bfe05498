import { type Document, LineCounter, parseDocument, visit, type YAMLError } from 'yaml'
import { TOO_DEEP } from './yaml-limits.ts'

interface SyntaxFault {
  readonly offset: number
  readonly message: string
}

/** A text parsed as YAML. */
interface ParsedYaml {
  readonly document: Document.Parsed
  /** Lines and columns count from 1, columns in UTF-16 units. */
  readonly place: (offset: number) => readonly [line: number, column: number]
  readonly faults: readonly SyntaxFault[]
  /** Whether the structure of the document is certain despite the faults. */
  readonly isStructureKnown: boolean
}

const PARSE_OPTIONS = {
  prettyErrors: false,
  version: '1.2',
  schema: 'core',
  resolveKnownTags: false,
  merge: false,
  stringKeys: true,
  // The parser's own search for duplicate keys takes quadratic time. `plainValue` finds them instead.
  uniqueKeys: false,
  // `silent` would suppress the error about a second document too.
  logLevel: 'error',
} as const

type Code = YAMLError['code']

/** Faults that do not affect the rest of the file. After any other fault the structure of the file is a guess. */
const LOCAL_FAULTS = new Set<Code>([
  'BAD_ALIAS',
  'BAD_DIRECTIVE',
  'BAD_DQ_ESCAPE',
  'BAD_SCALAR_START',
  'MULTIPLE_DOCS',
  'NON_STRING_KEY',
])

const STAR = 'without quotes, * begins a YAML alias: write the whole text in quotes'
const OPEN_QUOTE = 'this quote is never closed: add the closing quote at the end of the text'

const MESSAGES: Partial<Record<Code, string>> = {
  BAD_ALIAS: STAR,
  BAD_DIRECTIVE: 'a line that begins with % is a YAML directive, and this one is unknown: remove it',
  BAD_DQ_ESCAPE: 'in double quotes a backslash begins an escape, and this escape does not exist: use single quotes',
  BAD_INDENT:
    'the indentation does not match the lines around it: align the entry with its neighbours, or close the bracket',
  BAD_SCALAR_START: 'a text cannot begin with this character: write it in quotes',
  BLOCK_IN_FLOW: 'inside of brackets ": " and "- " begin another entry: write the whole text in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'this entry has a second ": ": write the text in quotes, or begin a new line',
  MULTILINE_IMPLICIT_KEY: 'this key goes on into the next line: write a colon and a blank after the key',
  MULTIPLE_DOCS: 'a second document begins here, but a file can hold only one: move it to a file of its own',
  NON_STRING_KEY: 'a key must be plain text: write it in quotes',
  RESOURCE_EXHAUSTION: TOO_DEEP,
  TAB_AS_INDENT: 'the indentation contains a tab: indent with spaces',
  UNEXPECTED_TOKEN: 'this is unexpected here: write the whole text in quotes, or add what is missing before it',
}

/** What the parser says with one code about faults that are corrected in different ways. Any other text is shown as it is. */
const MISSING: Readonly<Record<string, string>> = {
  'Implicit map keys need to be followed by map values':
    'this key has no value: write a colon and a blank after the key',
  'Sequence item without - indicator':
    'this line is less indented than the entry above and begins no other one: align it with the key above, or write "- "',
}

/**
 * Parses a text as one YAML 1.2 document in the core schema, without directives except `%YAML 1.2`. `plainValue`
 * reports tags, anchors and aliases.
 */
export const parseYaml = (text: string): ParsedYaml => {
  const counter = new LineCounter()
  const document = withoutStackTraces(() => parseDocument(text, { ...PARSE_OPTIONS, lineCounter: counter }))
  // For an empty file the counter has no lines and returns 0.
  const place = (offset: number) => {
    const { line, col } = counter.linePos(offset)
    return [Math.max(1, line), Math.max(1, col)] as const
  }
  const errors = [...document.errors, ...document.warnings].filter(({ code }) => code !== 'TAG_RESOLVE_FAILED')
  return {
    document,
    place,
    faults: [...directiveFaults(document, text), ...parserFaults(document, text, errors, (offset) => place(offset)[0])],
    isStructureKnown: errors.every(({ code }) => LOCAL_FAULTS.has(code)),
  }
}

/**
 * The parser creates an Error for every fault. The stack traces of a hundred thousand of them alone would take seconds.
 */
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
    faults.push({ offset, message: `the file declares YAML ${version}, expected 1.2: remove the line` })
  }
  const offset = header.search(/^%TAG\b/m)
  if (offset >= 0) faults.push({ offset, message: 'tags are not supported here: remove the %TAG line' })
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
      // All further faults are inside of the unclosed quotes.
      return [...faults, { offset: quoted[0], message: OPEN_QUOTE }]
    }
    // Once the structure is unknown, further faults on the same line are consequences of the first.
    if (lineOf(offset) === line && !LOCAL_FAULTS.has(code)) continue
    line = lineOf(offset)
    const isStar = code === 'UNEXPECTED_TOKEN' && text[offset] === '*'
    const faultText =
      MESSAGES[code] ?? MISSING[message] ?? `not valid YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`
    faults.push({ offset, message: isStar ? STAR : faultText })
  }
  return faults
}

/** The range of the last quoted text. An unclosed quote runs to the end of the file, so it can only be the last one. */
const lastQuoted = (document: Document.Parsed): readonly [from: number, to: number] | undefined => {
  let last: readonly [number, number] | undefined
  visit(document, {
    Scalar(_key, { type, range }) {
      if ((type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE') && range) last = [range[0], range[2]]
    },
  })
  return last
}
