import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parseDocument } from 'yaml'

// Usage: node check-schema.mjs FILE [SCHEMA]. Parses a file of YAML, and checks it against its JSON Schema, as an editor does.
const [, , file = '', schema] = process.argv
const value: unknown = parseDocument(readFileSync(file, 'utf8')).toJS()
if (schema !== undefined) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  const validate = ajv.compile(JSON.parse(readFileSync(schema, 'utf8')) as object)
  if (!validate(value)) throw new Error(JSON.stringify(validate.errors?.slice(0, 3)))
}
