import type { ParseArgsConfig } from 'node:util'
import { printableLines } from '../domain/printable.ts'

/** A list belongs to an option that may be repeated. */
type OptionValue = string | boolean | undefined | ReadonlyArray<string | boolean>

/** The arguments of a command, checked by `parseArgs` against its options. */
export interface Given {
  readonly values: Readonly<Record<string, OptionValue>>
  readonly positionals: readonly string[]
}

/** One command. Each has a file of its own. */
export interface Command {
  /** Shown by `--help`. */
  readonly help: string
  readonly options: NonNullable<ParseArgsConfig['options']>
  /** Resolves to the exit code. */
  run(given: Given): Promise<number>
}

/** A command of several actions, such as `audit verify`. Each has its own help and options. */
export interface CommandGroup {
  /** Shown by `--help` without an action. */
  readonly help: string
  readonly actions: Readonly<Record<string, () => Promise<Command>>>
}

/** The command was called with wrong arguments: exit code 64. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** An error that an operator can fix. It is printed without a stack trace; exit code 1. */
export class OperatorError extends Error {
  override name = 'OperatorError'
}

export const EXIT = { ok: 0, failed: 1, wouldEnd: 2, usage: 64 } as const

const DEFAULT_CONFIG = 'config/curfew.yaml'

export const CONFIG_OPTION = { config: { type: 'string', short: 'c', default: DEFAULT_CONFIG } } as const

/** The value of a string option, or undefined if it is not given. */
export const stringOf = (value: OptionValue): string | undefined => (typeof value === 'string' ? value : undefined)

/** The values of a string option that may be repeated. */
export const stringsOf = (value: OptionValue): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []

/** The value if it is one of the words. Otherwise throws a usage error that lists the words. */
export const oneOf = <Word extends string>(option: string, value: unknown, words: readonly Word[]): Word => {
  const found = words.find((word) => word === value)
  if (found === undefined) throw new UsageError(`--${option}: expected ${words.join(' or ')}, found "${String(value)}"`)
  return found
}

/**
 * User names come from AWS and may contain anything. Control characters are escaped, so that none reaches the terminal.
 */
export const say = (text: string): void => {
  process.stdout.write(`${printableLines(text)}\n`)
}

export const complain = (text: string): void => {
  process.stderr.write(`${printableLines(text)}\n`)
}
