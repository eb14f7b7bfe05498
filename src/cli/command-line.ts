import { parseArgs } from 'node:util'
import { printable } from '../domain/printable.ts'
import { VERSION } from '../version.ts'
import { type Command, complain, EXIT, OperatorError, say, UsageError } from './command.ts'

/** Each command is loaded only when it is asked for: `validate` need not load the AWS SDK. */
const COMMANDS: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>> = {
  run: {
    summary: 'watch the endpoints and end what the policies condemn',
    load: async () => (await import('./run.ts')).run,
  },
  plan: {
    summary: 'show what would end now, and change nothing',
    load: async () => (await import('./plan.ts')).plan,
  },
  connections: {
    summary: 'who is connected, for how long, and what comes next',
    load: async () => (await import('./connections.ts')).connections,
  },
  explain: {
    summary: 'what every policy makes of a person or a connection, and why',
    load: async () => (await import('./explain.ts')).explainCommand,
  },
  validate: {
    summary: 'check configuration and policies, every problem at once',
    load: async () => (await import('./validate.ts')).validate,
  },
  test: {
    summary: 'run policy tests: who is ended or kept, by what, until when',
    load: async () => (await import('./test.ts')).test,
  },
  audit: {
    summary: 'check that an audit file is whole and unchanged',
    load: async () => (await import('./audit.ts')).audit,
  },
  schema: {
    summary: 'the JSON Schema of configuration and policies, for editors',
    load: async () => (await import('./schema.ts')).schema,
  },
  simulate: {
    summary: 'a local stand-in for EC2 to try policies on',
    load: async () => (await import('./simulate.ts')).simulate,
  },
}

const help = () => `curfew ${VERSION}: session policies for AWS Client VPN

Usage: curfew COMMAND [OPTION...]

Commands:
${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`)
  .join('\n')}

"curfew COMMAND --help" tells more of each. Exit codes: 0 done, 1 failed, 64 wrong usage.`

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
    throw new UsageError(`there is no command "${name}": the commands are ${Object.keys(COMMANDS).join(', ')}`)
  }
  const command = await found.load()
  const { values, positionals } = parse(command, rest)
  if (values.help === true) {
    say(command.help)
    return EXIT.ok
  }
  return command.run({ values: values as Record<string, string | boolean | undefined>, positionals })
}

const parse = (command: Command, args: string[]) => {
  try {
    const options = { ...command.options, help: { type: 'boolean', short: 'h' } } as const
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))
  }
}

/** Runs what the arguments ask for and resolves to the exit code. What an operator can mend is told in one line. */
export const runCommandLine = async (args: readonly string[]): Promise<number> => {
  try {
    return await run(args)
  } catch (error) {
    if (error instanceof UsageError) {
      // It repeats what was typed, which may hold line ends.
      complain(`curfew: ${printable(error.message)} (try "curfew --help")`)
      return EXIT.usage
    }
    if (error instanceof OperatorError) {
      complain(`curfew: ${error.message}`)
      return EXIT.failed
    }
    throw error
  }
}
