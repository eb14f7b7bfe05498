import { curfewJsonSchema, policiesJsonSchema, testJsonSchema } from '../config/schema/json-schema.ts'
import { type Command, EXIT, oneOf, say } from './command.ts'

const SCHEMAS = { config: curfewJsonSchema, policies: policiesJsonSchema, test: testJsonSchema } as const
const NAMES = ['config', 'policies', 'test'] as const

export const schema: Command = {
  about: `Prints the JSON Schema of the daemon's file, of policy files or of policy tests. Editors use it to complete and
check these files. The folder config/schema/ contains the same schemas.`,
  operands: { name: 'SCHEMA', words: NAMES, isRequired: true },
  options: {},
  exitCodes: '0.',
  async run({ positionals: [name] }) {
    say(JSON.stringify(SCHEMAS[oneOf('schema', name, NAMES)](), null, 2))
    return EXIT.ok
  },
}
