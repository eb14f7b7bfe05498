import { isAbsolute, relative } from 'node:path'
import { formatProblems, type Problem } from '../config/yaml/problem.ts'
import { withheld } from '../domain/withheld.ts'
import { complain } from './command.ts'
import { painted } from './paint.ts'

/** Problems as lines for a terminal, with paths relative to the current folder. */
export const problemLines = (problems: readonly Problem[]): readonly string[] =>
  formatProblems(problems.map((problem) => ({ ...problem, file: fromHere(problem.file) })))

/** A problem as JSON gives it. */
export const problemJson = ({ severity, file, line, column, policy, message }: Problem) => ({
  severity,
  file,
  line,
  column,
  policy: policy ?? null,
  message,
})

const PAINTS = { error: 'red', warning: 'magenta' } as const

/** Prints problems to standard error. */
export const complainOf = (problems: readonly Problem[]): void => {
  for (const line of problemLines(problems)) {
    complain(
      line.replace(/: (error|warning): /, (_, severity: keyof typeof PAINTS) => {
        return `: ${painted(PAINTS[severity], `${severity}:`, process.stderr)} `
      }),
    )
  }
}

/** Prints every problem of a loaded file and returns the argument. */
export const configurationOrComplain = <Loaded extends { readonly problems: readonly Problem[] }>(
  loaded: Loaded,
): Loaded => {
  complainOf(loaded.problems)
  return loaded
}

/** A loaded file as a daemon prints its problems: with their places only, where the log is to have no names. */
export const asLogged = <Loaded extends { readonly problems: readonly Problem[]; readonly hidesNames: boolean }>(
  loaded: Loaded,
): Loaded => {
  if (!loaded.hidesNames) return loaded
  const message = withheld('curfew validate')
  return { ...loaded, problems: loaded.problems.map((problem) => ({ ...problem, message })) }
}

const fromHere = (path: string) => {
  const short = isAbsolute(path) ? relative(process.cwd(), path) : path
  return short.startsWith('..') ? path : short
}
