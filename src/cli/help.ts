import { type Command, EXIT, say } from './command.ts'

export const createHelp = (helpOf: (words: readonly string[]) => Promise<string>): Command => ({
  about:
    'Shows the help of a command or of its action, such as "curfew help audit show". "curfew COMMAND --help" does too.',
  operands: { name: 'COMMAND', areMany: true },
  options: {},
  exitCodes: '0.',
  async run({ positionals }) {
    say(await helpOf(positionals))
    return EXIT.ok
  },
})
