import { parseArgs } from 'node:util'
import { nearest, suggestion } from '../config/yaml/nearest.ts'
import { type Command, type Given, type Option, UsageError } from './command.ts'

/** Every command has it. */
export const HELP_OPTION = { help: { short: 'h', summary: 'show this help' } } as const

/** Words as a sentence lists them: `table, json or csv`. */
export const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`

const expectWord = (place: string, word: string, words: readonly string[] | undefined) => {
  if (words === undefined || words.includes(word)) return
  throw new UsageError(`${place}expected ${listed(words)}, found "${word}"${suggestion(word, words)}`)
}

/** An argument as it was written, without the value. */
const writtenOption = (argument: string) => argument.replace(/=.*$/s, '')

/** The beginnings of ids, and the options that take them. */
const IDS = [
  ['cvpn-endpoint-', 'endpoint'],
  ['cvpn-connection-', 'connection'],
] as const

/** The option without which a word of its own was probably written. */
const optionOf = (word: string, options: Command['options'], given: ReadonlySet<string>): string | undefined => {
  const ofWords = Object.keys(options).find((name) => options[name]?.words?.includes(word))
  const ofId = IDS.find(([begin]) => word.startsWith(begin))?.[1]
  const name = ofWords ?? ofId ?? 'user'
  return Object.hasOwn(options, name) && !given.has(name) ? name : undefined
}

const unknownOption = (written: string, options: Readonly<Record<string, Option>>) => {
  const bare = written.replace(/^-+/, '')
  const near = Object.hasOwn(options, bare) ? bare : nearest(bare, Object.keys(options))
  return new UsageError(`unknown option "${written}"${near === undefined ? '' : `; did you mean "--${near}"?`}`)
}

/**
 * Reads the arguments of a command. Node only splits them: it accepts everything, so that each message about a wrong one
 * is written here. `help`: whether the help is asked for.
 */
export const readArguments = (command: Command, given: readonly string[]): Given & { readonly help: boolean } => {
  const options: Readonly<Record<string, Option>> = { ...command.options, ...HELP_OPTION }
  const args = [...given]
  const { tokens } = parseArgs({
    args,
    options: Object.fromEntries(
      Object.entries(options).map(([name, { value, short }]) => [
        name,
        { type: value === undefined ? 'boolean' : 'string', ...(short !== undefined && { short }) } as const,
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })

  const strings = new Map<string, readonly string[]>()
  const flags = new Set<string>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const { name, value, inlineValue } = token
    const written = writtenOption(args[token.index] ?? '')
    const option = Object.hasOwn(options, name) ? options[name] : undefined
    // `-config FILE`, as other programs have it, is the option -c with the value "onfig" to Node.
    const isLongWithOneDash = /^-[^-]/.test(written) && Object.hasOwn(options, written.slice(1)) && written.length > 2
    if (option?.value === undefined && /^-[^-]=/.test(args[token.index] ?? '')) {
      const isFlag = Object.values(options).some(({ short }) => short === written[1])
      throw isFlag ? new UsageError(`${written} takes no value`) : unknownOption(written, options)
    }
    if (option === undefined || isLongWithOneDash) throw unknownOption(written, options)
    if (option.value === undefined) {
      if (value !== undefined) throw new UsageError(`--${name} takes no value, found "${value}"`)
      flags.add(name)
      continue
    }
    const placeholder = option.words === undefined ? option.value : listed(option.words)
    if (value === undefined) throw new UsageError(`--${name} needs a value: ${placeholder}`)
    if (value === '') throw new UsageError(`--${name} needs a value, found an empty one: ${placeholder}`)
    if (value.startsWith('=') && /^-[^-]=/.test(args[token.index] ?? '')) {
      throw new UsageError(
        `${written} takes its value without "=": ${written} ${placeholder} or --${name}=${placeholder}`,
      )
    }
    if (!inlineValue && /^-./.test(value)) {
      throw new UsageError(
        `--${name} needs a value, found the option "${value}"; a value that begins with "-" is written --${name}=${value}`,
      )
    }
    expectWord(`--${name}: `, value, option.words)
    const before = strings.get(name) ?? []
    if (before.length > 0 && option.multiple !== true) throw new UsageError(`--${name} is given twice`)
    strings.set(name, [...before, value])
  }

  const isHelp = flags.has('help')
  checkOperands(command, positionals, new Set(strings.keys()), isHelp)
  const values: Record<string, Given['values'][string]> = {}
  for (const [name, option] of Object.entries(command.options)) {
    const own = strings.get(name)
    if (option.value === undefined) values[name] = flags.has(name)
    else values[name] = option.multiple === true ? (own ?? []) : (own?.[0] ?? option.default)
  }
  return { values, positionals, help: isHelp }
}

const checkOperands = (
  { operands, options }: Command,
  positionals: readonly string[],
  given: ReadonlySet<string>,
  isHelp: boolean,
) => {
  const most = operands === undefined ? 0 : operands.areMany === true ? Number.POSITIVE_INFINITY : 1
  for (const one of positionals.slice(0, most)) expectWord('', one, operands?.words)
  const unexpected = positionals[most]
  if (operands !== undefined && operands.words === undefined && positionals.slice(0, most).includes('')) {
    throw new UsageError(`expected ${operands.name}, found an empty argument`)
  }
  if (unexpected !== undefined) {
    const option = operands === undefined ? optionOf(unexpected, options, given) : undefined
    const hint = option === undefined ? '' : `; did you mean "--${option} ${unexpected}"?`
    throw new UsageError(`unexpected argument "${unexpected}"${hint}`)
  }
  if (operands?.isRequired === true && positionals.length === 0 && !isHelp) {
    throw new UsageError(`expected ${operands.words === undefined ? operands.name : listed(operands.words)}`)
  }
}
