import { printable } from '../../domain/printable.ts'

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

/** One line, whatever the file holds. */
export const formatProblem = ({ severity, file, line, column, policy, message }: Problem): string => {
  const whose = policy === undefined ? '' : `policy "${policy}": `
  const text = `${severity}: ${whose}${message}`
  const short = text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE)}…` : text
  return printable(`${file}:${line}:${column}: ${short}`)
}

/** Nobody reads the last of them, and each costs time and memory. */
const MOST_PROBLEMS = 1_000

/** Hands on the first thousand errors and the first thousand warnings of a file, and in place of the others one that says so. */
export const limited = (report: (problem: Problem) => void): ((problem: Problem) => void) => {
  const told = { error: 0, warning: 0 }
  return (problem) => {
    const count = ++told[problem.severity]
    if (count <= MOST_PROBLEMS) report(problem)
    const message = `more than ${MOST_PROBLEMS} ${problem.severity}s in this file: the others are not listed`
    if (count === MOST_PROBLEMS + 1) report({ ...problem, message })
  }
}

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
