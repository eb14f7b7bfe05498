import { curfewJsonSchema, policiesJsonSchema, testJsonSchema } from '../config/schema/json-schema.ts'
import { type Command, EXIT, say, UsageError } from './command.ts'

const SCHEMAS = { config: curfewJsonSchema, policies: policiesJsonSchema, test: testJsonSchema } as const

const help = `Usage: curfew schema ${Object.keys(SCHEMAS).join('|')}

Prints the JSON Schema of the daemon's file, of policy files or of policy tests. Editors use it to
complete and check these files. The folder config/schema/ contains the same schemas.

Exit code: 0.`

export const schema: Command = {
  help,
  options: {},
  async run({ positionals: [name, ...rest] }) {
    const make = Object.entries(SCHEMAS).find(([known]) => known === name)?.[1]
    if (make === undefined || rest.length > 0) {
      throw new UsageError(`schema: expected one of ${Object.keys(SCHEMAS).join(', ')}`)
    }
    say(JSON.stringify(make(), null, 2))
    return EXIT.ok
  },
}
