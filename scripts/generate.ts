import { mkdirSync, writeFileSync } from 'node:fs'
import { curfewJsonSchema, policiesJsonSchema, testJsonSchema } from '../src/config/json-schema.ts'

// Run after every change of a schema: node --import tsx scripts/generate-schema.ts. A test says when it is due.
const folder = new URL('../config/schema/', import.meta.url)
mkdirSync(folder, { recursive: true })
const schemas = { curfew: curfewJsonSchema(), policies: policiesJsonSchema(), test: testJsonSchema() }
for (const [name, schema] of Object.entries(schemas)) {
  writeFileSync(new URL(`${name}.schema.json`, folder), `${JSON.stringify(schema, null, 2)}\n`)
}
