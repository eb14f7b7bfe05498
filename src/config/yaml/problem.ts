import { printable } from '../../domain/printable.ts'

/**
 * A mistake that an operator must fix; with severity `warning` something that an operator should check, with `note`
 * something that an operator should know, and may well mean. Lines and columns count from 1, columns in UTF-16 units.
 */
export interface Problem {
  readonly severity: 'error' | 'warning' | 'note'
  readonly file: string
  readonly line: number
  readonly column: number
  readonly policy?: string
  readonly message: string
}

/** In characters. A message may quote a whole line of a file. */
const MAX_MESSAGE_LENGTH = 600

/** One printable line, whatever the message quotes. */
export const formatProblem = ({ severity, file, line, column, policy, message }: Problem): string => {
  const subject = policy === undefined ? '' : `policy "${policy}": `
  const text = `${severity}: ${subject}${message}`
  const short = text.length > MAX_MESSAGE_LENGTH ? `${text.slice(0, MAX_MESSAGE_LENGTH)}…` : text
  return printable(`${file}:${line}:${column}: ${short}`)
}

/** Per severity and file. Each problem costs time and memory, and operators do not read thousands. */
const MAX_PROBLEMS = 1_000

/**
 * Passes on the first thousand problems of each severity of a file. One more problem says that the rest is
 * not listed.
 */
export const limited = (report: (problem: Problem) => void): ((problem: Problem) => void) => {
  const counts = { error: 0, warning: 0, note: 0 }
  return (problem) => {
    const count = ++counts[problem.severity]
    if (count <= MAX_PROBLEMS) report(problem)
    const message = `more than ${MAX_PROBLEMS} ${problem.severity}s in this file: the rest is not listed`
    if (count === MAX_PROBLEMS + 1) report({ ...problem, message })
  }
}

/** One line per problem. A list longer than `limit` ends with the number of the remaining problems. */
export const formatProblems = (problems: readonly Problem[], limit = 200): string[] => {
  const lines = problems.slice(0, limit).map(formatProblem)
  const more = problems.length - lines.length
  return more > 0 ? [...lines, `and ${more} more`] : lines
}

/** Sorted by file, then by place. Equal problems at one place become one. */
export const sortProblems = (problems: readonly Problem[]): Problem[] => {
  const distinct = new Map(problems.map((problem) => [formatProblem(problem), problem]))
  return [...distinct.values()].sort(
    (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.message, b.message),
  )
}

export const hasErrors = (problems: readonly Problem[]): boolean =>
  problems.some(({ severity }) => severity === 'error')

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
