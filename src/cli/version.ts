import { VERSION } from '../version.ts'
import { type Command, EXIT, oneOf, outputOption, say } from './command.ts'

const OUTPUTS = ['text', 'json'] as const

export const version: Command = {
  about:
    'Prints the version of Curfew, the version of Node that runs it, and the platform. "curfew --version" prints the first alone.',
  options: outputOption(OUTPUTS),
  exitCodes: '0.',
  async run({ values }) {
    const { version: node, platform, arch: architecture } = process
    const facts = { version: VERSION, node: node.slice(1), platform, architecture }
    if (oneOf('output', values.output, OUTPUTS) === 'json') say(JSON.stringify(facts, null, 2))
    else say(`curfew ${VERSION}\nnode ${facts.node} on ${platform} (${architecture})`)
    return EXIT.ok
  },
}
