/** Something an operator has to mend, or with severity `warning` ought to look at. Line and column count from 1, columns in UTF-16 units. */
export interface Problem {
  readonly severity: 'error' | 'warning'
  readonly file: string
  readonly line: number
  readonly column: number
  readonly policy?: string
  readonly message: string
}

/** A message may quote a whole line of a file. */
const LONGEST_MESSAGE = 600

/** One line, whatever the file holds: control characters are shown as escapes. */
export const formatProblem = ({ severity, file, line, column, policy, message }: Problem): string => {
  const whose = policy === undefined ? '' : `policy "${policy}": `
  const text = `${severity}: ${whose}${message}`
  const short = text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE)}…` : text
  return `${file}:${line}:${column}: ${short}`.replace(UNPRINTABLE, (found) =>
    JSON.stringify(found).slice(1, -1).replace(UNPRINTABLE, hex),
  )
}

const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/gu

const hex = (found: string) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`

/** One line a problem; of a long list the first `limit`, and how many more there are. */
export const formatProblems = (problems: readonly Problem[], limit = 200): string[] => {
  const lines = problems.slice(0, limit).map(formatProblem)
  const more = problems.length - lines.length
  return more > 0 ? [...lines, `and ${more} more`] : lines
}

/** By file, then by place; what was found twice at one place is said once. */
export const sortProblems = (problems: readonly Problem[]): Problem[] => {
  const distinct = new Map(problems.map((problem) => [formatProblem(problem), problem]))
  return [...distinct.values()].sort(
    (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.message, b.message),
  )
}

export const hasErrors = (problems: readonly Problem[]): boolean =>
  problems.some(({ severity }) => severity === 'error')

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
