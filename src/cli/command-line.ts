import { faultText } from '../app/fault.ts'
import { suggestion } from '../config/yaml/nearest.ts'
import { printable } from '../domain/printable.ts'
import { VERSION } from '../version.ts'
import { listed, readArguments } from './arguments.ts'
import {
  type Command,
  type CommandGroup,
  type Commands,
  complain,
  EXIT,
  OperatorError,
  say,
  UsageError,
} from './command.ts'
import { commandRows, helpText } from './help-text.ts'

export const COMMANDS: Commands = {
  init: {
    summary: 'write a first configuration, a policy and its test into a folder',
    load: async () => (await import('./init.ts')).init,
  },
  run: {
    summary: 'watch the endpoints and end connections that violate a policy',
    load: async () => (await import('./run.ts')).run,
  },
  plan: {
    summary: 'show which connections would end now, and change nothing',
    load: async () => (await import('./plan.ts')).plan,
  },
  connections: {
    summary: 'list the active connections with their age and next deadline',
    load: async () => (await import('./connections.ts')).connections,
  },
  explain: {
    summary: 'show the verdict of every policy on a user or a connection, and why',
    load: async () => (await import('./explain.ts')).explainCommand,
  },
  backtest: {
    summary: 'show which recorded sessions the policies would have ended, and change nothing',
    load: async () => (await import('./backtest.ts')).backtest,
  },
  validate: {
    summary: 'check the configuration and the policies, and report all problems',
    load: async () => (await import('./validate.ts')).validate,
  },
  doctor: {
    summary: 'check what often goes wrong on the first day, and say what to do',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  test: {
    summary: 'run policy tests: which connections end, under which policy, until when',
    load: async () => (await import('./test.ts')).test,
  },
  'connect-handler': {
    summary: "put the same policies into AWS's client connect handler",
    load: async () => (await import('./connect-handler.ts')).connectHandler,
  },
  audit: {
    summary: 'show what an audit trail holds, and check that it is complete and unchanged',
    load: async () => (await import('./audit.ts')).audit,
  },
  engine: {
    summary: 'care for the database that replicas share',
    load: async () => (await import('./engine.ts')).engine,
  },
  history: {
    summary: 'list the sessions that the daemon has seen, and who ended them',
    load: async () => (await import('./history.ts')).history,
  },
  pseudonym: {
    summary: 'print the pseudonym that a name has in the log',
    load: async () => (await import('./pseudonym.ts')).pseudonym,
  },
  schema: {
    summary: 'print a JSON Schema of the configuration, the policies or the tests',
    load: async () => (await import('./schema.ts')).schema,
  },
  simulate: {
    summary: 'run a local stand-in for EC2 and STS, to try policies on',
    load: async () => (await import('./simulate.ts')).simulate,
  },
  completion: {
    summary: 'print a script with which bash, zsh or fish completes the arguments',
    load: async () => (await import('./completion.ts')).createCompletion(COMMANDS),
  },
  version: {
    summary: 'print the version of Curfew and of Node',
    load: async () => (await import('./version.ts')).version,
  },
  help: {
    summary: 'show the help of a command',
    load: async () => (await import('./help.ts')).createHelp(helpOf),
  },
}

export const EXIT_CODES = '0 success, 1 failure, 2 would end a connection (plan --detailed-exitcode), 64 wrong usage.'

const rootHelp = () => `curfew ${VERSION}: session policies for AWS Client VPN

Usage: curfew COMMAND [OPTION...]

Commands:
${commandRows(COMMANDS)}

Run "curfew COMMAND --help" for the options of a command.
Exit codes: ${EXIT_CODES}`

/** The last command that the words name, one after the other, and the words behind it. */
const find = async (words: readonly string[]) => {
  let found: Command | CommandGroup = { actions: COMMANDS }
  let depth = 0
  for (const word of words) {
    if ('run' in found || !Object.hasOwn(found.actions, word)) break
    const entry: Commands[string] | undefined = found.actions[word]
    if (entry === undefined) break
    found = await entry.load()
    depth++
  }
  return { found, name: ['curfew', ...words.slice(0, depth)].join(' '), rest: words.slice(depth) }
}

const isHelp = (word: string | undefined) => word === '--help' || word === '-h'

/** The help of a command, or of an action of it. */
const helpOf = async (words: readonly string[]): Promise<string> => {
  if (words.length === 0) return rootHelp()
  const { found, name, rest } = await find(words)
  const [unknown] = rest
  if (unknown === undefined) return helpText(name, found)
  const { message } =
    'run' in found ? new UsageError(`"${name}" has no action "${unknown}"`) : wrongWord(found, unknown)
  throw new UsageError(message, name.replace(/^curfew/, 'curfew help'))
}

/** The error where a word names no command. */
const wrongWord = ({ actions }: CommandGroup, word: string) => {
  const what = actions === COMMANDS ? 'command' : 'action'
  if (word.startsWith('-'))
    return new UsageError(
      `expected ${what === 'command' ? 'a' : 'an'} ${what}, found the option "${word}": options stand behind it`,
    )
  const names = Object.keys(actions)
  return new UsageError(`unknown ${what} "${word}"${suggestion(word, names) || `: expected ${listed(names)}`}`)
}

const runFound = async (name: string, found: Command | CommandGroup, rest: readonly string[]): Promise<number> => {
  if ('run' in found) {
    const { help, ...given } = readArguments(found, rest)
    if (!help) return found.run(given)
    say(helpText(name, found))
    return EXIT.ok
  }
  const [word] = rest
  if (isHelp(word)) {
    say(found.actions === COMMANDS ? rootHelp() : helpText(name, found))
    return EXIT.ok
  }
  if (word !== undefined) throw wrongWord(found, word)
  if (found.actions !== COMMANDS) throw new UsageError(`expected ${listed(Object.keys(found.actions))}`)
  complain(rootHelp())
  return EXIT.usage
}

/**
 * Runs the command that the arguments name and resolves to the exit code. Errors are printed in one line.
 */
export const runCommandLine = async (args: readonly string[]): Promise<number> => {
  if (args[0] === '--version' || args[0] === '-V') {
    say(VERSION)
    return EXIT.ok
  }
  const { found, name, rest } = await find(args)
  try {
    return await runFound(name, found, rest)
  } catch (error) {
    if (error instanceof UsageError) {
      // The message repeats the arguments, which may contain line breaks.
      complain(`${name}: ${printable(error.message)} (try "${error.helpfulCommand ?? `${name} --help`}")`)
      return EXIT.usage
    }
    if (error instanceof OperatorError) {
      complain(`curfew: ${error.message}`)
      return EXIT.failed
    }
    complain(`curfew: ${faultText(error)}`)
    return EXIT.failed
  }
}
