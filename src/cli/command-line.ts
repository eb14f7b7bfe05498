import { parseArgs } from 'node:util'
import { printable } from '../domain/printable.ts'
import { VERSION } from '../version.ts'
import {
  type Command,
  type CommandGroup,
  complain,
  EXIT,
  type Given,
  OperatorError,
  say,
  UsageError,
} from './command.ts'
import { faultText } from './fault.ts'

/** A command's module is loaded when the command is called, so that `validate` does not load the AWS SDK. */
const COMMANDS: Readonly<
  Record<string, { readonly summary: string; readonly load: () => Promise<Command | CommandGroup> }>
> = {
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
  validate: {
    summary: 'check the configuration and the policies, and report all problems',
    load: async () => (await import('./validate.ts')).validate,
  },
  test: {
    summary: 'run policy tests: which connections end, under which policy, until when',
    load: async () => (await import('./test.ts')).test,
  },
  audit: {
    summary: 'show what an audit trail holds, and check that it is complete and unchanged',
    load: async () => (await import('./audit.ts')).audit,
  },
  schema: {
    summary: 'print a JSON Schema of the configuration, the policies or the tests',
    load: async () => (await import('./schema.ts')).schema,
  },
  simulate: {
    summary: 'run a local stand-in for EC2 and STS, to try policies on',
    load: async () => (await import('./simulate.ts')).simulate,
  },
}

const help = () => `curfew ${VERSION}: session policies for AWS Client VPN

Usage: curfew COMMAND [OPTION...]

Commands:
${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`)
  .join('\n')}

Run "curfew COMMAND --help" for the options of a command.
Exit codes: 0 success, 1 failure, 64 wrong usage.`

const run = async ([name, ...rest]: readonly string[]): Promise<number> => {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    ;(name === undefined ? complain : say)(help())
    return name === undefined ? EXIT.usage : EXIT.ok
  }
  if (name === '--version' || name === '-V') {
    say(VERSION)
    return EXIT.ok
  }
  const found = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (found === undefined) {
    throw new UsageError(`unknown command "${name}": expected ${Object.keys(COMMANDS).join(', ')}`)
  }
  const loaded = await found.load()
  return 'actions' in loaded ? runAction(name, loaded, rest) : runOne(loaded, rest)
}

const runAction = async (name: string, { help, actions }: CommandGroup, [action, ...rest]: readonly string[]) => {
  if (action === '--help' || action === '-h') {
    say(help)
    return EXIT.ok
  }
  const load = action !== undefined && Object.hasOwn(actions, action) ? actions[action] : undefined
  if (load === undefined) {
    throw new UsageError(`${name}: expected ${Object.keys(actions).join(' or ')}, found "${action ?? ''}"`)
  }
  return runOne(await load(), rest)
}

const runOne = async (command: Command, args: readonly string[]): Promise<number> => {
  const { values, positionals } = parse(command, args)
  if (values.help === true) {
    say(command.help)
    return EXIT.ok
  }
  return command.run({ values: values as Given['values'], positionals })
}

const parse = (command: Command, given: readonly string[]) => {
  const args = [...given]
  try {
    const options = { ...command.options, help: { type: 'boolean', short: 'h' } } as const
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))
  }
}

/**
 * Runs the command that the arguments name and resolves to the exit code. Errors are printed in one line.
 */
export const runCommandLine = async (args: readonly string[]): Promise<number> => {
  try {
    return await run(args)
  } catch (error) {
    if (error instanceof UsageError) {
      // The message repeats the arguments, which may contain line breaks.
      complain(`curfew: ${printable(error.message)} (try "curfew --help")`)
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
