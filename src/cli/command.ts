import type { ParseArgsConfig } from 'node:util'
import { printableLines } from '../domain/printable.ts'

/** What a command was given on the command line, checked by `parseArgs` against its options. */
export interface Given {
  readonly values: Readonly<Record<string, string | boolean | undefined>>
  readonly positionals: readonly string[]
}

/** One command: a file of its own. */
export interface Command {
  /** Shown by `--help`. */
  readonly help: string
  readonly options: NonNullable<ParseArgsConfig['options']>
  /** Resolves to the exit code. */
  run(given: Given): Promise<number>
}

/** The command was called in a way it does not know: exit 64. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Something an operator can mend: one line, no stack trace, exit 1. */
export class OperatorError extends Error {
  override name = 'OperatorError'
}

export const EXIT = { ok: 0, failed: 1, wouldEnd: 2, usage: 64 } as const

const DEFAULT_CONFIG = 'config/curfew.yaml'

export const CONFIG_OPTION = { config: { type: 'string', short: 'c', default: DEFAULT_CONFIG } } as const

/** A string option that may be missing. */
export const stringOf = (value: string | boolean | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined

/** One of the given words, or a usage error that names them. */
export const oneOf = <Word extends string>(option: string, value: unknown, words: readonly Word[]): Word => {
  const found = words.find((word) => word === value)
  if (found === undefined) throw new UsageError(`--${option} is ${words.join(' or ')}, not "${String(value)}"`)
  return found
}

/** Names come from AWS, and from whoever chose them: none of them speaks to the terminal. */
export const say = (text: string): void => {
  process.stdout.write(`${printableLines(text)}\n`)
}

export const complain = (text: string): void => {
  process.stderr.write(`${printableLines(text)}\n`)
}
