import { safeText } from './paint.ts'

/** A list belongs to an option that may be repeated. */
type OptionValue = string | boolean | undefined | readonly string[]

/** The arguments of a command, checked against what it declares. */
export interface Given {
  readonly values: Readonly<Record<string, OptionValue>>
  readonly positionals: readonly string[]
}

/** An option. The check of the arguments, the help and the completion of the shells derive from it. */
export interface Option {
  readonly summary: string
  /** The placeholder of its value in the help, such as FILE. An option without it takes no value. */
  readonly value?: string
  /** The only values that it takes. */
  readonly words?: readonly string[]
  readonly default?: string
  readonly short?: string
  readonly multiple?: true
}

/** The arguments that stand without an option. */
export interface Operands {
  /** The placeholder in the help, such as FILE. */
  readonly name: string
  readonly words?: readonly string[]
  readonly isRequired?: true
  readonly areMany?: true
}

/** One command. Each has a file of its own. */
export interface Command {
  /** The forms in which it is called, where one line with its operands and "[OPTION...]" does not say enough. */
  readonly usage?: readonly string[]
  /**
   * The paragraphs of the help above the options. They are broken to the width of the output, except for the rows of a
   * list: these begin with two spaces.
   */
  readonly about: string
  readonly operands?: Operands
  readonly options: Readonly<Record<string, Option>>
  /** The paragraphs of the help below the options. */
  readonly notes?: string
  readonly exitCodes: string
  /** Resolves to the exit code. */
  run(given: Given): Promise<number>
}

/** A command of several actions, such as `audit verify`. Each has its own help and options. */
export interface CommandGroup {
  readonly actions: Commands
}

/** Commands by their names. A module is loaded when its command is called, so that `validate` does not load the AWS SDK. */
export type Commands = Readonly<
  Record<string, { readonly summary: string; readonly load: () => Promise<Command | CommandGroup> }>
>

/** The command was called with wrong arguments: exit code 64. The name of the command is added to the message. */
export class UsageError extends Error {
  override name = 'UsageError'
  /** The command that helps, where it is not the help of the command that was called. */
  readonly helpfulCommand: string | undefined

  constructor(message: string, helpfulCommand?: string) {
    super(message)
    this.helpfulCommand = helpfulCommand
  }
}

/** An error that an operator can fix. It is printed without a stack trace; exit code 1. */
export class OperatorError extends Error {
  override name = 'OperatorError'
}

export const EXIT = { ok: 0, failed: 1, wouldEnd: 2, usage: 64 } as const

/** The variable is for packages: their file has a fixed place, from whatever folder a command is called. */
export const DEFAULT_CONFIG = process.env.CURFEW_CONFIG || 'config/curfew.yaml'

export const CONFIG_OPTION = {
  config: { short: 'c', value: 'FILE', default: DEFAULT_CONFIG, summary: "the daemon's file" },
} as const

/** The option `--output` with its words, of which the first is the default. */
export const outputOption = <Word extends string>(words: readonly [Word, ...Word[]]) => ({
  output: { value: 'FORMAT', words, default: words[0], summary: 'how the result is printed' },
})

/** The value of a string option, or undefined if it is not given. */
export const stringOf = (value: OptionValue): string | undefined => (typeof value === 'string' ? value : undefined)

/** The values of a string option that may be repeated. */
export const stringsOf = (value: OptionValue): readonly string[] => (Array.isArray(value) ? value : [])

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
  process.stdout.write(`${safeText(text, process.stdout)}\n`)
}

export const complain = (text: string): void => {
  process.stderr.write(`${safeText(text, process.stderr)}\n`)
}
